/**
 * What `pith tune` measures on: a seeded sample of a file, a row from each of as many equal parts, so that a file in any order
 * is sampled throughout; and queries, held out of it unless they are given.
 */
import { PithError, SplitMix64, sliceVectors, type Vectors } from "@pith/codec-core";
import { type RowSource, withPath } from "@pith/codec-core/files";
import { checkSampleRows, gatherRows, rowsWithin, spreadRows } from "./row-sample.ts";

export const TUNE_ROWS = 20_000;
export const TUNE_QUERIES = 500;
/** Most bytes of the rows, unless told how many. */
const TUNE_BYTES = 256 * 2 ** 20;

export interface TuneSample {
  readonly rows: Vectors;
  /** Row in the file of each of them. */
  readonly rowNumbers: readonly number[];
  readonly queries: Vectors;
}

export interface TuneSampleJob {
  readonly source: RowSource;
  /** Default: rows of the source. */
  readonly queries?: RowSource | undefined;
  /** Most rows to search; default 20,000, fewer where they take more than 256 MiB. */
  readonly rows?: number | undefined;
  readonly k: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((rows: number, total: number) => void) | undefined;
}

/** @throws EMPTY_INPUT (no more than k rows), LIMIT_EXCEEDED, DIM_MISMATCH, NOT_FINITE, IO, ABORTED */
export async function drawTuneSample(job: TuneSampleJob): Promise<TuneSample> {
  const { source, queries: given, k, signal } = job;
  const { dim, count } = source;
  if (given && given.dim !== dim)
    throw withPath(
      new PithError("DIM_MISMATCH", `expected queries of dim ${dim}, got ${given.dim}`, {
        expected: dim,
        actual: given.dim,
      }),
      given.path,
    );
  if (given?.count === 0)
    throw withPath(new PithError("EMPTY_INPUT", "expected queries, got no rows"), given.path);
  const most = checkSampleRows("--sample", job.rows ?? Math.min(TUNE_ROWS, rowsWithin(TUNE_BYTES, dim)), dim);
  const searched = Math.min(most, count);
  const held = given ? 0 : Math.max(1, Math.min(TUNE_QUERIES, Math.floor(searched / 10)));
  const total = Math.min(count, searched + held);
  if (total - held <= k)
    throw withPath(
      new PithError(
        "EMPTY_INPUT",
        `expected more than ${k} vectors to search${held > 0 ? ` beside ${held} held out` : ""}, got ${Math.max(0, total - held)}`,
        { expected: k + 1, actual: total - held },
      ),
      source.path,
    );
  const random = new SplitMix64(job.seed);
  const numbers = spreadRows(count, total, random);
  const asked = new Set(spreadRows(total, held, random));
  const all = await gatherRows(source, numbers, {
    signal,
    onProgress: job.onProgress && ((rows) => job.onProgress?.(rows, total)),
  });
  const queries = given
    ? await gatherRows(given, spreadRows(given.count, TUNE_QUERIES, random), { signal })
    : { data: new Float32Array(held * dim), dim, count: held };
  // Queries move out and the rows close up, in the memory that they have.
  let [kept, taken] = [0, 0];
  for (let i = 0; i < total; i++) {
    const row = all.data.subarray(i * dim, (i + 1) * dim);
    if (asked.has(i)) queries.data.set(row, taken++ * dim);
    else all.data.set(row, kept++ * dim);
  }
  const rowNumbers = numbers.filter((_, i) => !asked.has(i));
  return { rows: sliceVectors(all, 0, kept), rowNumbers, queries };
}
