/** Rows of a file that are spread over all of it, gathered in one pass: what is held is the sample and one block. */
import { PithError, type SplitMix64, type Vectors } from "@pith/codec-core";
import type { RowSource } from "@pith/codec-core/files";
import { abortIf } from "./abort.ts";
import { blockRows, checkBlock } from "./code-blocks.ts";

/** Most bytes of a sample that a user asked for. */
const MAX_SAMPLE_BYTES = 2 ** 30;

/** Below one wanted row in so many, rows are read one by one. */
const SPARSE = 32;

/** Rows read one by one between two words of progress. */
const ROWS_A_TURN = 256;

/** `n` of `count` rows, ascending: the middle of each of `n` equal parts, or a random place in each. */
export function spreadRows(count: number, n: number, random?: SplitMix64): number[] {
  const size = Math.min(n, count);
  return Array.from({ length: size }, (_, i) => {
    if (!random) return Math.floor(((i + 0.5) * count) / size);
    const [start, end] = [Math.floor((i * count) / size), Math.floor(((i + 1) * count) / size)];
    return start + Math.floor(random.uniform() * (end - start));
  });
}

/** Rows of this dim that take no more than so many bytes as float32, at least one. */
export function rowsWithin(bytes: number, dim: number): number {
  return Math.max(1, Math.floor(bytes / (4 * dim)));
}

/** @throws LIMIT_EXCEEDED where that many rows would take more than 1 GiB */
export function checkSampleRows(option: string, rows: number, dim: number): number {
  const limit = rowsWithin(MAX_SAMPLE_BYTES, dim);
  if (rows <= limit) return rows;
  throw new PithError(
    "LIMIT_EXCEEDED",
    `${option}: expected at most ${limit} rows of dim ${dim}, which take 1 GiB, got ${rows}`,
    { limit, actual: rows },
  );
}

export interface GatherOptions {
  readonly signal?: AbortSignal | undefined;
  /** Rows gathered so far. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/** These rows of a file; ascending. @throws NOT_FINITE with the row in the file, IO, ABORTED, and what reading throws */
export async function gatherRows(
  source: RowSource,
  rows: readonly number[],
  { signal, onProgress }: GatherOptions = {},
): Promise<Vectors> {
  const { dim, count } = source;
  const data = new Float32Array(rows.length * dim);
  let taken = 0;
  const takeFrom = (block: Vectors, first: number): void => {
    for (; taken < rows.length && rows[taken] < first + block.count; taken++) {
      const at = rows[taken] - first;
      const row = block.data.subarray(at * dim, (at + 1) * dim);
      checkBlock(source.path, { data: row, dim, count: 1 }, rows[taken]);
      data.set(row, taken * dim);
    }
  };
  // A row of text is reached by parsing those before it.
  const text = source.format === "jsonl" || source.format === "csv";
  if (!text && rows.length * SPARSE < count)
    while (taken < rows.length) {
      const start = rows[taken];
      for await (const row of source.rows({ start, end: start + 1 })) takeFrom(row, start);
      if (taken % ROWS_A_TURN === 0) onProgress?.(taken);
      abortIf(signal);
    }
  else if (rows.length > 0) {
    let first = rows[0];
    for await (const block of source.rows({ start: first, blockRows: blockRows(dim) })) {
      abortIf(signal);
      takeFrom(block, first);
      first += block.count;
      onProgress?.(taken);
      if (taken === rows.length) break;
    }
  }
  return { data, dim, count: rows.length };
}
