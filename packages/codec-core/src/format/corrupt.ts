/** What the readers say of a file that breaks its format. */
import { PithError } from "../errors.ts";

export { quote } from "../errors.ts";

/** @returns a CORRUPT_FILE error with a one-line reason */
export function corrupt(reason: string, details: Record<string, unknown> = {}): PithError {
  return new PithError("CORRUPT_FILE", reason, details);
}
