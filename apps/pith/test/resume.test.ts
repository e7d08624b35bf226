/** compress --resume: killed again and again, in the end the same bytes as in one go. */
import { readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { SplitMix64 } from "@pith/codec-core";
import { describe, expect, test } from "vitest";
import { npy, put, randomVectors } from "./inputs.ts";
import { expectOneLine, folder, interrupted, noted, pith, signalled, start, text } from "./pith.ts";

const DIM = 64;
/** Bytes of an int8 code. */
const STRIDE = DIM + 4;

const hidden = (cwd: string): string[] => readdirSync(cwd).filter((name) => name.startsWith("."));

describe.skipIf(process.platform === "win32")("pith compress --resume", () => {
  /** A folder with in.npy of so many rows. */
  async function inputs(rows: number): Promise<string> {
    const cwd = folder();
    await text(["sample", "-n", `${rows}`, "-d", `${DIM}`, "--gaussian", "-o", "in.npy"], { cwd });
    return cwd;
  }

  test("after kills at random moments: the same bytes as in one go", async () => {
    const random = new SplitMix64(5);
    let rows = 60_000;
    while (!(await survivesKills(rows, random))) rows *= 2;
  });

  /** False where the command was done before it was killed often enough. */
  async function survivesKills(rows: number, random: SplitMix64): Promise<boolean> {
    const cwd = await inputs(rows);
    put(cwd, { "ids.txt": Array.from({ length: rows }, (_, i) => `id ${i}\n`).join("") });
    const args = ["compress", "in.npy", "--ids", "ids.txt", "--keep", "f16", "-o"];
    const bytes = rows * STRIDE;
    let before = 0;
    for (let kills = 0; kills < 3; kills++) {
      const least = before + 1 + random.below(bytes / 8);
      // The first run knows nothing of resuming: what a kill leaves of it is gone on with all the same.
      const child = start([...args, "out.pith", ...(kills > 0 ? ["--resume"] : [])], { cwd });
      const { held } = await signalled(child, () => noted(cwd) >= least && noted(cwd) < bytes, "SIGKILL");
      if (!held) return false;
      before = noted(cwd);
    }
    const last = await pith([...args, "out.pith", "--resume"], { cwd });
    expect(last.status).toBe(0);
    const from = /went on from row ([\d,]+)/.exec(last.stderr)?.[1].replaceAll(",", "");
    expect(Number(from) * STRIDE).toBe(before);
    await text([...args, "whole.pith"], { cwd });
    const [out, whole] = ["out.pith", "whole.pith"].map((name) => readFileSync(join(cwd, name)));
    expect(out.equals(whole)).toBe(true);
    expect(hidden(cwd)).toEqual([]);
    return true;
  }

  /** A folder with in.npy, `times` 60,000 rows, and an unfinished out.pith of it. */
  async function unfinished(times: number = 1): Promise<string> {
    let cwd = "";
    let bytes = 0;
    await interrupted(
      async (more) => {
        cwd = await inputs(60_000 * times * more);
        bytes = 60_000 * times * more * STRIDE;
        return start(["compress", "in.npy", "-o", "out.pith"], { cwd });
      },
      () => noted(cwd) > 0 && noted(cwd) < bytes / 2,
      "SIGKILL",
    );
    return cwd;
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
      new RegExp(`made from another input \\(${statSync(join(cwd, "in.npy")).size} bytes, changed 20.*1970`),
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
    let [cwd, before] = ["", 0];
    const { status } = await interrupted(
      async (times) => {
        cwd = await unfinished(times);
        before = noted(cwd);
        return start(["compress", "in.npy", "-o", "out.pith", "--resume"], { cwd });
      },
      () => noted(cwd) > before,
      "SIGINT",
    );
    expect(status).toBe(130);
    expect(hidden(cwd).length).toBe(2);
    expect((await pith(["compress", "in.npy", "-o", "out.pith", "--resume"], { cwd })).status).toBe(0);
    expect(hidden(cwd)).toEqual([]);
  });

  test("without anything to go on with it is a plain run", async () => {
    const cwd = folder();
    put(cwd, { "in.npy": npy(randomVectors(400, 40, 9)) });
    await text(["compress", "in.npy", "-o", "a.pith"], { cwd });
    await text(["compress", "in.npy", "-o", "b.pith", "--resume"], { cwd });
    expect(readFileSync(join(cwd, "b.pith")).equals(readFileSync(join(cwd, "a.pith")))).toBe(true);
    expect(hidden(cwd)).toEqual([]);
  });
});
