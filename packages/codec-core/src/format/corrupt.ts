/** What the readers say of a file that breaks its format. */
import { PithError } from "../errors.ts";

/** @returns a CORRUPT_FILE error with a one-line reason */
export function corrupt(reason: string, details: Record<string, unknown> = {}): PithError {
  return new PithError("CORRUPT_FILE", reason, details);
}

/** A string of a stranger, fit for one line of text: escaped, and cut where it is long. */
export function quote(text: string, longest: number = 60): string {
  return JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text);
}
