/**
 * The native kernels off the event loop. What they may read while JavaScript runs on is decided here: pinned memory
 * (pinned.ts) in place, anything else as copies that nobody else holds, made block by block as the work goes on, while
 * the block before is worked on. Outputs are new arrays that the caller sees when they are whole.
 */
import { checkAttached } from "../async/encode.ts";
import { sliceBits } from "../async/search.ts";
import { type AsyncOptions, Work } from "../async/work.ts";
import type { Metric } from "../contract/metric.ts";
import { notFinite } from "../contract/vectors.ts";
import { Bitset } from "../flat/bitset.ts";
import { TopK } from "../flat/top-k.ts";
import type { AsyncKernels } from "./async-kernels.ts";
import { dftStride } from "./dft-layout.ts";
import { dftQueryFloats } from "./dft-scores.ts";
import type { FloatRows, TopKOutput } from "./kernels.ts";
import { kltStride } from "./klt-layout.ts";
import { KLT_QUERY_EXTRA } from "./klt-scores.ts";
import { type AsyncAddon, type AsyncOutcome, type AsyncTopK, type Job, METRIC } from "./native-addon.ts";
import { type DftAddon, ownDftParts } from "./native-dft.ts";
import { faultError, run } from "./native-job.ts";
import { type KltAddon, kltParts, nearParts } from "./native-klt.ts";
import { ownTurboParts } from "./native-turbo.ts";
import { isPinned } from "./pinned.ts";
import { turboStride } from "./turbo-layout.ts";
import { TURBO_QUERY_EXTRA } from "./turbo-scores.ts";

/** Bytes that are copied at once: some tenths of a millisecond. */
const COPY_BYTES = 4 * 2 ** 20;
const SCALE_BYTES = 4;

type SearchCall<R> = (
  job: Job,
  threads: number,
  queries: Float32Array,
  rows: R,
  k: number,
  allow: Uint32Array | undefined,
  slots: Uint32Array,
  scores: Float32Array,
) => AsyncOutcome;
type Rows = Float32Array | Uint16Array | Uint8Array;

