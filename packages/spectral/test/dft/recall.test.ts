/** recall@10 by cosine on real embeddings, without rescoring, trained on the corpus: bytes counted in full. */
import { kernels, recallAt } from "@pith/codec-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type SpectralDftParams, spectralDft } from "../../src/index.ts";
import { type DataSet, embeddings, isThere } from "./data.ts";

interface Goal extends Partial<SpectralDftParams> {
  /** Stride, the scalar included. */
  readonly bytes: number;
  readonly least: number;
}

/** SpectraLTM's allocations, then ones with fewer bits for magnitudes and phases. */
const GOALS: { readonly [D in DataSet]: readonly Goal[] } = {
  scifact: [
    { topK: 8, magBits: 8, phaseBits: 8, bytes: 24, least: 0.33 },
    { topK: 32, magBits: 8, phaseBits: 8, bytes: 83, least: 0.605 },
    { topK: 64, magBits: 8, phaseBits: 8, bytes: 154, least: 0.74 },
    { bytes: 25, least: 0.52 },
    { topK: 95, phaseBits: 2, bytes: 49, least: 0.7 },
    { topK: 143, magBits: 1, bytes: 97, least: 0.83 },
  ],
  debian: [
    { topK: 8, magBits: 8, phaseBits: 8, bytes: 24, least: 0.29 },
    { topK: 32, magBits: 8, phaseBits: 8, bytes: 83, least: 0.58 },
    { bytes: 25, least: 0.47 },
  ],
};

describe.each(Object.keys(GOALS) as DataSet[])("%s", (name) => {
  const there = isThere(name);
  let measure: (goal: Goal) => number;

  beforeAll(async () => {
    if (!there) return;
    const { corpus, queries } = await embeddings(name);
    const { dim } = corpus;
    const out = { slots: new Uint32Array(queries.count * 10), scores: new Float32Array(queries.count * 10) };
    kernels().floatTopK("cosine", queries.data, corpus.data, dim, 10, undefined, out);
    const exact = Array.from({ length: queries.count }, (_, q) => out.slots.subarray(q * 10, q * 10 + 10));
    measure = ({ bytes, least: _, ...options }) => {
      const codec = spectralDft.train(corpus, { dim, ...options });
      expect(codec.stride).toBe(bytes);
      const codes = codec.encode(corpus);
      expect(codec.clamped(codes)).toBe(0);
      const found = codec.scorer("cosine").topKBatch(queries, codes, 10);
      return recallAt(
        10,
        found.map(({ slots }) => slots),
        exact,
      );
    };
  }, 60_000);

  for (const goal of GOALS[name])
    test.skipIf(!there)(
      `${goal.topK ?? "an eighth of all"} coefficients, ${goal.magBits ?? 0} + ${goal.phaseBits ?? 3} bits, ${goal.bytes} bytes: ${goal.least} or more`,
      () => {
        expect(measure(goal)).toBeGreaterThanOrEqual(goal.least);
      },
      300_000,
    );
});
