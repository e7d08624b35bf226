/** The codes that are kept for ever, and a second implementation in numpy that makes the same bytes. */
import { readFileSync } from "node:fs";
import { floatTensor, type Metric, SplitMix64, type StateTensor, type Vectors } from "@pith/codec-core";
import { expect, test } from "vitest";
import { floats, hex, jsonLines, numpyTwin } from "../../../../tools/python/numpy-twin.ts";
import { type SpectralDftCodec, spectralDft } from "../../src/index.ts";

interface Case {
  readonly metric: Metric;
  readonly dim: number;
  readonly topK: number;
  readonly magBits: number;
  readonly phaseBits: number;
  /** Little-endian float32 in hex, like all that follows; empty where there are none. */
  readonly levels: string;
  readonly mean: string;
  readonly table: string;
  readonly rows: string;
  readonly queries: string;
}

interface Answer extends Case {
  readonly name?: string;
  readonly codes: string;
  /** Of each query with each code. */
  readonly scores: string;
}

const GOLDEN = readFileSync(new URL("../golden/dft.jsonl", import.meta.url), "utf8");
const golden = jsonLines<Answer>(GOLDEN);
const numpy = numpyTwin("spectral/dft.py", "codes of spectral-dft");

function vectors(text: string, dim: number): Vectors {
  const data = floats(text);
  return { data, dim, count: data.length / dim };
}

function codecOf({ metric, dim, topK, magBits, phaseBits, levels, mean, table }: Case): SpectralDftCodec {
  const tensors: { [name: string]: StateTensor } = {};
  if (levels) tensors["levels"] = floatTensor(floats(levels));
  if (mean) tensors["mean"] = floatTensor(floats(mean));
  if (table) tensors["scalar"] = floatTensor(floats(table));
  const params = { topK, magBits, phaseBits };
  return spectralDft.restore({ codec: "spectral-dft", version: 1, dim, metric, params, tensors });
}

function check(answer: Answer): void {
  const { dim, metric } = answer;
  const codec = codecOf(answer);
  const rows = vectors(answer.rows, dim);
  const codes = codec.encode(rows);
  expect(hex(codes.bytes)).toBe(answer.codes);
  codec.verifyCodes(codes);
  const queries = vectors(answer.queries, dim);
  const scores = new Float32Array(queries.count * codes.count);
  for (let q = 0; q < queries.count; q++)
    codec
      .scorer(metric)
      .prepare(queries.data.subarray(q * dim, (q + 1) * dim))
      .scoreInto(codes, scores.subarray(q * codes.count, (q + 1) * codes.count));
  const wanted = floats(answer.scores);
  const size = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  scores.forEach((score, i) => {
    expect(Math.abs(score - wanted[i])).toBeLessThan(1e-5 * size);
  });
}

test("there are golden codes of all forms and metrics, trained and not", () => {
  expect(golden.length).toBe(24);
  expect(new Set(golden.map(({ metric, mean }) => `${metric} ${mean === ""}`)).size).toBe(6);
});

test.each(golden)("golden codes: $name", check);

test("numpy makes the golden codes again", ({ skip }) => {
  if (!numpy.isThere()) skip();
  const codesOf = ({ rows, codes }: Answer): object => ({ rows, codes });
  expect(jsonLines<Answer>(numpy.run("golden")).map(codesOf)).toEqual(golden.map(codesOf));
});

test("numpy and TypeScript agree on random options and rows, byte for byte (seed 20264)", ({ skip }) => {
  if (!numpy.isThere()) skip();
  const random = new SplitMix64(20264);
  const cases: Case[] = Array.from({ length: 40 }, () => {
    const dim = 4 + random.below(150);
    const magBits = random.below(9);
    const normals = (count: number, by = 1): string =>
      hex(Float32Array.from({ length: count }, () => random.gaussian() * by));
    const trained = random.below(2) === 0;
    return {
      metric: (["cosine", "dot", "l2"] as const)[random.below(3)],
      dim,
      topK: random.below(Math.floor(dim / 2) + 2),
      magBits,
      phaseBits: 2 + random.below(7),
      levels: magBits
        ? hex(Float32Array.from({ length: 2 ** magBits }, (_, i) => 0.01 + i / 2 ** magBits))
        : "",
      mean: trained ? normals(dim, 0.1) : "",
      table: trained ? hex(Float32Array.from({ length: 256 }, (_, i) => i && 0.01 * 1.05 ** i)) : "",
      rows: normals(6 * dim, 10 ** (random.below(5) - 2)),
      queries: normals(2 * dim),
    };
  });
  const answers = jsonLines<Answer>(numpy.run("answer", cases.map((c) => JSON.stringify(c)).join("\n")));
  expect(answers.length).toBe(cases.length);
  answers.forEach(check);
});
