/** What a push did, row by row where it matters: no vector is lost without standing here. */
import type { ErrorCode, Id } from "@pith/codec-core";

/** A row that isn't in the database as it was sent. */
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
  /** Every row that was tried and isn't there. */
  readonly failed: readonly FailedRow[];
  /** Rows from here on were never tried; `rows` where all were. Where a later push may begin. */
  readonly nextRow: number;
  /** Failures that a later attempt made good. */
  readonly retries: number;
  readonly seconds: number;
  /** Undefined where the push ended before. */
  readonly check: PushCheck | undefined;
}
