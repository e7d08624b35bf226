/**
 * How many threads the native kernels use: one for calls that JavaScript waits for, all that the process may run for
 * those off the event loop. `PITH_THREADS` or `useThreads` set both. The results are the same bits with any number.
 */
import { PithError, shown } from "../errors.ts";
import { loadNative } from "./native.ts";

export interface Threads {
  /** For calls that JavaScript waits for. */
  readonly sync: number;
  /** For calls off the event loop that aren't given a number. */
  readonly async: number;
}

export const MAX_THREADS = 1024;

let chosen: number | undefined;
let environment: number | undefined;
let environmentRead = false;

/** Sets the threads of all calls in this process (each worker has a setting of its own); undefined goes back to the default. @throws INVALID_ARGUMENT */
export function useThreads(count: number | undefined): void {
  chosen = count === undefined ? undefined : checkThreads(count);
}

/** The threads in use. 1 without the native addon. @throws INVALID_ARGUMENT where PITH_THREADS isn't a number of threads */
export function threads(): Threads {
  const native = loadNative();
  if (!("isas" in native)) return { sync: 1, async: 1 };
  const count = chosen ?? fromEnvironment();
  return { sync: count ?? 1, async: count ?? native.parallelism };
}

/** @throws INVALID_ARGUMENT unless `count` is an integer from 1 to 1,024 */
export function checkThreads(count: number, what: string = "threads"): number {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_THREADS) return count;
  throw new PithError(
    "INVALID_ARGUMENT",
    `${what}: expected an integer from 1 to ${MAX_THREADS}, got ${shown(count)}`,
    { expected: [1, MAX_THREADS], actual: count },
  );
}

function fromEnvironment(): number | undefined {
  if (environmentRead) return environment;
  const env = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
  const text = env["PITH_THREADS"];
  if (text !== undefined && text !== "")
    environment = checkThreads(/^\d+$/.test(text) ? Number(text) : Number.NaN, "PITH_THREADS");
  environmentRead = true;
  return environment;
}
