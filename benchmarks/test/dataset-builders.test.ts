/** The builders of the datasets are Python; so are their tests. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const hasPython = spawnSync("python3", ["--version"]).status === 0;

test.skipIf(!hasPython)("the parser of apt's lists passes its own tests", () => {
  const folder = fileURLToPath(new URL("../../tools/datasets/test", import.meta.url));
  const { status, stderr } = spawnSync("python3", ["-B", "-m", "unittest", "discover", "-s", folder], {
    encoding: "utf8",
  });
  expect(stderr).toMatch(/Ran [1-9]\d* tests/);
  expect(status, stderr).toBe(0);
});
