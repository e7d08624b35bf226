/** The codes that are kept for ever, and a second implementation in numpy that makes the same bytes and scores. */
import { readFileSync } from "node:fs";
import { type CodecState, floatTensor, type Metric, SplitMix64, type Vectors } from "@pith/codec-core";
import { expect, test } from "vitest";
import { floats, hex, jsonLines, numpyTwin } from "../../../../tools/python/numpy-twin.ts";
import { type SpectralQuantizer, type SpectralTable, spectral } from "../../src/index.ts";

interface Case {
  readonly metric: Metric;
  readonly dim: number;
  readonly bytes: number;
  readonly quantizer: SpectralQuantizer;
  /** The option "table". Default full. */
  readonly windows?: SpectralTable;
  /** Components of 1, 2 and 4 bits, none of them across a nibble's end. */
  readonly nibbles?: boolean;
  /** Seed of a state made by hand. */
  readonly state: number;
  /** Little-endian float32 in hex, like all that follows but basis and bits, which are bytes. */
  readonly rows: string;
  readonly queries: string;
}

interface Answer extends Case {
  readonly name?: string;
  readonly mean: string;
  readonly basis: string;
  readonly sigma: string;
  readonly bits: string;
  readonly table: string;
  readonly codes: string;
  readonly decoded: string;
  /** Of each query with each code. */
  readonly scores: string;
}

const GOLDEN = readFileSync(new URL("../golden/klt.jsonl", import.meta.url), "utf8");
const golden = jsonLines<Answer>(GOLDEN);
const numpy = numpyTwin("spectral/klt.py", "codes in a learned basis");

function stateOf({ metric, dim, bytes, quantizer, windows, ...hexed }: Answer): CodecState {
  const bits = Uint8Array.from(Buffer.from(hexed.bits, "hex"));
  const basis = Uint8Array.from(Buffer.from(hexed.basis, "hex"));
  const tensors = {
    mean: floatTensor(floats(hexed.mean)),
    basis: { dtype: "I8", shape: [bits.length, dim], bytes: basis } as const,
    sigma: floatTensor(floats(hexed.sigma)),
    bits: { dtype: "U8", shape: [bits.length], bytes: bits } as const,
    scalar: floatTensor(floats(hexed.table)),
    error: floatTensor(new Float32Array(bits.length + 1)),
    fit: floatTensor(new Float32Array(2)),
  };
  return {
    codec: "spectral",
    version: 1,
    dim,
    metric,
    params: { bytes, quantizer, table: windows ?? "full" },
    tensors,
  };
}

function vectors(text: string, dim: number): Vectors {
  const data = floats(text);
  return { data, dim, count: data.length / dim };
}

function check(answer: Answer): void {
  const { dim, metric } = answer;
  const codec = spectral.restore(stateOf(answer));
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

test("there are golden codes for both quantizers, both kinds of tables, all metrics and all widths", () => {
  expect(new Set(golden.map(({ name }) => name)).size).toBe(48);
  for (const kind of ["trellis", "scalar", "separable"]) {
    const widths = golden
      .filter((g) => (g.windows ?? g.quantizer) === kind)
      .flatMap((g) => g.bits.match(/../g));
    expect([...new Set(widths)].sort()).toEqual(["01", "02", "03", "04", "05", "06", "07"]);
  }
});

test.each(golden)("golden codes: $name", check);

test("numpy makes the golden codes again, byte for byte", ({ skip }) => {
  if (!numpy.isThere()) skip();
  expect(numpy.run("golden")).toBe(GOLDEN);
}, 60_000);

test("numpy and TypeScript agree on random states and rows, byte for byte (seed 20263)", ({ skip }) => {
  if (!numpy.isThere()) skip();
  const random = new SplitMix64(20263);
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
    const dim = pick(2 + random.below(9), 2 + random.below(90), 64);
    const metric = pick("cosine", "dot", "l2");
    const nibbles = i % 4 === 3 && dim >= 8;
    const codeBytes = 1 + random.below(nibbles ? dim >>> 3 : Math.floor((7 * dim) / 8));
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
      metric,
      bytes: codeBytes + (metric === "l2" ? 5 : 1),
      quantizer: i % 2 === 0 ? "trellis" : "scalar",
      ...(i % 4 === 2 ? { windows: "separable" as const } : {}),
      ...(nibbles ? { nibbles } : {}),
      state: random.below(1000),
      rows: rows(5),
      queries: rows(2),
    };
  });
  const answers = jsonLines<Answer>(numpy.run("answer", cases.map((c) => JSON.stringify(c)).join("\n")));
  expect(answers.length).toBe(cases.length);
  answers.forEach(check);
}, 60_000);
