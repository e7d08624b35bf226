/** What every call off the event loop has in common: an end that comes early, and word of how far it is. */
import { PithError } from "../errors.ts";
import { checkThreads } from "../kernels/threads.ts";

export interface AsyncOptions {
  /** Rejects with ABORTED, and stops the work within a few milliseconds. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called at most some twenty times a second, never with less than before, and at last with `total`. Rows; in a search
   * rows times queries. What it throws ends the work.
   */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** From 1. Default: `PITH_THREADS`, else all that the process may run. Without the native addon there is one. */
  readonly threads?: number | undefined;
}

/** Milliseconds between two words of progress. */
export const PROGRESS_MS = 50;

/** One call that runs. */
export class Work {
  readonly options: AsyncOptions;
  readonly total: number;
  #last = -1;
  #spoke: number = now();

  /** @throws INVALID_ARGUMENT (threads), ABORTED */
  constructor(options: AsyncOptions, total: number) {
    if (options.threads !== undefined) checkThreads(options.threads);
    this.options = options;
    this.total = total;
    this.check();
  }

  /** @throws ABORTED */
  check(): void {
    if (this.options.signal?.aborted) throw aborted(this.options.signal);
  }

  /** Says how far the work is, unless it did a moment ago. */
  progress(done: number): void {
    const { onProgress } = this.options;
    if (!onProgress || done <= this.#last || done >= this.total || now() - this.#spoke < PROGRESS_MS) return;
    this.#last = done;
    this.#spoke = now();
    onProgress(done, this.total);
  }

  /** To be called once, when all is done. @throws ABORTED */
  finish(): void {
    this.check();
    this.options.onProgress?.(this.total, this.total);
    this.check();
  }
}

export function aborted(signal: AbortSignal): PithError {
  return new PithError("ABORTED", "the work was aborted", {}, { cause: signal.reason });
}

/** Lets the event loop run. */
export function pause(): Promise<void> {
  // A timer of 0 takes a millisecond, which is as long as some blocks.
  const { setImmediate } = globalThis as { setImmediate?: (then: () => void) => void };
  return new Promise((resolve) => (setImmediate ? setImmediate(resolve) : setTimeout(resolve)));
}

/** Rows at a time so that the event loop waits for a few milliseconds: grows and shrinks with the time that blocks take. */
export class BlockSize {
  rows: number;
  readonly #multiple: number;
  #began = 0;

  /** `multiple`: what the number of rows is a multiple of. */
  constructor(rows: number, multiple: number = 1) {
    this.#multiple = multiple;
    this.rows = this.#round(rows);
  }

  begin(): void {
    this.#began = now();
  }

  end(): void {
    const took = now() - this.#began;
    if (took < 4) this.rows = this.#round(this.rows * 2);
    else if (took > 12) this.rows = this.#round(this.rows / 2);
  }

  #round(rows: number): number {
    return Math.max(1, Math.round(rows / this.#multiple)) * this.#multiple;
  }
}

function now(): number {
  return performance.now();
}
