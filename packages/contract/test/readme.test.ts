import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CODEC_LAWS, CONTAINER_LAWS, INDEX_LAWS, POINT_LAWS, STORE_LAWS } from "../src/index.ts";

test("the README lists every law as it stands in the code, and no other", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const rows = readme.match(/^\| `[a-z]+\.[a-z]+` .*\|$/gm)?.map((row) => row.replace(/ +\|/g, " |"));
  const laws = Object.entries({
    ...CODEC_LAWS,
    ...INDEX_LAWS,
    ...CONTAINER_LAWS,
    ...POINT_LAWS,
    ...STORE_LAWS,
  });
  expect(rows).toEqual(laws.map(([id, statement]) => `| \`${id}\` | ${statement.replaceAll("|", "\\|")} |`));
});
