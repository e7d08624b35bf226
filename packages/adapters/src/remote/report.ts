/** What a push did, row by row where it matters: no vector is lost without standing here. */
import { type ErrorCode, type Id, PithError, quote, SplitMix64 } from "@pith/codec-core";

/** A row that isn't known to be in the database as it was sent; one whose answer was lost may be there. */
export interface FailedRow {
  readonly row: number;
  readonly id: Id;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** What was read back after a push. */
export interface PushCheck {
  /** Points that the database counts. */
  readonly points: number;
  /** Rows whose checksums were read back and compared, chosen by a seeded generator. */
  readonly sampled: number;
}

export interface PushReport {
  /** Rows of the source. */
  readonly rows: number;
  /** Rows that the database took. */
  readonly stored: number;
  /** Rows that were there already, with the same checksum. */
  readonly skipped: number;
  /** Every row that was tried and isn't known to be there. */
  readonly failed: readonly FailedRow[];
  /** Rows from here on were never tried; `rows` where all were. Where a later push may begin. */
  readonly nextRow: number;
  /** Failures that a later attempt made good. */
  readonly retries: number;
  readonly seconds: number;
  /** Undefined where the push ended before. */
  readonly check: PushCheck | undefined;
}

/** Of a push that didn't store all rows: PARTIAL_FAILURE, or where it stored none the code that says why. */
export function pushFailure(report: PushReport, reason: PithError | undefined): PithError {
  const { stored, skipped, rows, failed, nextRow } = report;
  const [first] = failed;
  const unsent = nextRow < rows ? `, ${rows - nextRow} not sent` : "";
  const why = reason?.message ?? `id ${quote(String(first.id))}: ${first.reason}`;
  const cause = reason?.code ?? first.code;
  if (cause === "ABORTED")
    return new PithError(cause, `${why}: ${stored + skipped} of ${rows} rows are stored`, { report });
  if (stored + skipped === 0) return new PithError(cause, why, { ...reason?.details, report });
  return new PithError(
    "PARTIAL_FAILURE",
    `${stored + skipped} of ${rows} rows are stored, ${failed.length} failed${unsent}: ${why}`,
    { report, cause },
  );
}

/** `sample` rows from `from` to `count`, or all where there are fewer; the same for the same seed. */
export function sampleRows(from: number, count: number, sample: number, seed: number): Set<number> {
  const most = count - from;
  const wanted = new Set<number>();
  if (sample >= most) for (let row = from; row < count; row++) wanted.add(row);
  const random = new SplitMix64(seed);
  while (wanted.size < Math.min(sample, most)) wanted.add(from + Math.floor(random.uniform() * most));
  return wanted;
}
