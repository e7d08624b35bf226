/** Interrupted in the middle: Ctrl-C leaves nothing behind; a kill that no program can catch leaves the old file or the new. */
import { closeSync, openSync, readdirSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { npy, put, rawNpy, tiny } from "./inputs.ts";
import {
  expectOneLine,
  folder,
  interrupted,
  isReading,
  noted,
  pith,
  signalled,
  snapshot,
  start,
  text,
} from "./pith.ts";

const DIM = 64;

/** A .npy of zeros, as a file with holes: any number of rows takes no room. */
function putZeros(cwd: string, name: string, rows: number): void {
  const header = rawNpy("<f4", false, `(${rows}, ${DIM})`, new Uint8Array(0));
  const file = openSync(join(cwd, name), "w");
  writeSync(file, header);
  closeSync(file);
  truncateSync(join(cwd, name), header.length + rows * DIM * 4);
}

const temporary = (cwd: string): string[] => readdirSync(cwd).filter((name) => name.endsWith(".tmp"));

/** What is written to `out`, once it has begun and before it is in place. */
const writing = (cwd: string): boolean => temporary(cwd).length > 0;

describe.skipIf(process.platform === "win32")("Ctrl-C", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    for (const [command, args] of [
      ["compress", ["compress", "in.npy", "-o", "out"]],
      ["decompress", ["decompress", "in.pith", "-o", "out"]],
    ] as const)
      test(`${signal} during ${command}: exit code 130, the old file stays, no partial file`, async () => {
        const cwd = folder();
        const ended = await interrupted(
          async (times) => {
            putZeros(cwd, "in.npy", 500_000 * times);
            if (command === "decompress") await text(["compress", "in.npy", "-o", "in.pith"], { cwd });
            put(cwd, { out: "old" });
            return start(args, { cwd });
          },
          () => writing(cwd),
          signal,
        );
        expect(ended).toMatchObject({ status: 130, signal: null, stdout: "" });
        expectOneLine(
          ended.stderr,
          "ABORTED",
          /^pith: (interrupted; nothing was written|writing "out" was aborted)/,
        );
        expect(temporary(cwd)).toEqual([]);
        expect(readFileSync(join(cwd, "out"), "utf8")).toBe("old");
      });

  test("a second one doesn't wait, and leaves no partial file either", async () => {
    let cwd = "";
    const { status } = await interrupted(
      (times) => {
        cwd = folder();
        putZeros(cwd, "in.npy", 1_000_000 * times);
        return start(["compress", "in.npy", "-o", "out"], { cwd });
      },
      () => writing(cwd),
      "SIGINT",
      "SIGTERM",
    );
    expect(status).toBe(130);
    expect(readdirSync(cwd)).toEqual(["in.npy"]);
  });

  test.skipIf(process.platform !== "linux")("during work that writes nothing: exit code 130", async () => {
    const cwd = folder();
    putZeros(cwd, "in.npy", 500_000);
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    const ended = await interrupted(
      (times) => {
        putZeros(cwd, "q.npy", 200 * times);
        return start(["eval", "in.npy", "a.pith", "--queries", "q.npy"], { cwd });
      },
      (child) => isReading(child, "a.pith"),
      "SIGINT",
    );
    expect(ended).toMatchObject({ status: 130, stdout: "" });
    expectOneLine(ended.stderr, "ABORTED", /^pith: interrupted/);
  });
});

describe.skipIf(process.platform === "win32")("kill -9", () => {
  test("at any moment of compress: the old file or the new one, and the next run goes well", async () => {
    let rows = 200_000;
    while (!(await survivesKills(rows))) rows *= 2;
  });

  /** False where runs were done before they were killed. */
  async function survivesKills(rows: number): Promise<boolean> {
    const cwd = folder();
    putZeros(cwd, "in.npy", rows);
    put(cwd, { "small.npy": npy(tiny) });
    await text(["compress", "small.npy", "-o", "out.pith"], { cwd });
    const old = readFileSync(join(cwd, "out.pith"));
    await text(["compress", "in.npy", "-o", "new.pith"], { cwd });
    const fresh = readFileSync(join(cwd, "new.pith"));
    const shares = [1, 0, 0.01, 0.9, 0.6, 0.3];
    let [killed, held] = [0, false];
    for (const share of shares) {
      put(cwd, { "out.pith": old });
      const before = readdirSync(cwd);
      const child = start(["compress", "in.npy", "-o", "out.pith"], { cwd });
      const begun = (): boolean => temporary(cwd).some((name) => !before.includes(name));
      const far = (): boolean => noted(cwd, before) >= share * rows * (DIM + 4);
      ({ held } = await signalled(child, () => begun() && far(), "SIGKILL"));
      if (held) killed++;
      const now = readFileSync(join(cwd, "out.pith"));
      expect(now.equals(old) || now.equals(fresh)).toBe(true);
    }
    // A run that ends well clears away what those before it left: the last one must have left something.
    if (!held || killed < shares.length / 2) return false;
    const { status, stderr } = await pith(["compress", "in.npy", "-o", "out.pith"], { cwd });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^pith: note: out\.pith: an earlier run left unfinished work[^\n]+\n$/);
    expect(readFileSync(join(cwd, "out.pith")).equals(fresh)).toBe(true);
    // What killed runs leave goes when one ends well.
    const left = Object.keys(snapshot(cwd)).filter(
      (name) => !/^(in|small)\.npy$|^(out|new)\.pith$/.test(name),
    );
    expect(left).toEqual([]);
    return true;
  }
});
