/** Both encoders on real embeddings: BEIR SciFact, found by PITH_DATA. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { kernels, recallAt, unitRows, type Vectors } from "@pith/codec-core";
import { openVectors } from "@pith/codec-core/files";
import { expect, test } from "vitest";
import { type SpecEncoder, turboquantSpec } from "../src/index.ts";

const folder = join(process.env["PITH_DATA"] ?? "", "scifact");
const there = process.env["PITH_DATA"] !== undefined && existsSync(folder);
if (!there)
  console.warn("skipped: turboquant on scifact (set PITH_DATA; tools/datasets tells how to make the data)");

async function read(name: string): Promise<Vectors> {
  await using source = await openVectors(join(folder, name));
  for await (const block of source.rows({ blockRows: source.count })) return block;
  throw new Error(`${name} has no rows`);
}

test.skipIf(!there)(
  "recall@10 on scifact at 2 and 4 bits: ls beats absmax, with less error",
  async () => {
    const corpus = await read("corpus.f32.npy");
    const queries = await read("queries.f32.npy");
    const out = { slots: new Uint32Array(queries.count * 10), scores: new Float32Array(queries.count * 10) };
    kernels().floatTopK("cosine", queries.data, corpus.data, corpus.dim, 10, undefined, out);
    const exact = Array.from({ length: queries.count }, (_, q) => out.slots.subarray(q * 10, q * 10 + 10));
    const rows = unitRows(corpus.data, corpus.dim);
    const measure = (bits: number, encoder: SpecEncoder): { recall: number; error: number } => {
      const codec = turboquantSpec.create({ dim: corpus.dim, bits, encoder });
      const codes = codec.encode(corpus);
      const found = codec.scorer("cosine").topKBatch(queries, codes, 10);
      const squares = codec.decode(codes).data.reduce((sum, x, i) => sum + (x - rows[i]) ** 2, 0);
      const slots = found.map((hits) => hits.slots);
      return { recall: recallAt(10, slots, exact), error: squares / corpus.count };
    };
    for (const [bits, least] of [
      [2, 0.86],
      [4, 0.96],
    ]) {
      const [absmax, ls] = [measure(bits, "absmax"), measure(bits, "ls")];
      expect(ls.error).toBeLessThan(0.9 * absmax.error);
      expect(ls.recall).toBeGreaterThan(absmax.recall);
      expect(ls.recall).toBeGreaterThanOrEqual(least);
    }
  },
  60_000,
);
