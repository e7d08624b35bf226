/**
 * The native kernels off the event loop. What they may read while JavaScript runs on is decided here: pinned memory
 * (pinned.ts) in place, anything else as copies that nobody else holds, made block by block as the work goes on, while
 * the block before is worked on. Outputs are new arrays that the caller sees when they are whole.
 */
import { checkAttached } from "../async/encode.ts";
import { sliceBits } from "../async/search.ts";
import { type AsyncOptions, aborted, PROGRESS_MS, Work } from "../async/work.ts";
import type { Metric } from "../contract/metric.ts";
import { notFinite } from "../contract/vectors.ts";
import { type ErrorCode, PithError } from "../errors.ts";
import { Bitset } from "../flat/bitset.ts";
import { TopK } from "../flat/top-k.ts";
import type { AsyncKernels } from "./async-kernels.ts";
import type { FloatRows, TopKOutput } from "./kernels.ts";
import { isPinned } from "./pinned.ts";
import { threads } from "./threads.ts";

/** Stops a task, and counts its rows. */
export interface Job {
  stop(): void;
  done(): number;
}

type AsyncOutcome = Promise<Fault | null>;

/** What was wrong with an argument. */
export interface Fault {
  readonly code: ErrorCode;
  readonly what: string;
  readonly expected: number;
  readonly actual: number;
}

/** The functions of native/node/src/task.rs. */
export interface AsyncAddon {
  readonly Job: new () => Job;
  largePages(bytes: Uint8Array): void;
  int8EncodeAsync(
    job: Job,
    threads: number,
    at: number,
    data: Float32Array,
    dim: number,
    unit: boolean,
    out: Uint8Array,
  ): AsyncOutcome;
  int8DecodeAsync(
    job: Job,
    threads: number,
    at: number,
    codes: Uint8Array,
    dim: number,
    out: Float32Array,
  ): AsyncOutcome;
  int8TopKAsync: AsyncTopK<Uint8Array>;
  floatTopKAsync: AsyncTopK<Float32Array>;
  halfTopKAsync: AsyncTopK<Uint16Array>;
}

type AsyncTopK<Rows> = (
  job: Job,
  threads: number,
  at: number,
  metric: number,
  queries: Float32Array,
  rows: Rows,
  dim: number,
  k: number,
  allow: Uint32Array | undefined,
  slots: Uint32Array,
  scores: Float32Array,
) => AsyncOutcome;

/** Bytes that are copied at once: some tenths of a millisecond. */
const COPY_BYTES = 4 * 2 ** 20;
const SCALE_BYTES = 4;

type Call = (job: Job, threads: number) => AsyncOutcome;
type Rows = Float32Array | Uint16Array | Uint8Array;