export function asyncKernels(addon: AsyncAddon & DftAddon & KltAddon, at: number): AsyncKernels {
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

  /** `width`: elements of a row, `floats`: of a query. `call` searches one block of rows. */
  const topK = async <R extends Rows>(
    queries: Float32Array,
    floats: number,
    rows: R,
    width: number,
    k: number,
    allow: Uint32Array | undefined,
    options: AsyncOptions,
    call: SearchCall<R>,
  ): Promise<TopKOutput> => {
    const count = queries.length / floats;
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
        call(job, n, ownQueries, block, found, bits?.words, slots, scores),
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

  /** A search by metric and dim. */
  const byDim =
    <R extends Rows>(call: AsyncTopK<R>, metric: Metric, dim: number): SearchCall<R> =>
    (job, n, queries, rows, k, allow, slots, scores) =>
      call(job, n, at, METRIC[metric], queries, rows, dim, k, allow, slots, scores);

  const encode = async (
    data: Float32Array,
    dim: number,
    stride: number,
    options: AsyncOptions,
    call: (job: Job, threads: number, block: Float32Array, out: Uint8Array) => AsyncOutcome,
  ): Promise<Uint8Array> => {
    const work = new Work(options, data.length / dim);
    const out = new Uint8Array(work.total * stride);
    // Before it is cut into blocks that are too small for them.
    addon.largePages(out);
    await overRows(data, dim, 1, (block, start, end) =>
      run(
        addon,
        work,
        start,
        (job, n) => call(job, n, block, out.subarray(start * stride, end * stride)),
        (index) => notFinite(block[index], start + Math.floor(index / dim), index % dim),
      ),
    );
    work.finish();
    return out;
  };

  const decode = async (
    codes: Uint8Array,
    dim: number,
    stride: number,
    options: AsyncOptions,
    call: (job: Job, threads: number, block: Uint8Array, out: Float32Array) => AsyncOutcome,
  ): Promise<Float32Array> => {
    const work = new Work(options, codes.length / stride);
    const out = new Float32Array(work.total * dim);
    await overRows(codes, stride, 1, (block, start, end) =>
      run(addon, work, start, (job, n) => call(job, n, block, out.subarray(start * dim, end * dim))),
    );
    work.finish();
    return out;
  };

  return {
    int8Encode: (data, dim, unit, options) =>
      encode(data, dim, dim + SCALE_BYTES, options, (job, n, block, out) =>
        addon.int8EncodeAsync(job, n, at, block, dim, unit, out),
      ),
    int8Decode: (codes, dim, options) =>
      decode(codes, dim, dim + SCALE_BYTES, options, (job, n, block, out) =>
        addon.int8DecodeAsync(job, n, at, block, dim, out),
      ),
    floatTopK: (metric, queries, rows: FloatRows, dim, k, allow, options) =>
      rows instanceof Uint16Array
        ? topK(queries, dim, rows, dim, k, allow, options, byDim(addon.halfTopKAsync, metric, dim))
        : topK(queries, dim, rows, dim, k, allow, options, byDim(addon.floatTopKAsync, metric, dim)),
    int8TopK: (metric, queries, codes, dim, k, allow, options) => {
      const call = byDim(addon.int8TopKAsync, metric, dim);
      return topK(queries, dim, codes, dim + SCALE_BYTES, k, allow, options, call);
    },
    covariance: async (data, dim, mean, options) => {
      const work = new Work(options, data.length / dim);
      const ownMean = mean.slice();
      const out = new Float64Array(dim * dim);
      await overRows(data, dim, 1, (block, start) =>
        run(addon, work, start, (job, n) => addon.covarianceAsync(job, n, at, block, dim, ownMean, out)),
      );
      work.finish();
      return out;
    },
    symmetricEigen: async (matrix, n, options) => {
      const work = new Work(options, n);
      const own = matrix.slice();
      const out = { values: new Float64Array(n), vectors: new Float64Array(n * n) };
      await run(addon, work, 0, (job, threads) =>
        addon.symmetricEigenAsync(job, threads, at, own, n, out.values, out.vectors),
      );
      work.finish();
      return out;
    },
    turboEncode: (layout, data, options) => {
      const parts = ownTurboParts(layout);
      return encode(data, layout.dim, turboStride(layout), options, (job, n, block, out) =>
        addon.turboEncodeAsync(job, n, at, ...parts, block, out),
      );
    },
    turboDecode: (layout, codes, options) => {
      const parts = ownTurboParts(layout);
      return decode(codes, layout.dim, turboStride(layout), options, (job, n, block, out) =>
        addon.turboDecodeAsync(job, n, at, ...parts, block, out),
      );
    },
    turboTopK: (layout, queries, codes, k, allow, options) => {
      const parts = ownTurboParts(layout);
      const floats = layout.dim + TURBO_QUERY_EXTRA;
      return topK(queries, floats, codes, turboStride(layout), k, allow, options, (job, n, ...rest) =>
        addon.turboTopKAsync(job, n, at, ...parts, ...rest),
      );
    },
    dftEncode: (layout, data, options) => {
      const parts = ownDftParts(layout);
      return encode(data, layout.dim, dftStride(layout), options, (job, n, block, out) =>
        addon.dftEncodeAsync(job, n, at, ...parts, block, out),
      );
    },
    dftDecode: (layout, codes, options) => {
      const parts = ownDftParts(layout);
      return decode(codes, layout.dim, dftStride(layout), options, (job, n, block, out) =>
        addon.dftDecodeAsync(job, n, at, ...parts, block, out),
      );
    },
    dftTopK: (layout, queries, codes, k, allow, options) => {
      const parts = ownDftParts(layout);
      const floats = dftQueryFloats(layout.dim);
      return topK(queries, floats, codes, dftStride(layout), k, allow, options, (job, n, ...rest) =>
        addon.dftTopKAsync(job, n, at, ...parts, ...rest),
      );
    },
    kltEncode: (layout, data, options) => {
      const parts = kltParts(layout);
      return encode(data, layout.dim, kltStride(layout), options, (job, n, block, out) =>
        addon.kltEncodeAsync(job, n, at, ...parts, block, out),
      );
    },
    kltDecode: (layout, codes, options) => {
      const parts = kltParts(layout);
      return decode(codes, layout.dim, kltStride(layout), options, (job, n, block, out) =>
        addon.kltDecodeAsync(job, n, at, ...parts, block, out),
      );
    },
    kltTopK: (layout, queries, codes, k, allow, options) => {
      const parts = kltParts(layout);
      const floats = layout.bits.length + KLT_QUERY_EXTRA;
      return topK(queries, floats, codes, kltStride(layout), k, allow, options, (job, n, ...rest) =>
        addon.kltTopKAsync(job, n, at, ...parts, ...rest),
      );
    },
    kltBlocksNear: async (layout, queries, blocks, rows, k, near, allow, options) => {
      const parts = kltParts(layout);
      const count = queries.length / (layout.bits.length + KLT_QUERY_EXTRA);
      const work = new Work(options, count * rows);
      const out = { slots: new Uint32Array(count * k), scores: new Float32Array(count * k) };
      const [hits, margins] = nearParts(near);
      const own = [queries.slice(), blocks, rows, k, hits, margins.slice(), allow?.slice()] as const;
      await run(addon, work, 0, (job, n) =>
        addon.kltBlocksNearAsync(job, n, at, ...parts, ...own, out.slots, out.scores),
      );
      work.finish();
      return out;
    },
  };
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
