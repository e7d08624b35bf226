import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SplitMix64, type Vectors } from "@pith/codec-core";
import { openVectors } from "@pith/codec-core/files";
import { describe, expect, test } from "vitest";
import { type Candidate, frontier, smallestReaching } from "../src/jobs/frontier.ts";
import { estimateRecall } from "../src/jobs/recall-interval.ts";
import { drawTuneSample } from "../src/jobs/tune-sample.ts";
import { npy, randomVectors, row } from "./inputs.ts";
import { expectOneLine, folder, interrupted, isReading, json, MAIN, start, text, workedFor } from "./pith.ts";
import { refused } from "./refused.ts";

interface Trial extends Candidate {
  codec: string;
  options: { [name: string]: unknown };
  trained: boolean;
  oversample: number | null;
  codeBytes: number;
  keptBytes: number;
  sideBytes: number;
  sideBytesPerVector: number;
  recallHigh: number;
  encodeVectorsPerSecond: number;
  batchQueriesPerSecond: number;
  nonDominated: boolean;
  command: string;
}

interface Report {
  searched: number;
  queries: number;
  heldOut: boolean;
  threads: number;
  exact: { bytesPerVector: number; singleQueriesPerSecond: number };
  trials: Trial[];
  skipped: { codec: string; options: object; reason: string }[];
  advice: Trial | null;
}

/** A folder with 2,000 clustered vectors and 100 queries of 32 dims. */
async function clustered(): Promise<string> {
  const cwd = folder();
  const queries = ["--queries", "100", "--queries-output", "q.npy"];
  await text(["sample", "-n", "2000", "-d", "32", "-o", "my data.npy", ...queries], { cwd });
  return cwd;
}

const FAST = ["--codecs", "int8,binary"];

/** What two runs have in common: all but speeds, and which settings speed puts ahead. */
function measured({ trials, searched, queries, skipped }: Report): object {
  const stable = trials.map(
    ({ codec, options, oversample, bytesPerVector, recall, recallLow, recallHigh, trained }) => ({
      ...{ codec, options, oversample, bytesPerVector, recall, recallLow, recallHigh, trained },
    }),
  );
  return { stable, searched, queries, skipped };
}

