/** Interrupted in the middle: Ctrl-C leaves nothing behind; a kill that no program can catch leaves the old file or the new. */
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { npy, put, rawNpy, tiny } from "./inputs.ts";
import { expectOneLine, folder, outcome, pith, snapshot, start, text } from "./pith.ts";

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

function isReading(pid: number, file: string): boolean {
  const folder = `/proc/${pid}/fd`;
  const targets = readdirSync(folder).map((fd) => {
    try {
      return readlinkSync(join(folder, fd));
    } catch {
      return ""; // closed since
    }
  });
  return targets.some((target) => target.endsWith(`/${file}`));
}

/** Waits until the command has begun to write. */
async function writing(cwd: string, done: Promise<unknown>): Promise<void> {
  let over = false;
  void done.then(() => (over = true));
  while (temporary(cwd).length === 0) {
    if (over) throw new Error("the command was done before it was seen to write");
    await sleep(2);
  }
}

describe.skipIf(process.platform === "win32")("Ctrl-C", () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    for (const [command, args] of [
      ["compress", ["compress", "in.npy", "-o", "out"]],
      ["decompress", ["decompress", "in.pith", "-o", "out"]],
    ] as const)
      test(`${signal} during ${command}: exit code 130, the old file stays, no partial file`, async () => {
        const cwd = folder();
        putZeros(cwd, "in.npy", 1_000_000);
        if (command === "decompress") await text(["compress", "in.npy", "-o", "in.pith"], { cwd });
        put(cwd, { out: "old" });
        const child = start(args, { cwd });
        const done = outcome(child);
        await writing(cwd, done);
        child.kill(signal);
        const ended = await done;
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
    const cwd = folder();
    putZeros(cwd, "in.npy", 1_000_000);
    const child = start(["compress", "in.npy", "-o", "out"], { cwd });
    const done = outcome(child);
    await writing(cwd, done);
    child.kill("SIGINT");
    child.kill("SIGTERM");
    expect((await done).status).toBe(130);
    expect(readdirSync(cwd)).toEqual(["in.npy"]);
  });

  test.skipIf(process.platform !== "linux")("during work that writes nothing: exit code 130", async () => {
    const cwd = folder();
    putZeros(cwd, "in.npy", 1_000_000);
    putZeros(cwd, "q.npy", 200);
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    const child = start(["eval", "in.npy", "a.pith", "--queries", "q.npy"], { cwd });
    const done = outcome(child);
    while (child.exitCode === null && !isReading(child.pid ?? 0, "a.pith")) await sleep(2);
    child.kill("SIGINT");
    const ended = await done;
    expect(ended).toMatchObject({ status: 130, stdout: "" });
    expectOneLine(ended.stderr, "ABORTED", /^pith: interrupted/);
  });
});

describe.skipIf(process.platform === "win32")("kill -9", () => {
  test("at any moment of compress: the old file or the new one, and the next run goes well", async () => {
    const cwd = folder();
    putZeros(cwd, "in.npy", 300_000);
    put(cwd, { "small.npy": npy(tiny) });
    await text(["compress", "small.npy", "-o", "out.pith"], { cwd });
    const old = readFileSync(join(cwd, "out.pith"));
    await text(["compress", "in.npy", "-o", "new.pith"], { cwd });
    const fresh = readFileSync(join(cwd, "new.pith"));
    let killed = 0;
    for (const delay of [0, 3, 10, 30, 60, 100, 150]) {
      const child = start(["compress", "in.npy", "-o", "out.pith"], { cwd });
      const done = outcome(child);
      const begun = new Set(temporary(cwd));
      while (child.exitCode === null && temporary(cwd).every((name) => begun.has(name))) await sleep(1);
      await sleep(delay);
      child.kill("SIGKILL");
      if ((await done).signal === "SIGKILL") killed++;
      const now = readFileSync(join(cwd, "out.pith"));
      expect(now.equals(old) || now.equals(fresh)).toBe(true);
    }
    expect(killed).toBeGreaterThan(0);
    const { status, stderr } = await pith(["compress", "in.npy", "-o", "out.pith"], { cwd });
    expect(status).toBe(0);
    expect(stderr).toMatch(/^(pith: note: out\.pith: an earlier run left unfinished work[^\n]+\n)?$/);
    expect(readFileSync(join(cwd, "out.pith")).equals(fresh)).toBe(true);
    // What killed runs leave goes when one ends well.
    const left = Object.keys(snapshot(cwd)).filter(
      (name) => !/^(in|small)\.npy$|^(out|new)\.pith$/.test(name),
    );
    expect(left).toEqual([]);
  });
});
