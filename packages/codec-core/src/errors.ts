/**
 * One error class with stable codes. Callers branch on `code`, never on the text; `details` carries what
 * was expected and what came, so that a program can act on it.
 */
export type ErrorCode =
  | "DIM_MISMATCH" // a vector, query or code has another dim than the codec
  | "DIM_UNSUPPORTED" // a dim outside of 1..65,536 or of what the codec serves
  | "LENGTH_MISMATCH" // a buffer isn't as long as its shape says
  | "NOT_FINITE" // NaN or an infinity in the input, with row and column
  | "INVALID_ARGUMENT" // anything else wrong with an argument
  | "INVALID_OPTION" // unknown option or a value outside of its schema
  | "UNSUPPORTED_METRIC" // the codec's manifest doesn't list the metric
  | "NOT_SUPPORTED" // the codec's manifest says that it can't do this
  | "UNKNOWN_CODEC" // no family of that name in the registry
  | "CODEC_MISMATCH" // codes or a file of another codec
  | "VERSION_UNSUPPORTED" // a newer codec or file version
  | "DUPLICATE_ID"
  | "UNKNOWN_ID"
  | "ID_COUNT_MISMATCH"
  | "SAMPLE_TOO_SMALL" // a trained codec wants more rows
  | "CORRUPT_CODES" // a code no encoder writes
  | "CORRUPT_FILE" // a file that breaks its format: cut, flipped, hostile
  | "CHECKSUM_MISMATCH"
  | "LIMIT_EXCEEDED" // beyond a limit that the caller can change
  | "UNSUPPORTED_FORMAT" // a file that we can't read, or a dtype in it
  | "FILE_NOT_FOUND"
  | "NOT_A_FILE" // a folder, a device
  | "EMPTY_INPUT"
  | "COLLECTION_MISMATCH" // a database's collection of another kind, metric or codec than asked for
  | "UNAUTHORIZED" // a server refused the key
  | "UNAVAILABLE" // a server that is down, too slow or too busy, after every attempt
  | "REMOTE_REFUSED" // a server refused the request as such
  | "PARTIAL_FAILURE" // some rows are stored, others aren't; `details.report` says which
  | "IO" // the operating system refused: no room, no permission
  | "IN_USE" // another process, or another part of this one, has it open for writing
  | "ABORTED"
  | "DISPOSED"
  | "BACKEND_UNAVAILABLE"
  | "INTERNAL"; // a fault of ours: a panic in the native core, a broken law

export class PithError extends Error {
  override readonly name = "PithError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    details: Record<string, unknown> = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** Narrows an unknown error to a PithError, of that code if one is given. */
export function isPithError(error: unknown, code?: ErrorCode): error is PithError {
  // By name too: a second copy of this package in a tree of dependencies has another class.
  const ours = error instanceof PithError || (error instanceof Error && error.name === "PithError");
  return ours && (code === undefined || (error as PithError).code === code);
}

/** What JSON leaves as it is and a terminal obeys: control characters, line separators, changes of direction. */
const UNPRINTABLE = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A string of a stranger, fit for one line of text: escaped, and cut where it is long. */
export function quote(text: string, longest: number = 60): string {
  const short = JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text);
  return short.replace(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A value for an error's text: short, on one line, and without running code of the value's own. */
export function shown(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "function" || (typeof value === "object" && value !== null))
    return Array.isArray(value) ? "an array" : `a${typeof value === "object" ? "n object" : " function"}`;
  return String(value);
}
