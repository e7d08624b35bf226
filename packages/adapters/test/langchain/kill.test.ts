/** A process that writes to a store, killed at random moments; `tools/faults/kill-store.mjs` does it at length. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const TOOL = fileURLToPath(new URL("../../../../tools/faults/kill-store.mjs", import.meta.url));

test.skipIf(process.platform === "win32")(
  "kill -9 of add, delete and compact loses no acknowledged document, doubles none, and leaves what opens (seed 3)",
  () => {
    const args = [TOOL, "--points", "8", "--lives", "2", "--seed", "3"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(status, `${stdout}${stderr}`).toBe(0);
    expect(stdout).toMatch(/opened every time; 0 faults$/m);
  },
  120_000,
);
