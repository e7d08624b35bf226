/** The stated standard error: 68.3% of scores within one of it, 95.4% within two, on data that training never saw. */
import { kernels, sliceVectors, unitRows, type Vectors } from "@pith/codec-core";
import { expect, test } from "vitest";
import { type TurboquantBits, type TurboquantCodec, turboquant } from "../../src/index.ts";
import { embeddings, gaussian, isThere } from "./data.ts";

const BITS: readonly TurboquantBits[] = [1, 2, 3, 4, 8];

/** Share of all scores within one and two standard errors of the exact one. `queries` have length 1. */
function coverage(codec: TurboquantCodec, rows: Vectors, queries: Vectors): readonly [number, number] {
  const { dim, count } = rows;
  const codes = codec.encode(rows);
  const errors = codec.standardError(codes);
  const [found, exact] = [new Float32Array(count), new Float32Array(count)];
  const within = [0, 0];
  for (let at = 0; at < queries.data.length; at += dim) {
    const query = queries.data.slice(at, at + dim);
    codec.scorer(codec.metric).prepare(query).scoreInto(codes, found);
    kernels().floatScores(codec.metric, query, rows.data, dim, exact);
    for (let i = 0; i < count; i++) {
      const off = Math.abs(found[i] - exact[i]) / errors[i];
      if (off <= 1) within[0]++;
      if (off <= 2) within[1]++;
    }
  }
  const total = count * queries.count;
  return [within[0] / total, within[1] / total];
}

function units(v: Vectors): Vectors {
  return { ...v, data: unitRows(v.data, v.dim) };
}

test.each(BITS)(
  "of normal rows and queries, %i bits: 68.3% and 95.4%, to 1.5 and 1 points (seeded)",
  (bits) => {
    const [sample, rows] = [gaussian(200, 384, 1), gaussian(250, 384, 2)];
    const queries = units(gaussian(24, 384, 3));
    for (const codec of [
      turboquant.train(sample, { dim: 384, bits, metric: "cosine" }),
      turboquant.create({ dim: 384, bits, metric: "dot" }),
      turboquant.train(sample, { dim: 384, bits, metric: "l2" }),
      ...(bits < 8 ? [turboquant.create({ dim: 384, bits, trellis: true })] : []),
    ]) {
      const [one, two] = coverage(codec, rows, queries);
      expect(Math.abs(one - 0.683), `${codec.metric}, within one: ${one}`).toBeLessThan(0.015);
      expect(Math.abs(two - 0.954), `${codec.metric}, within two: ${two}`).toBeLessThan(0.01);
    }
  },
  30_000,
);

test.skipIf(!isThere("scifact"))(
  "of SciFact, trained on the even rows, tested on the odd ones and 40 queries: to 1 and half a point",
  async () => {
    const { corpus, queries } = await embeddings("scifact");
    const half = (odd: number): Vectors => {
      const rows = Array.from({ length: corpus.count >> 1 }, (_, i) => 2 * i + odd);
      const data = new Float32Array(rows.length * corpus.dim);
      rows.forEach((row, i) => {
        data.set(corpus.data.subarray(row * corpus.dim, (row + 1) * corpus.dim), i * corpus.dim);
      });
      return { data, dim: corpus.dim, count: rows.length };
    };
    for (const [bits, trellis] of [...BITS.map((bits) => [bits, false] as const), [2, true] as const]) {
      const codec = turboquant.train(half(0), { dim: corpus.dim, bits, trellis });
      const [one, two] = coverage(codec, half(1), units(sliceVectors(queries, 0, 40)));
      expect(Math.abs(one - 0.683), `${bits} bits, within one: ${one}`).toBeLessThan(0.01);
      expect(Math.abs(two - 0.954), `${bits} bits, within two: ${two}`).toBeLessThan(0.005);
    }
  },
  120_000,
);