describe("pith tune", () => {
  test("with queries and all rows it finds what eval and search find in the file that its command makes", async () => {
    const cwd = await clustered();
    const args = ["tune", "my data.npy", "--queries", "q.npy", ...FAST, "--recall", "0.93", "--rescore"];
    const report = await json<Report>(args, { cwd });
    expect(report).toMatchObject({
      searched: 2000,
      queries: 100,
      heldOut: false,
      k: 10,
      wish: 0.93,
      count: 2000,
    });
    expect(report.skipped).toEqual([
      {
        codec: "int8",
        options: { group: 64 },
        reason: expect.stringMatching(/expected a dim from 64, got 32/),
      },
    ]);
    const names = report.trials.map(({ codec, options }) => `${codec} ${JSON.stringify(options)}`);
    expect(new Set(names)).toEqual(
      new Set(["int8 {}", 'int8 {"rotate":"hadamard"}', "binary {}", 'binary {"centre":true}']),
    );
    const plain = report.trials.filter(({ oversample }) => oversample === null);
    // A codec that learns nothing, and one that does.
    for (const trial of plain.filter(
      ({ codec, options, trained }) => trained || (codec === "int8" && !("rotate" in options)),
    )) {
      run(cwd, trial.command);
      const file = /-o '([^']+)'/.exec(trial.command)?.[1] ?? "";
      const e = await json<{
        recall: { [k: string]: number };
        bytesPerVector: number;
        sideBytes: number;
        sideBytesPerVector: number;
      }>(["eval", "my data.npy", file, "--queries", "q.npy"], { cwd });
      expect(trial.recall).toBeCloseTo(e.recall["10"], 12);
      expect(trial.bytesPerVector).toBeCloseTo(e.bytesPerVector + e.sideBytes / 2000, 12);
      expect(trial.sideBytesPerVector).toBe(e.sideBytesPerVector);
    }
    const again = report.trials.find(
      (t) => t.codec === "binary" && !t.trained && t.oversample === 4,
    ) as Trial;
    expect(again).toMatchObject({ codeBytes: 8, keptBytes: 64, bytesPerVector: 72 });
    run(cwd, again.command);
    const search = ["search", "binary.pith", "--queries", "q.npy", "--rescore", "--oversample", "4"];
    spawnSync("mv", ["my data.binary.pith.safetensors", "binary.pith"], { cwd });
    const { results } = await json<{ results: { ids: number[] }[] }>(search, { cwd });
    expect(again.recall).toBeCloseTo(
      recallOf(
        cwd,
        results.map(({ ids }) => ids),
      ),
      12,
    );

    const smallest = Math.min(
      ...report.trials.filter(({ recallLow }) => recallLow >= 0.93).map((t) => t.bytesPerVector),
    );
    expect(report.trials).toContainEqual(report.advice);
    expect(report.advice).toMatchObject({ bytesPerVector: smallest });
    expect(report.advice?.recallLow).toBeGreaterThanOrEqual(0.93);
    expect(report.trials.filter(({ nonDominated }) => nonDominated).length).toBeGreaterThan(0);
    for (const t of report.trials)
      for (const figure of [
        "encodeVectorsPerSecond",
        "singleQueriesPerSecond",
        "batchQueriesPerSecond",
      ] as const)
        expect(t[figure]).toBeGreaterThan(0);
  });

  test("holds queries out, and gives the same for the same seed, but for speeds", async () => {
    const cwd = await clustered();
    const args = ["tune", "my data.npy", "--sample", "500", "-k", "5", "--metric", "l2", ...FAST];
    const a = await json<Report>(args, { cwd });
    const b = await json<Report>(args, { cwd, env: { PITH_BACKEND: "portable", PITH_THREADS: "2" } });
    const c = await json<Report>([...args, "--seed", "1"], { cwd });
    // A query among the rows would find itself: held out, a tenth of the sample comes on top of it.
    expect(a).toMatchObject({ searched: 500, queries: 50, heldOut: true, count: 2000, threads: 1 });
    expect(measured(b)).toEqual(measured(a));
    expect(measured(c)).not.toEqual(measured(a));
    expect(a.trials[0].command).toMatch(
      /^pith compress 'my data\.npy' -o 'my data\.binary\.pith\.safetensors' .*--metric l2$/,
    );
  });

  test("prints by size what is worth a look, the advice, and the command", async () => {
    const cwd = await clustered();
    const args = ["tune", "my data.npy", "--sample", "1000", "--codecs", "int8", "--recall"];
    const printed = await text([...args, "0.9"], { cwd });
    expect(printed).toMatch(
      /^my data\.npy: 1,000 of 2,000 vectors of 32 dims, cosine, 100 queries, held out, top 10\n/,
    );
    expect(printed).toMatch(
      /\n> {2}int8 +36 +0 +[01]\.\d{4} +0\.\d{4} to [01]\.\d{4} +[\d,]+ +[\d,]+ +[\d,]+\n/,
    );
    expect(printed).toMatch(/\n {3}float32, exact +128 +- +1\.0000 /);
    expect(printed).toMatch(/\n {2}left out: int8 group=64: groups of 64: expected a dim from 64, got 32\n/);
    expect(printed).toMatch(/\n {2}among all 2,000 vectors .* `pith eval` measures the file\n/);
    expect(printed).toMatch(
      /\n> the smallest for recall@10 of 0\.9: int8, 36 bytes a vector, .*\n {2}pith compress 'my data\.npy' -o 'my data\.int8\.pith\.safetensors' --codec int8\n$/,
    );
    const none = await text([...args, "1"], { cwd });
    expect(none).toMatch(/\nnone of these settings reaches recall@10 of 1 for sure; the nearest: int8/);
    expect(none).toMatch(/\n {2}--rescore tries them with kept float16 rows too\n$/);
    expect(none).not.toMatch(/^>/m);
  });

  test.skipIf(process.platform !== "linux")("Ctrl-C ends it with exit code 130", async () => {
    const cwd = folder();
    const ended = await interrupted(
      async (times) => {
        const rows = `${20_000 * times}`;
        await text(["sample", "-n", rows, "-d", "128", "-o", "in.npy"], { cwd });
        // Rotations in TypeScript: seconds of work, even on a fast machine.
        return start(["tune", "in.npy", "--codecs", "turboquant-spec", "--sample", rows], { cwd });
      },
      (child) => isReading(child, "in.npy") && workedFor(child) > 0.8,
      "SIGINT",
    );
    expect(ended).toMatchObject({ status: 130, signal: null, stdout: "" });
    expectOneLine(ended.stderr, "ABORTED", /aborted|interrupted/);
  });

  const few = ["tune", "in.npy", "-k", "1", "--recall"];
  refused(
    "a recall in percent",
    [...few, "95"],
    "INVALID_ARGUMENT",
    /--recall: expected a number from 0 to 1, got "95"/,
  );
  refused(
    "an unknown codec",
    [...few, "0.9", "--codecs", "int8,int9"],
    "UNKNOWN_CODEC",
    /"int9"; did you mean "int8"/,
  );
  refused(
    "as many hits as vectors",
    ["tune", "in.npy", "-k", "3"],
    "EMPTY_INPUT",
    /"in\.npy": expected more than 3 vectors to search beside 1 held out, got 3/,
  );
  refused(
    "queries of another dim",
    [...few, "0.9", "-q", "q4.npy"],
    "DIM_MISMATCH",
    /"q4\.npy": expected queries of dim 3, got 4/,
    {
      "q4.npy": npy(randomVectors(2, 4, 1)),
    },
  );
  refused(
    "an empty sample",
    [...few, "0.9", "--sample", "0"],
    "INVALID_ARGUMENT",
    /--sample: expected a whole number from 1/,
  );
  refused("a NaN, with its row", [...few, "0.9"], "NOT_FINITE", /"in\.npy": .* in row 2, column 1/, {
    "in.npy": npy({ data: Float32Array.of(1, 2, 3, 4, 5, Number.NaN, 7, 8), dim: 2, count: 4 }),
  });
  refused(
    "what float16 can't hold, with its row",
    [...few, "0.9", "--rescore"],
    "INVALID_ARGUMENT",
    /"in\.npy": float16 holds up to 65504, got 1000000 in row \d+, column 0/,
    {
      "in.npy": npy({ data: new Float32Array(40).fill(1e6), dim: 2, count: 20 }),
    },
  );
});