export function asyncKernels(
  addon: AsyncAddon,
  at: number,
  metrics: Readonly<Record<Metric, number>>,
): AsyncKernels {
  /** Rows of `width` elements in pinned memory, whole, or copied block by block; the call of each block is awaited in turn. */
  async function overRows<R extends Rows>(
    rows: R,
    width: number,
    multiple: number,
    each: (block: R, start: number, end: number) => Promise<void>,
  ): Promise<void> {
    const count = rows.length / width;
    if (count === 0) return;
    if (isPinned(rows)) return each(rows, 0, count);
    const step = Math.max(1, Math.floor(COPY_BYTES / (width * rows.BYTES_PER_ELEMENT) / multiple)) * multiple;
    let running: Promise<void> = Promise.resolve();
    for (let start = 0; start < count; start += step) {
      const end = Math.min(count, start + step);
      checkAttached(rows.length, count * width);
      const copy = rows.slice(start * width, end * width) as R;
      await running;
      running = each(copy, start, end);
      // What went wrong is thrown by the await above or below.
      running.catch(() => undefined);
    }
    await running;
  }

  const topK = async <R extends Rows>(
    call: AsyncTopK<R>,
    metric: Metric,
    queries: Float32Array,
    rows: R,
    width: number,
    dim: number,
    k: number,
    allow: Uint32Array | undefined,
    options: AsyncOptions,
  ): Promise<TopKOutput> => {
    const count = queries.length / dim;
    const total = rows.length / width;
    const work = new Work(options, count * total);
    const ownQueries = queries.slice();
    const list = allow && new Bitset(total, allow.slice());
    const allowed = list?.count() ?? total;
    if (count > 0 && !(k >= 1 && k <= allowed))
      throw faultError({
        code: "INVALID_ARGUMENT",
        what: "k, at most the number of allowed rows",
        expected: allowed,
        actual: k,
      });
    const best: TopK[] = [];
    let whole: TopKOutput | undefined;
    await overRows(rows, width, 32, async (block, start, end) => {
      const bits = list && sliceBits(list, start, end);
      const found = Math.min(k, bits?.count() ?? end - start);
      if (found === 0) return;
      const out = { slots: new Uint32Array(count * found), scores: new Float32Array(count * found) };
      const { slots, scores } = out;
      await run(addon, work, start * count, (job, n) =>
        call(job, n, at, metrics[metric], ownQueries, block, dim, found, bits?.words, slots, scores),
      );
      if (end - start === total) {
        whole = out;
        return;
      }
      for (let q = 0; q < count; q++) {
        const heap = (best[q] ??= new TopK(k));
        for (let i = q * found; i < (q + 1) * found; i++) heap.push(start + slots[i], scores[i]);
      }
    });
    const out = whole ?? joined(best, k);
    work.finish();
    return out;
  };

  return {
    async int8Encode(data, dim, unit, options) {
      const stride = dim + SCALE_BYTES;
      const work = new Work(options, data.length / dim);
      const out = new Uint8Array(work.total * stride);
      // Before it is cut into blocks that are too small for them.
      addon.largePages(out);
      await overRows(data, dim, 1, (block, start, end) =>
        run(
          addon,
          work,
          start,
          (job, n) => {
            const part = out.subarray(start * stride, end * stride);
            return addon.int8EncodeAsync(job, n, at, block, dim, unit, part);
          },
          (index) => notFinite(block[index], start + Math.floor(index / dim), index % dim),
        ),
      );
      work.finish();
      return out;
    },
    async int8Decode(codes, dim, options) {
      const stride = dim + SCALE_BYTES;
      const work = new Work(options, codes.length / stride);
      const out = new Float32Array(work.total * dim);
      await overRows(codes, stride, 1, (block, start, end) =>
        run(addon, work, start, (job, n) =>
          addon.int8DecodeAsync(job, n, at, block, dim, out.subarray(start * dim, end * dim)),
        ),
      );
      work.finish();
      return out;
    },
    floatTopK: (metric, queries, rows: FloatRows, dim, k, allow, options) =>
      rows instanceof Uint16Array
        ? topK(addon.halfTopKAsync, metric, queries, rows, dim, dim, k, allow, options)
        : topK(addon.floatTopKAsync, metric, queries, rows, dim, dim, k, allow, options),
    int8TopK: (metric, queries, codes, dim, k, allow, options) =>
      topK(addon.int8TopKAsync, metric, queries, codes, dim + SCALE_BYTES, dim, k, allow, options),
  };
}

/**
 * One call of the addon as part of `work`, of which `before` rows are done. Rejects at once when it is aborted; the task
 * ends after the block that it is at, and what it reads and writes is kept until then by the task itself.
 */
function run(
  addon: AsyncAddon,
  work: Work,
  before: number,
  call: Call,
  nonFinite?: (index: number) => PithError,
): Promise<void> {
  work.check();
  const { signal, onProgress, threads: wanted } = work.options;
  const job = new addon.Job();
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setInterval> | undefined;
    const end = (error?: unknown): void => {
      clearInterval(timer);
      signal?.removeEventListener("abort", abort);
      job.stop();
      if (error === undefined) resolve();
      else reject(error);
    };
    const abort = (): void => end(aborted(signal as AbortSignal));
    const report = (): void => {
      try {
        work.progress(before + job.done());
      } catch (error) {
        end(error);
      }
    };
    signal?.addEventListener("abort", abort, { once: true });
    if (onProgress) timer = setInterval(report, PROGRESS_MS);
    const failed = (cause: unknown): void =>
      end(new PithError("INTERNAL", `the native core failed: ${(cause as Error).message}`, {}, { cause }));
    try {
      call(job, wanted ?? threads().async).then((fault) => {
        if (fault === null) end();
        else if (fault.code === "NOT_FINITE" && nonFinite) end(nonFinite(fault.actual));
        else end(faultError(fault));
      }, failed);
    } catch (cause) {
      failed(cause);
    }
  });
}

function joined(best: readonly TopK[], k: number): TopKOutput {
  const out = { slots: new Uint32Array(best.length * k), scores: new Float32Array(best.length * k) };
  best.forEach((heap, q) => {
    const { slots, scores } = heap.hits();
    out.slots.set(slots, q * k);
    out.scores.set(scores, q * k);
  });
  return out;
}

export function faultError({ code, what, expected, actual }: Fault): PithError {
  return new PithError(code, `${what}: expected ${expected}, got ${actual}`, { what, expected, actual });
}
