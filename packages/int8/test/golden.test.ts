/** Bytes and scores that Python computed (golden/make.py): what stands in files, and what every backend gives. */
import { readFileSync } from "node:fs";
import {
  type BackendChoice,
  backendReport,
  type Codec,
  type CodecFamily,
  HadamardRotation,
  type Metric,
  useBackend,
  type Vectors,
} from "@pith/codec-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { binary } from "../src/binary/index.ts";
import { int8 } from "../src/index.ts";

interface Case {
  family: "int8" | "binary";
  dim: number;
  metric: Metric;
  options: { [name: string]: unknown };
  codes: string;
  /** Of the query with each row. */
  scores: string;
  /** Of the first row's code with each row's. */
  symmetric?: string;
  mean?: string;
}

const golden = JSON.parse(readFileSync(new URL("golden/golden.json", import.meta.url), "utf8")) as {
  samples: { [dim: string]: { rows: string; query: string } };
  rotations: { dim: number; seed: number; row: string; rotated: string }[];
  cases: Case[];
};

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const floatsOf = (hex: string): Float32Array => new Float32Array(bytesOf(hex).buffer);
const hexOf = (data: Uint8Array | Float32Array): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");

const rowsOf = (dim: number): Vectors => {
  const data = floatsOf(golden.samples[dim].rows);
  return { data, dim, count: data.length / dim };
};

const families: Record<Case["family"], CodecFamily> = { int8, binary };

function codecOf({ family, dim, metric, options, mean }: Case): Codec {
  const create = families[family];
  if (mean === undefined) return create.create({ ...options, dim, metric });
  const params = { rotate: "none", seed: 0, ...options };
  const tensors = { mean: { dtype: "F32" as const, shape: [dim], bytes: bytesOf(mean) } };
  return create.restore({ codec: family, version: 1, dim, metric, params: params as never, tensors });
}

const { available, backend, isa } = backendReport();
const choices: BackendChoice[] = [
  { backend: "portable" },
  ...available.map((name) => ({ backend: "native", isa: name }) as const),
];

describe.each(choices.map((choice) => [choice.isa ?? choice.backend, choice] as const))("%s", (_, choice) => {
  beforeAll(() => useBackend(choice));
  afterAll(() => useBackend({ backend, isa }));

  test("rotations", () => {
    for (const { dim, seed, row, rotated } of golden.rotations)
      expect(hexOf(new HadamardRotation(dim, seed).rotate(floatsOf(row)))).toBe(rotated);
  });

  test.each(
    golden.cases.map((c) => [`${c.family} ${JSON.stringify(c.options)} ${c.metric} ${c.dim}`, c] as const),
  )("%s", (_, c) => {
    const codec = codecOf(c);
    const rows = rowsOf(c.dim);
    const codes = codec.encode(rows);
    expect(hexOf(codes.bytes)).toBe(c.codes);
    const scores = new Float32Array(rows.count);
    codec.scorer(c.metric).prepare(floatsOf(golden.samples[c.dim].query)).scoreInto(codes, scores);
    expect(hexOf(scores)).toBe(c.scores);
    if (c.symmetric === undefined) return;
    const one = { bytes: codes.bytes.subarray(0, codec.stride), stride: codec.stride, count: 1 };
    codec.symmetricScorer?.(c.metric).scoreInto(one, codes, scores);
    expect(hexOf(scores)).toBe(c.symmetric);
  });
});

test("training learns the mean that Python learned, from rows given often enough", () => {
  for (const c of golden.cases.filter(({ mean }) => mean !== undefined)) {
    const rows = rowsOf(c.dim).data;
    const copies = 2 ** 5;
    const data = new Float32Array(copies * rows.length);
    for (let i = 0; i < copies; i++) data.set(rows, i * rows.length);
    const sample = { data, dim: c.dim, count: data.length / c.dim };
    const learned = binary.train(sample, { dim: c.dim, metric: c.metric, ...c.options }).state().tensors[
      "mean"
    ];
    const [actual, expected] = [floatsOf(hexOf(learned.bytes)), floatsOf(c.mean ?? "")];
    // Only the order of the sums in float64 differs.
    actual.forEach((v, j) => {
      expect(Math.abs(v - expected[j])).toBeLessThanOrEqual(2 ** -23 * Math.abs(expected[j]) + 2 ** -40);
    });
  }
});
