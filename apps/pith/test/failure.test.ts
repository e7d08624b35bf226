/** What the machine refuses: exit code 1, one line, the old file as it was, no partial file. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { npy, put, randomVectors, tiny } from "./inputs.ts";
import { expectFailure, expectOneLine, folder, MAIN, outcome, pith, run, snapshot, text } from "./pith.ts";

/** Root may write anywhere, so permissions are tested as the user nobody, where one may become that. */
const root = process.getuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };
const asAnother =
  process.platform === "win32" ||
  (root && spawnSync(process.execPath, [MAIN, "--version"], { ...NOBODY, cwd: "/" }).status !== 0);

describe("no permission", () => {
  for (const [what, mode, args] of [
    ["to write into the folder", { closed: 0o555 }, ["compress", "in.npy", "-o", "closed/out.pith"]],
    ["to write the old file", { "out.pith": 0o444, ".": 0o777 }, ["compress", "in.npy", "-o", "out.pith"]],
    ["to write the old .npy", { "out.npy": 0o444, ".": 0o777 }, ["decompress", "a.pith", "-o", "out.npy"]],
    ["to read the input", { "in.npy": 0o000, ".": 0o777 }, ["compress", "in.npy", "-o", "new.pith"]],
  ] as const)
    test.skipIf(asAnother)(what, async () => {
      const cwd = folder();
      mkdirSync(join(cwd, "closed"));
      put(cwd, { "in.npy": npy(tiny), "closed/out.pith": "old", "out.pith": "old", "out.npy": "old" });
      await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
      chmodSync(cwd, 0o755);
      for (const [file, bits] of Object.entries(mode)) chmodSync(join(cwd, file), bits);
      const before = root ? snapshot(cwd) : undefined;
      const failed = await pith(args, { cwd, ...(root ? NOBODY : {}) });
      for (const file of Object.keys(mode)) chmodSync(join(cwd, file), 0o755);
      expect(failed).toMatchObject({ status: 1, stdout: "" });
      expectOneLine(failed.stderr, "IO", /can't (read|write) "[^"]+": permission denied/);
      if (before) expect(snapshot(cwd)).toEqual(before);
      for (const file of ["closed/out.pith", "out.pith", "out.npy"])
        expect(readFileSync(join(cwd, file), "utf8")).toBe("old");
    });

  test("a folder that isn't there", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    await expectFailure(
      cwd,
      ["compress", "in.npy", "-o", "nowhere/out.pith"],
      1,
      "IO",
      /can't write "nowhere\/out\.pith"/,
    );
  });

  test.skipIf(process.platform !== "linux")("a file system that takes no files", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(tiny) });
    await expectFailure(
      cwd,
      ["compress", "in.npy", "-o", "/proc/out.pith"],
      1,
      "IO",
      /can't write "\/proc\/out\.pith"/,
    );
  });
});

describe.skipIf(process.platform === "win32")("no room", () => {
  for (const [what, args, target] of [
    ["for codes", ["compress", "in.npy", "-o", "out.pith"], "out.pith"],
    ["for codes and originals", ["compress", "in.npy", "-o", "out.pith", "--keep", "f32"], "out.pith"],
    ["for decoded vectors", ["decompress", "a.pith", "-o", "out.npy"], "out.npy"],
  ] as const)
    test(what, async () => {
      const cwd = folder();
      put(cwd, { "in.npy": npy(randomVectors(9000, 32, 1)), "out.pith": "old", "out.npy": "old" });
      await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
      const before = snapshot(cwd);
      // In units of 1,024 bytes: the codes alone are 324,000 bytes.
      const limited = ["-c", 'ulimit -f 100; exec "$@"', "bash", process.execPath, MAIN, ...args];
      const failed = await outcome(run("bash", limited, { cwd }));
      expect(failed).toMatchObject({ status: 1, signal: null, stdout: "" });
      expectOneLine(
        failed.stderr,
        "IO",
        /can't write "out\.\w+": the file would be larger than the system allows/,
      );
      expect(snapshot(cwd)).toEqual(before);
      expect(readFileSync(join(cwd, target), "utf8")).toBe("old");
    });
});

test("a backend that is asked for by a wrong name", async () => {
  const cwd = folder();
  put(cwd, { "in.npy": npy(tiny) });
  const failed = await pith(["compress", "in.npy", "-o", "out.pith"], { cwd, env: { PITH_BACKEND: "gpu" } });
  expect(failed).toMatchObject({ status: 1, stdout: "" });
  expectOneLine(failed.stderr, "BACKEND_UNAVAILABLE", /PITH_BACKEND: expected native or portable, got gpu/);
});