/** By a shell, in the folder, with `pith` as the built command. */
function run(cwd: string, command: string): void {
  const pith = `'${process.execPath}' '${MAIN}'`;
  const { status } = spawnSync("sh", ["-c", command.replace(/^pith/, pith)], { cwd });
  expect(status).toBe(0);
}

/** Recall@10 under cosine, by float64 and sorting alone. */
function recallOf(cwd: string, found: readonly (readonly number[])[]): number {
  const [rows, queries] = ["my data.npy", "q.npy"].map((name): Vectors => {
    const bytes = readFileSync(join(cwd, name));
    const data = new Float32Array(Uint8Array.from(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer);
    return { data, dim: 32, count: data.length / 32 };
  });
  let right = 0;
  found.forEach((ids, q) => {
    const scores = Array.from({ length: rows.count }, (_, i) => {
      const r = row(rows, i);
      return { i, s: r.reduce((sum, x, j) => sum + x * row(queries, q)[j], 0) / Math.hypot(...r) };
    });
    const exact = new Set(
      scores
        .sort((a, b) => b.s - a.s)
        .slice(0, 10)
        .map(({ i }) => i),
    );
    right += ids.filter((id) => exact.has(id)).length;
  });
  return right / (10 * found.length);
}

test("queries held out are rows of the file, none of which is searched, from all parts of it", async () => {
  const cwd = folder();
  // Each row tells its number.
  const data = Float32Array.from({ length: 3000 }, (_, i) => i);
  writeFileSync(join(cwd, "in.npy"), npy({ data, dim: 1, count: 3000 }));
  await using source = await openVectors(join(cwd, "in.npy"));
  const draw = (seed: number): ReturnType<typeof drawTuneSample> =>
    drawTuneSample({ source, rows: 1000, k: 10, seed });
  const { rows, rowNumbers, queries } = await draw(7);
  expect([rows.count, queries.count]).toEqual([1000, 100]);
  expect([...rows.data]).toEqual([...rowNumbers]);
  const all = [...rows.data, ...queries.data];
  expect(new Set(all).size).toBe(1100);
  expect(all.every((i) => Number.isInteger(i) && i >= 0 && i < 3000)).toBe(true);
  for (const part of [rows.data, queries.data])
    for (const third of [0, 1, 2]) {
      const share = part.filter((i) => Math.floor(i / 1000) === third).length / part.length;
      expect(share).toBeCloseTo(1 / 3, 1);
    }
  expect((await draw(7)).queries.data).toEqual(queries.data);
  expect((await draw(8)).queries.data).not.toEqual(queries.data);
});

describe("the interval of recall", () => {
  test("is Wilson's where hits are independent", () => {
    const shares = (hits: number, of: number): number[] =>
      Array.from({ length: of }, (_, i) => (i < hits ? 1 : 0));
    // 81 of 263 is the example of Newcombe, Statistics in Medicine 17, 1998.
    expect(estimateRecall(shares(10, 10), 1).low).toBeCloseTo(0.7225, 4);
    expect(estimateRecall(shares(10, 10), 1).high).toBeCloseTo(1, 12);
    const { low, high } = estimateRecall(shares(81, 263), 1);
    expect([low, high].map((x) => x.toFixed(4))).toEqual(["0.2553", "0.3662"]);
  });

  test("widens where the hits of a query go together", () => {
    const together = Array.from({ length: 100 }, (_, i) => (i < 90 ? 1 : 0));
    const apart = Array.from({ length: 100 }, () => 0.9);
    const width = (shares: number[]): number =>
      estimateRecall(shares, 10).high - estimateRecall(shares, 10).low;
    expect(width(together)).toBeGreaterThan(2.5 * width(apart));
    expect(width(together)).toBeCloseTo(
      estimateRecall(together, 1).high - estimateRecall(together, 1).low,
      2,
    );
  });

  test("holds the true recall in about 95 of 100 samples, also near 1", () => {
    const random = new SplitMix64(3);
    for (const mean of [0.7, 0.95, 0.99]) {
      let held = 0;
      for (let round = 0; round < 1000; round++) {
        const shares = Array.from({ length: 200 }, () => {
          // Queries differ: half of them miss nearly twice as often as the mean, half hardly ever.
          const p = 1 - (1 - mean) * (random.uniform() < 0.5 ? 1.9 : 0.1);
          let hits = 0;
          for (let i = 0; i < 10; i++) if (random.uniform() < p) hits++;
          return hits / 10;
        });
        const { low, high } = estimateRecall(shares, 10);
        if (low <= mean && mean <= high) held++;
      }
      expect(held).toBeGreaterThan(930);
      expect(held).toBeLessThan(975);
    }
  });
});

describe("the frontier", () => {
  const candidate = (bytesPerVector: number, recall: number, singleQueriesPerSecond: number): Candidate => ({
    ...{ bytesPerVector, recall, recallLow: recall - 0.01, singleQueriesPerSecond, oversample: null },
  });

  test("leaves out what another one beats, and takes no noise for speed", () => {
    const all = [
      candidate(50, 0.7, 100),
      candidate(100, 0.9, 100),
      candidate(100, 0.9, 105), // as fast
      candidate(100, 0.8, 105), // finds less
      candidate(100, 0.8, 200), // finds less, faster
      candidate(120, 0.9, 100), // larger
      candidate(120, 0.95, 50),
    ];
    expect(frontier(all)).toEqual([true, true, true, false, true, false, true]);
  });

  test("is never empty, and everything off it is beaten by something on it in bytes and recall", () => {
    const random = new SplitMix64(4);
    for (let round = 0; round < 200; round++) {
      const all = Array.from({ length: 12 }, () =>
        candidate(1 + random.below(4), random.below(4) / 4, 100 * 1.07 ** random.below(6)),
      );
      const on = frontier(all);
      expect(on).toContain(true);
      all.forEach((b, i) => {
        if (on[i]) return;
        expect(
          all.some((a, j) => j !== i && a.bytesPerVector <= b.bytesPerVector && a.recall >= b.recall),
        ).toBe(true);
      });
    }
  });

  test("advises the smallest whose lower end reaches the wish, of equals the least oversampling, then the first", () => {
    const again = (oversample: number, recall: number): Candidate => ({
      ...candidate(150, recall, 1),
      oversample,
    });
    const all = [
      candidate(50, 0.9, 1),
      candidate(100, 0.96, 1),
      candidate(100, 0.97, 9),
      again(10, 0.99),
      again(4, 0.985),
      again(2, 0.97),
    ];
    expect(smallestReaching(all, 0.89)).toBe(all[0]);
    expect(smallestReaching(all, 0.9)).toBe(all[1]);
    expect(smallestReaching(all, 0.96)).toBe(all[2]);
    expect(smallestReaching(all, 0.97)).toBe(all[4]);
    expect(smallestReaching(all, 0.995)).toBeUndefined();
  });
});
