/** The codes that are kept for ever, and a second implementation in numpy that makes the same bytes and scores. */
import { readFileSync } from "node:fs";
import { type Metric, SplitMix64, type Vectors } from "@pith/codec-core";
import { expect, test } from "vitest";
import { floats, hex, jsonLines, numpyTwin } from "../../../../tools/python/numpy-twin.ts";
import { type TurboquantBits, turboquant } from "../../src/index.ts";

interface Case {
  readonly metric: Metric;
  readonly dim: number;
  readonly bits: TurboquantBits;
  readonly trellis?: boolean;
  readonly seed: number;
  /** Seed of the 100 rows that it was trained on. */
  readonly sample: number | null;
  /** Little-endian float32 in hex, like all that follows. */
  readonly rows: string;
  readonly queries: string;
}

interface Answer extends Case {
  readonly name?: string;
  readonly mean: string | null;
  readonly table: string | null;
  readonly codes: string;
  readonly decoded: string;
  /** Of each query with each code. */
  readonly scores: string;
}

const GOLDEN = readFileSync(new URL("../golden/search.jsonl", import.meta.url), "utf8");
const golden = jsonLines<Answer>(GOLDEN);
const numpy = numpyTwin("turboquant/quality.py", "codes");

function vectors(text: string, dim: number): Vectors {
  const data = floats(text);
  return { data, dim, count: data.length / dim };
}

/** Numbers that float32 holds exactly, around .25, of lengths that differ: the same in quality.py. */
function sampleRows(seed: number, count: number, dim: number): Vectors {
  const random = new SplitMix64(seed);
  const data = Float32Array.from(
    { length: count * dim },
    (_, i) => (Number(random.next() >> 40n) / 2 ** 23 - 0.75) * (1 + (Math.floor(i / dim) % 8)),
  );
  return { data, dim, count };
}

function check(answer: Answer): void {
  const { dim, bits, seed, metric, sample, trellis = false } = answer;
  const options = { dim, bits, seed, metric, trellis };
  const codec =
    sample === null ? turboquant.create(options) : turboquant.train(sampleRows(sample, 100, dim), options);
  const { mean, scalar } = codec.state().tensors;
  expect(mean === undefined ? null : hex(mean.bytes)).toBe(answer.mean);
  expect(scalar === undefined || bits === 8 ? null : hex(scalar.bytes)).toBe(answer.table);
  const codes = codec.encode(vectors(answer.rows, dim));
  expect(hex(codes.bytes)).toBe(answer.codes);
  expect(hex(codec.decode(codes).data.map(positive))).toBe(
    hex(vectors(answer.decoded, 1).data.map(positive)),
  );
  const queries = vectors(answer.queries, dim);
  const scores = new Float32Array(queries.count * codes.count);
  for (let q = 0; q < queries.count; q++)
    codec
      .scorer(metric)
      .prepare(queries.data.subarray(q * dim, (q + 1) * dim))
      .scoreInto(codes, scores.subarray(q * codes.count, (q + 1) * codes.count));
  expect(Array.from(scores, positive)).toEqual(Array.from(vectors(answer.scores, 1).data, positive));
}

/** -0 as 0: the sign of a zero isn't kept by all backends. */
function positive(x: number): number {
  return x + 0;
}

test("there are golden codes for all bits and metrics, trained and not", () => {
  const names = new Set(golden.map(({ name }) => name));
  expect(names.size).toBe(38);
  for (const bits of [1, 2, 3, 4, 8])
    for (const metric of ["cosine", "dot", "l2"])
      for (const trained of ["", " trained"]) expect(names).toContain(`${bits} bits ${metric}${trained}`);
  for (const bits of [1, 2, 3, 4])
    for (const trained of ["", " trained"]) expect(names).toContain(`${bits} bits trellis${trained}`);
});

test.each(golden)("golden codes: $name", check);

test("numpy makes the golden codes again, byte for byte", ({ skip }) => {
  if (!numpy.isThere()) skip();
  expect(numpy.run("golden")).toBe(GOLDEN);
});

test("numpy and TypeScript agree on random options and rows, byte for byte (seed 20262)", ({ skip }) => {
  if (!numpy.isThere()) skip();
  const random = new SplitMix64(20262);
  const pick = <T>(...values: readonly T[]): T => values[random.below(values.length)];
  const kinds: readonly (() => number)[] = [
    () => random.gaussian(),
    () => random.gaussian() * 2 ** (random.below(200) - 120),
    () => (random.below(8) === 0 ? random.gaussian() : 0),
    () => random.below(3) - 1,
    () => random.gaussian() * 1e-43,
    () => random.gaussian() * 1e37,
  ];
  const cases: Case[] = Array.from({ length: 40 }, (_, i) => {
    const dim = pick(1 + random.below(9), 1 + random.below(150), pick(64, 128));
    const rows = (count: number): string =>
      hex(
        Float32Array.from(
          Array.from({ length: count }, () => pick(...kinds)).flatMap((kind) =>
            Array.from({ length: dim }, kind),
          ),
        ),
      );
    return {
      dim,
      bits: ([1, 2, 3, 4, 8] as const)[i % 5],
      trellis: i % 5 < 4 && i % 2 === 1,
      metric: pick("cosine", "dot", "l2"),
      seed: random.below(1000),
      sample: pick(null, random.below(1000)),
      rows: rows(6),
      queries: rows(3),
    };
  });
  const answers = jsonLines<Answer>(numpy.run("answer", cases.map((c) => JSON.stringify(c)).join("\n")));
  expect(answers.length).toBe(cases.length);
  answers.forEach(check);
}, 60_000);
