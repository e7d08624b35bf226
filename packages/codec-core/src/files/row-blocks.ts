/** Cuts a range of rows into blocks. */
import { PithError } from "../errors.ts";

export interface RowRange {
  /** First row, default 0. */
  readonly start?: number | undefined;
  /** The row after the last one, default the number of rows. */
  readonly end?: number | undefined;
  /** Rows at a time; default about 4 MiB of them. */
  readonly blockRows?: number | undefined;
  /** Looked at before each block. */
  readonly signal?: AbortSignal | undefined;
}

const BLOCK_BYTES = 4 * 2 ** 20;

/** @throws INVALID_ARGUMENT outside of 0..total, ABORTED */
export function* rowBlocks(
  total: number,
  rowBytes: number,
  { start = 0, end = total, blockRows, signal }: RowRange,
): Generator<{ start: number; count: number }, void, undefined> {
  const rows = blockRows ?? Math.max(1, Math.floor(BLOCK_BYTES / Math.max(1, rowBytes)));
  if (!Number.isInteger(rows) || rows < 1)
    throw new PithError("INVALID_ARGUMENT", `blockRows: expected an integer from 1, got ${rows}`, {
      actual: rows,
    });
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > total)
    throw new PithError("INVALID_ARGUMENT", `expected rows within 0 to ${total}, got ${start} to ${end}`, {
      expected: [0, total],
      actual: [start, end],
    });
  for (let at = start; at < end; at += rows) {
    if (signal?.aborted) throw new PithError("ABORTED", "reading was aborted", {}, { cause: signal.reason });
    yield { start: at, count: Math.min(rows, end - at) };
  }
}
