/** compress --resume: killed again and again, in the end the same bytes as in one go. */
import { readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SplitMix64 } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { npy, put, randomVectors } from "./inputs.ts";
import { expectOneLine, folder, outcome, pith, start, text } from "./pith.ts";

const hidden = (cwd: string): string[] => readdirSync(cwd).filter((name) => name.startsWith("."));

/** Waits until rows were noted in the journal, or the command is over. */
async function noted(cwd: string, over: () => boolean, least: number): Promise<void> {
  while (!over()) {
    const journal = hidden(cwd).find((name) => name.endsWith(".resume"));
    if (journal) {
      const text = readFileSync(join(cwd, journal), "utf8");
      if (text.split('"written"').length > least) return;
    }
    await sleep(1);
  }
}

describe.skipIf(process.platform === "win32")("pith compress --resume", () => {
  const inputs = (): string => {
    const cwd = folder();
    put(cwd, {
      "in.npy": npy(randomVectors(400, 40, 9)),
      "ids.txt": Array.from({ length: 60_000 }, (_, i) => `id ${i}\n`).join(""),
    });
    return cwd;
  };

  test("after kills at random moments: the same bytes as in one go", async () => {
    const cwd = inputs();
    await text(["sample", "-n", "60000", "-d", "64", "--gaussian", "-o", "big.npy"], { cwd });
    const args = ["compress", "big.npy", "--ids", "ids.txt", "--keep", "f16", "-o"];
    await text([...args, "whole.pith"], { cwd });
    const whole = readFileSync(join(cwd, "whole.pith"));
    const random = new SplitMix64(5);
    let [killed, resumed, done] = [0, 0, false];
    for (let round = 0; round < 8 && !done; round++) {
      // The first run knows nothing of resuming: what a kill leaves of it is gone on with all the same.
      const child = start([...args, "out.pith", ...(round > 0 ? ["--resume"] : [])], { cwd });
      const end = outcome(child);
      let over = false;
      void end.then(() => (over = true));
      await noted(cwd, () => over, 1);
      await sleep(random.below(30));
      child.kill("SIGKILL");
      const { signal, status, stderr } = await end;
      if (signal === "SIGKILL") killed++;
      else expect({ status, stderr }).toMatchObject({ status: 0 });
      if (/went on from row/.test(stderr)) resumed++;
      done = status === 0;
    }
    if (!done) {
      const last = await pith([...args, "out.pith", "--resume"], { cwd });
      expect(last.status).toBe(0);
      if (/went on from row/.test(last.stderr)) resumed++;
    }
    expect(killed).toBeGreaterThan(0);
    expect(resumed).toBe(1);
    expect(readFileSync(join(cwd, "out.pith")).equals(whole)).toBe(true);
    expect(hidden(cwd)).toEqual([]);
  });

  /** A folder with an unfinished out.pith of in.npy. */
  async function unfinished(): Promise<string> {
    const cwd = folder();
    await text(["sample", "-n", "60000", "-d", "64", "--gaussian", "-o", "in.npy"], { cwd });
    for (;;) {
      const child = start(["compress", "in.npy", "-o", "out.pith"], { cwd });
      const end = outcome(child);
      let over = false;
      void end.then(() => (over = true));
      await noted(cwd, () => over, 1);
      child.kill("SIGKILL");
      if ((await end).signal === "SIGKILL") return cwd;
    }
  }

  test("another codec's options or another input are refused, and what is there stays; anew it goes, with a word", async () => {
    const cwd = await unfinished();
    const before = hidden(cwd);
    const other = await pith(["compress", "in.npy", "-o", "out.pith", "--resume", "--metric", "dot"], {
      cwd,
    });
    expect(other).toMatchObject({ status: 2, stdout: "" });
    expectOneLine(
      other.stderr,
      "INVALID_ARGUMENT",
      /made from another metric \(cosine, now dot\); without --resume/,
    );
    utimesSync(join(cwd, "in.npy"), new Date(0), new Date(0));
    const changed = await pith(["compress", "in.npy", "-o", "out.pith", "--resume"], { cwd });
    expect(changed.status).toBe(2);
    expectOneLine(
      changed.stderr,
      "INVALID_ARGUMENT",
      /made from another input \(15360128 bytes, changed 20.*1970/,
    );
    expect(hidden(cwd)).toEqual(before);
    const anew = await pith(["compress", "in.npy", "-o", "out.pith"], { cwd });
    expect(anew.status).toBe(0);
    expect(anew.stderr).toMatch(
      /^pith: note: out\.pith: an earlier run left unfinished work, which --resume goes on with/,
    );
    expect(hidden(cwd)).toEqual([]);
    expect(await text(["verify", "out.pith"], { cwd })).toMatch(/good/);
  });

  test("Ctrl-C with --resume keeps what is done", async () => {
    const cwd = await unfinished();
    const child = start(["compress", "in.npy", "-o", "out.pith", "--resume"], { cwd });
    const end = outcome(child);
    let over = false;
    void end.then(() => (over = true));
    await noted(cwd, () => over, 3);
    child.kill("SIGINT");
    const { status } = await end;
    if (status === 130) expect(hidden(cwd).length).toBe(2);
    expect((await pith(["compress", "in.npy", "-o", "out.pith", "--resume"], { cwd })).status).toBe(0);
    expect(hidden(cwd)).toEqual([]);
  });

  test("without anything to go on with it is a plain run", async () => {
    const cwd = inputs();
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    await text(["compress", "in.npy", "-o", "b.pith", "--resume"], { cwd });
    expect(readFileSync(join(cwd, "b.pith")).equals(readFileSync(join(cwd, "a.pith")))).toBe(true);
    expect(hidden(cwd)).toEqual([]);
  });
});
