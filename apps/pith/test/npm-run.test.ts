/** `npm run -s pith -- ARGS` from the root of a clone: relative paths are those of the folder it was called from. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parsePith } from "@pith/codec-core";
import { expect, test } from "vitest";
import { npy, put, tiny } from "./inputs.ts";
import { folder, outcome, run } from "./pith.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

test("npm run pith, called from another folder", { timeout: 600_000 }, async () => {
  const cwd = folder();
  put(cwd, { "in.npy": npy(tiny) });
  const args = [
    "--prefix",
    ROOT,
    "run",
    "-s",
    "pith",
    "--",
    "compress",
    "in.npy",
    "-o",
    "out.pith",
    "--json",
  ];
  const ended = await outcome(run(npm, args, { cwd }));
  expect(ended.status).toBe(0);
  expect(JSON.parse(ended.stdout)).toMatchObject({ file: "out.pith", count: 4 });
  expect(parsePith(readFileSync(join(cwd, "out.pith"))).count).toBe(4);
});

test("npm run pith hands the exit code on", { timeout: 600_000 }, async () => {
  const cwd = folder();
  const args = ["--prefix", ROOT, "run", "-s", "pith", "--", "inspect", "nothing.pith"];
  const ended = await outcome(run(npm, args, { cwd }));
  expect(ended).toMatchObject({ status: 2, stdout: "" });
  expect(ended.stderr).toContain('pith: can\'t read "nothing.pith"');
});
