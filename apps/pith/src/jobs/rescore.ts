/**
 * Hits of many queries scored again with what a file keeps beside its codes: the originals, or the codes of a finer codec.
 * Rows are read in the order of the file, whole blocks where many of a block are wanted and one by one where few are; what is
 * held is a block and the scores.
 */
import { type Hits, kernels, type Metric, PithError, TopK, unitRows, type Vectors } from "@pith/codec-core";
import { type PithFile, withPath } from "@pith/codec-core/files";
import { abortIf } from "./abort.ts";
import { blockRows, restoreCodec } from "./code-blocks.ts";

/** Candidates for each wanted hit. */
export const OVERSAMPLE = 4;

/** Below one wanted row in so many, rows are read one by one. */
const SPARSE = 32;

/** Whether a file keeps something to score hits again with. */
export function canRescore(file: PithFile): boolean {
  return file.has("vectors") || file.has("rescore.codes");
}

/** @throws NOT_SUPPORTED where the file keeps nothing for it */
export function checkRescore(file: PithFile): void {
  if (canRescore(file)) return;
  throw withPath(
    new PithError("NOT_SUPPORTED", "nothing is kept to score hits again with; compress with --keep"),
    file.path,
  );
}

/** The k best of each query's hits by their new scores. Equal scores rank by the lower row. */
export async function rescore(
  file: PithFile,
  metric: Metric,
  queries: Vectors,
  hits: readonly Hits[],
  k: number,
  signal?: AbortSignal,
): Promise<Hits[]> {
  const score = await rowScorer(file, metric, queries);
  const tensor = file.has("vectors") ? "vectors" : "rescore.codes";
  const best = hits.map(({ length }) => new TopK(Math.max(1, Math.min(k, length))));
  const wanted = inRowOrder(hits);
  const step = blockRows(queries.dim);
  const rowOf = (i: number): number => hits[wanted.query[i]].slots[wanted.place[i]];
  for (let i = 0; i < wanted.query.length; ) {
    abortIf(signal);
    const start = Math.floor(rowOf(i) / step) * step;
    let after = i;
    while (after < wanted.query.length && rowOf(after) < start + step) after++;
    const end = Math.min(start + step, file.info.count);
    const whole = (after - i) * SPARSE >= end - start;
    let [from, to] = [start, whole ? end : start];
    let rows = whole ? await read(file, tensor, from, to) : new Uint8Array(0);
    for (; i < after; i++) {
      const row = rowOf(i);
      if (row >= to) {
        [from, to] = [row, row + 1];
        rows = await read(file, tensor, from, to);
      }
      const stride = rows.length / (to - from);
      const q = wanted.query[i];
      best[q].push(row, score(q, rows.subarray((row - from) * stride, (row - from + 1) * stride)));
    }
  }
  return best.map((top) => top.hits());
}

async function read(file: PithFile, tensor: string, start: number, end: number): Promise<Uint8Array> {
  for await (const { bytes } of file.rows(tensor, { start, end, blockRows: end - start })) return bytes;
  throw new PithError("INTERNAL", `rows ${start} to ${end} weren't read`);
}

/** The score of a query and the bytes of a row. */
async function rowScorer(
  file: PithFile,
  metric: Metric,
  { data, dim, count }: Vectors,
): Promise<(query: number, row: Uint8Array) => number> {
  const out = new Float32Array(1);
  if (file.has("vectors")) {
    const half = file.tensor("vectors").dtype === "F16";
    const units = metric === "cosine" ? unitRows(data, dim) : data;
    return (query, { buffer, byteOffset }) => {
      const row = half ? new Uint16Array(buffer, byteOffset, dim) : new Float32Array(buffer, byteOffset, dim);
      kernels().floatScores(metric, units.subarray(query * dim, (query + 1) * dim), row, dim, out);
      return out[0];
    };
  }
  const codec = await restoreCodec(file, "rescore.codes");
  const scorer = codec.scorer(metric);
  const prepared = Array.from({ length: count }, (_, q) =>
    scorer.prepare(data.subarray(q * dim, (q + 1) * dim)),
  );
  return (query, bytes) => {
    prepared[query].scoreInto({ bytes, stride: codec.stride, count: 1 }, out);
    return out[0];
  };
}

/** All hits as (query, place among its hits), by row. */
function inRowOrder(hits: readonly Hits[]): { query: Uint32Array; place: Uint32Array } {
  const starts = [0];
  for (const { length } of hits) starts.push(starts[starts.length - 1] + length);
  const total = starts[hits.length];
  const owner = new Uint32Array(total);
  const order = new BigUint64Array(total);
  hits.forEach(({ slots, length }, q) => {
    owner.fill(q, starts[q], starts[q + 1]);
    // Row and number in one integer that sorts.
    for (let i = 0; i < length; i++) order[starts[q] + i] = (BigInt(slots[i]) << 32n) | BigInt(starts[q] + i);
  });
  order.sort();
  const numbers = Uint32Array.from(order, (key) => Number(BigInt.asUintN(32, key)));
  const query = numbers.map((n) => owner[n]);
  return { query, place: numbers.map((n, i) => n - starts[query[i]]) };
}
