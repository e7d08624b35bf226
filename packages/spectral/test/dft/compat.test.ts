/** SpectraLTM 0.1's codes and scores: golden records, and a second implementation in numpy that makes them. */
import { readFileSync } from "node:fs";
import { SplitMix64, type Vectors } from "@pith/codec-core";
import { expect, test } from "vitest";
import { floats, hex, jsonLines, numpyTwin } from "../../../../tools/python/numpy-twin.ts";
import { SpectralEncoder, SpectralIndex } from "../../src/index.ts";

interface Case {
  readonly dim: number;
  readonly topK: number;
  readonly magBits: number;
  readonly phaseBits: number;
  readonly normBits: number;
  /** Whether the rows are the sample too. */
  readonly calibrated: boolean;
  /** Little-endian float32 in hex. */
  readonly rows: string;
  readonly queries: string;
}

interface Answer extends Case {
  readonly name?: string;
  readonly magnitudes: string;
  readonly idx: number[];
  readonly magQ: number[];
  readonly phaseQ: number[];
  readonly normQ: number[];
  /** Of each query with each row. */
  readonly scores: string;
}

const golden = jsonLines<Answer>(
  readFileSync(new URL("../golden/spectraltm.jsonl", import.meta.url), "utf8"),
);
const numpy = numpyTwin("spectral/spectraltm.py", "SpectraLTM's codes");

function vectors(text: string, dim: number): Vectors {
  const data = floats(text);
  return { data, dim, count: data.length / dim };
}

function check(answer: Answer): void {
  const { dim, topK, magBits, phaseBits, normBits } = answer;
  const encoder = new SpectralEncoder({ dim, topK, magBits, phaseBits, normBits, compat: "spectraltm-0.1" });
  const rows = vectors(answer.rows, dim);
  if (answer.calibrated) encoder.calibrate(rows);
  const grid = floats(answer.magnitudes);
  encoder.grids.magnitude.forEach((x, i) => {
    expect(Math.abs(x - grid[i])).toBeLessThanOrEqual(2 ** -22 * x);
  });
  // From here on with the very grid of the record: engines differ in the last bit of exp.
  encoder.setGrids({ ...encoder.grids, magnitude: grid });
  const codes = encoder.encodeBatch(rows);
  const { idx, magQ, phaseQ, normQ } = answer;
  expect({
    idx: [...codes.idx],
    magQ: [...codes.magQ],
    phaseQ: [...codes.phaseQ],
    normQ: [...codes.normQ],
  }).toEqual({ idx, magQ, phaseQ, normQ });
  const index = new SpectralIndex(encoder);
  index.addEmbeddings(rows);
  const scores = floats(answer.scores);
  const queries = vectors(answer.queries, dim);
  for (let q = 0; q < queries.count; q++) {
    const query = queries.data.subarray(q * dim, (q + 1) * dim);
    for (let row = 0; row < rows.count; row++)
      expect(Math.abs(index.scoreOne(query, row) - scores[q * rows.count + row])).toBeLessThan(1e-6);
  }
}

test.each(golden)("golden codes: $name", check);

test("numpy makes the golden codes again", ({ skip }) => {
  if (!numpy.isThere()) skip();
  const again = jsonLines<Answer>(numpy.run("golden"));
  const codesOf = ({ idx, magQ, phaseQ, normQ, rows }: Answer): object => ({
    idx,
    magQ,
    phaseQ,
    normQ,
    rows,
  });
  expect(again.map(codesOf)).toEqual(golden.map(codesOf));
});

test("numpy and TypeScript agree on random options and rows (seed 20263)", ({ skip }) => {
  if (!numpy.isThere()) skip();
  const random = new SplitMix64(20263);
  const cases: Case[] = Array.from({ length: 30 }, () => {
    const dim = 4 + random.below(200);
    const rows = (count: number): string =>
      hex(Float32Array.from({ length: count * dim }, () => random.gaussian() * 10 ** (random.below(3) - 2)));
    return {
      dim,
      topK: 1 + random.below(Math.floor(dim / 2) + 1),
      magBits: random.below(9),
      phaseBits: random.below(9),
      normBits: random.below(17),
      calibrated: random.below(2) === 0,
      rows: rows(5),
      queries: rows(2),
    };
  });
  const answers = jsonLines<Answer>(numpy.run("answer", cases.map((c) => JSON.stringify(c)).join("\n")));
  expect(answers.length).toBe(cases.length);
  answers.forEach(check);
});
