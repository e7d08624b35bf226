/** What the operating system says, as typed errors of one line. */
import { type ErrorCode, isPithError, PithError } from "../errors.ts";
import { quote } from "../format/corrupt.ts";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBUSY: "the file is in use",
  EDQUOT: "the disk quota is used up",
  EEXIST: "there is a file already",
  EFBIG: "the file would be larger than the system allows",
  EIO: "the device failed",
  EISDIR: "it is a folder",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many open files",
  ENODEV: "no such device",
  ENOENT: "there is no such file or folder",
  ENOSPC: "no room is left on the device",
  ENOTDIR: "a part of the path is no folder",
  EPERM: "the operation isn't permitted",
  EROFS: "the file system is read-only",
};

const READING: Readonly<Record<string, ErrorCode>> = {
  ENOENT: "FILE_NOT_FOUND",
  ENOTDIR: "FILE_NOT_FOUND",
  EISDIR: "NOT_A_FILE",
  ENXIO: "NOT_A_FILE",
};

/** An error of the file system as a PithError; one of ours as it is. */
export function readError(error: unknown, path: string): PithError {
  return toPithError(error, path, "read", READING);
}

export function writeError(error: unknown, path: string): PithError {
  return toPithError(error, path, "write", { EISDIR: "NOT_A_FILE" });
}

/** The error of a reader or writer that knows no path, with the path in front. */
export function withPath(error: unknown, path: string): unknown {
  if (!isPithError(error) || error.details["path"] !== undefined) return error;
  return new PithError(
    error.code,
    `${quotePath(path)}: ${error.message}`,
    { ...error.details, path },
    { cause: error },
  );
}

/** A path for one line of text. */
export function quotePath(path: string): string {
  return quote(path, 400);
}

function toPithError(
  error: unknown,
  path: string,
  verb: string,
  codes: Readonly<Record<string, ErrorCode>>,
): PithError {
  if (isPithError(error)) return withPath(error, path) as PithError;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ERR_INVALID_ARG_VALUE" || code === "ERR_INVALID_ARG_TYPE")
    return new PithError("INVALID_ARGUMENT", `${quotePath(path)} is no path`, { path }, { cause: error });
  const reason = (code && REASONS[code]) ?? code ?? message;
  return new PithError(
    (code && codes[code]) || "IO",
    `can't ${verb} ${quotePath(path)}: ${reason}`,
    { path, ...(code ? { errno: code } : {}) },
    { cause: error },
  );
}
