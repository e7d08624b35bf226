/** Hits of many queries scored again with the originals of a file, which is read once, in blocks. */
import { type Hits, type Metric, rescoreHits, type Vectors } from "@pith/codec-core";
import type { PithFile } from "@pith/codec-core/files";
import { blockRows, originalBlocks } from "./code-blocks.ts";

export async function rescoreFromFile(
  file: PithFile,
  metric: Metric,
  queries: Vectors,
  hits: readonly Hits[],
  k: number,
): Promise<Hits[]> {
  const { dim } = queries;
  // Only the rows that some query wants are held.
  const wanted = new Map<number, Float32Array>();
  for (const { slots } of hits) for (const slot of slots) wanted.set(slot, new Float32Array(0));
  let start = 0;
  for await (const block of originalBlocks(file, { blockRows: blockRows(dim) })) {
    for (let row = 0; row < block.count; row++)
      if (wanted.has(start + row)) wanted.set(start + row, block.data.slice(row * dim, (row + 1) * dim));
    start += block.count;
  }
  return hits.map((found, q) => {
    const rows = new Float32Array(found.length * dim);
    found.slots.forEach((slot, i) => {
      rows.set(wanted.get(slot) as Float32Array, i * dim);
    });
    return rescoreHits(metric, queries.data.subarray(q * dim, (q + 1) * dim), found, rows, k);
  });
}
