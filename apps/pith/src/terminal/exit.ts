/**
 * Errors of a command: one line on standard error; exit code 2 where the input was bad, 1 where something failed.
 * Stack traces only with --debug.
 */
import { type ErrorCode, isPithError } from "@pith/codec-core";
import { printable } from "./printable.ts";

export const EXIT_FAILURE = 1;
export const EXIT_BAD_INPUT = 2;
/** As shells report a process that Ctrl-C ended. */
export const EXIT_INTERRUPTED = 130;

/** Codes that tell of a machine, this one or a server's, or of us, not of the input. */
const FAILURES: ReadonlySet<ErrorCode> = new Set([
  "IO",
  "INTERNAL",
  "BACKEND_UNAVAILABLE",
  "UNAUTHORIZED",
  "UNAVAILABLE",
  "REMOTE_REFUSED",
  "PARTIAL_FAILURE",
]);

export function exitCodeOf(error: unknown): number {
  if (!isPithError(error)) return EXIT_FAILURE;
  if (error.code === "ABORTED") return EXIT_INTERRUPTED;
  return FAILURES.has(error.code) ? EXIT_FAILURE : EXIT_BAD_INPUT;
}

export function errorLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code: ErrorCode = isPithError(error) ? error.code : "INTERNAL";
  return `pith: ${printable(text.trim().replaceAll(/\s*[\r\n]\s*/g, " "))} [${code}]`;
}

export function reportError(error: unknown, debug: boolean): number {
  process.stderr.write(`${errorLine(error)}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCodeOf(error);
}
