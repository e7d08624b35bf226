/** Quality on real embeddings: BEIR SciFact, found by PITH_DATA. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { kernels, recallAt, type Vectors } from "@pith/codec-core";
import { openVectors } from "@pith/codec-core/files";
import { expect, test } from "vitest";
import { int8 } from "../src/index.ts";

const folder = join(process.env["PITH_DATA"] ?? "", "scifact");
const there = process.env["PITH_DATA"] !== undefined && existsSync(folder);
if (!there)
  console.warn("skipped: int8 on scifact (set PITH_DATA; tools/datasets tells how to make the data)");

async function read(name: string): Promise<Vectors> {
  await using source = await openVectors(join(folder, name));
  for await (const block of source.rows({ blockRows: source.count })) return block;
  throw new Error(`${name} has no rows`);
}

test.skipIf(!there)("recall@10 on scifact is at least .99", async () => {
  const corpus = await read("corpus.f32.npy");
  const queries = await read("queries.f32.npy");
  const codec = int8.create({ dim: corpus.dim });
  const found = codec.scorer("cosine").topKBatch(queries, codec.encode(corpus), 10);
  const out = { slots: new Uint32Array(queries.count * 10), scores: new Float32Array(queries.count * 10) };
  kernels().floatTopK("cosine", queries.data, corpus.data, corpus.dim, 10, undefined, out);
  const exact = Array.from({ length: queries.count }, (_, q) => out.slots.subarray(q * 10, q * 10 + 10));
  expect(
    recallAt(
      10,
      found.map((hits) => hits.slots),
      exact,
    ),
  ).toBeGreaterThanOrEqual(0.99);
});
