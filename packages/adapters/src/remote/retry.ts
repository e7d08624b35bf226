/**
 * Requests that may fail for a while are tried again: exponential back-off with full jitter, never sooner than the server
 * asks for. The n-th wait is random * min(longest, first * 2^n).
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
import { type ErrorCode, isPithError, PithError } from "@pith/codec-core";
import type { Database, Failure } from "./database.ts";

export interface RetryOptions {
  /** Times that a request is tried at most, from 1. Default 6. */
  readonly attempts?: number | undefined;
  /** First wait, ms. Default 200. */
  readonly first?: number | undefined;
  /** Longest wait of our own choice, ms. Default 10,000. */
  readonly longest?: number | undefined;
  /** Longest wait that a server may ask for, ms; beyond it the request counts as failed. Default 120,000. */
  readonly longestAsked?: number | undefined;
  /** An answer that takes longer counts as none, ms. Default 60,000. */
  readonly timeout?: number | undefined;
  /** Uniform in [0, 1). Default Math.random. */
  readonly random?: (() => number) | undefined;
  /** Waits; rejects when the signal aborts. Default: a timer. */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

const CODES: Readonly<Record<Failure["kind"], ErrorCode>> = {
  busy: "UNAVAILABLE",
  unavailable: "UNAVAILABLE",
  key: "UNAUTHORIZED",
  "too large": "LIMIT_EXCEEDED",
  refused: "REMOTE_REFUSED",
};

/** The error that a failure is. */
export function failureError(where: string, { kind, text, ...details }: Failure): PithError {
  return new PithError(CODES[kind], `${where}: ${text}`, { kind, ...details });
}

/** Runs the requests of one collection. */
export class Retrier {
  readonly #failure: (error: unknown) => Failure;
  readonly #where: string;
  readonly #attempts: number;
  readonly #first: number;
  readonly #longest: number;
  readonly #longestAsked: number;
  readonly #timeout: number;
  readonly #random: () => number;
  readonly #sleep: (ms: number, signal?: AbortSignal) => Promise<void>;

  constructor(database: Database, options: RetryOptions = {}) {
    this.#failure = (error) => database.failure(error);
    this.#where = `${database.product}, collection ${JSON.stringify(database.collection)}`;
    this.#attempts = atLeast("attempts", options.attempts ?? 6, 1);
    this.#first = atLeast("first", options.first ?? 200, 0);
    this.#longest = atLeast("longest", options.longest ?? 10_000, 0);
    this.#longestAsked = atLeast("longestAsked", options.longestAsked ?? 120_000, 0);
    this.#timeout = atLeast("timeout", options.timeout ?? 60_000, 1);
    this.#random = options.random ?? Math.random;
    this.#sleep = options.sleep ?? sleep;
  }

  /**
   * `request` until it succeeds; it must be one that may run twice. `onRetry` hears of every failure before a wait.
   * @throws UNAVAILABLE (all attempts failed), UNAUTHORIZED, LIMIT_EXCEEDED (the request is too large), REMOTE_REFUSED, ABORTED
   */
  async run<T>(
    request: () => Promise<T>,
    signal?: AbortSignal,
    onRetry?: (failure: Failure) => void,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      abortIf(signal);
      try {
        return await answered(request, this.#timeout, signal);
      } catch (error) {
        if (isPithError(error) && !(error instanceof Late)) throw error;
        const failure: Failure =
          error instanceof Late ? { kind: "unavailable", text: error.message } : this.#failure(error);
        const asked = failure.retryAfter ?? 0;
        const again = failure.kind === "busy" || failure.kind === "unavailable";
        if (!again || attempt >= this.#attempts || asked > this.#longestAsked)
          throw this.#error(failure, attempt);
        onRetry?.(failure);
        const own = this.#random() * Math.min(this.#longest, this.#first * 2 ** (attempt - 1));
        await this.#sleep(Math.max(asked, own), signal);
      }
    }
  }

  // Without the client's own error as a cause: that may hold the request's headers, and the key among them.
  #error({ kind, text, status, retryAfter }: Failure, attempts: number): PithError {
    const tries = attempts > 1 ? ` (tried ${attempts} times)` : "";
    return new PithError(CODES[kind], `${this.#where}: ${text}${tries}`, {
      kind,
      status,
      attempts,
      retryAfter,
    });
  }
}

/** No answer in time. */
class Late extends PithError {
  constructor(ms: number) {
    super("UNAVAILABLE", `no answer within ${ms} ms`);
  }
}

function answered<T>(request: () => Promise<T>, timeout: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(aborted());
    const timer = setTimeout(() => reject(new Late(timeout)), timeout);
    signal?.addEventListener("abort", abort, { once: true });
    // A request that throws before it has a promise is a failed one too.
    Promise.resolve()
      .then(request)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      });
  });
}

/** @throws ABORTED */
export function abortIf(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted();
}

function aborted(): PithError {
  return new PithError("ABORTED", "aborted");
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(aborted());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

function atLeast(name: string, value: number, least: number): number {
  if (typeof value === "number" && value >= least && Number.isFinite(value)) return value;
  throw new PithError("INVALID_OPTION", `${name}: expected a number from ${least}, got ${String(value)}`, {
    option: name,
  });
}
