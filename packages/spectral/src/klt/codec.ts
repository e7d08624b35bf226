/**
 * Transform coding in a learned basis: each vector as its principal components, with as many bits for each as its variance
 * is worth, in exactly the bytes that were asked for; 384 dims in 24 bytes are 64 times fewer than float32.
 *
 *   x ~ t (mean + sum over r of sigma_r z_r b_r)
 *
 * The mean, the axes b_r and the deviations sigma_r come from a sample (`spectral.train`). Components are uncorrelated, and
 * nearly normal; for normal ones the least possible error of a number of bits is known (Shannon), and is reached by giving
 * each component half a bit for every factor of two that its variance stands above a common level (reverse water-filling).
 * Whole bits do nearly as well, and coding neighbours together (`trellis`) takes back most of what numbers z_r of a few
 * levels lose each by itself. The scalar t, one byte, gives rows the length that they had: without it, codes of few bits
 * are too short, and the more so the less typical a row is.
 *
 * The axes are whole numbers from -127 to 127. Queries are projected on them and rounded to 16,256 steps, so that scores
 * are exact integer sums, scaled: the same everywhere. Under l2, |x|^2 is stored as well.
 *
 * Error: no bound; `queryError` says what it is like, `fit` how much of the vectors is lost, `drift` whether the basis still
 * suits. Rules, to the bit, and sources: kernels/klt.ts and kernels/klt-scores.ts of @pith/codec-core; docs/spectral.md.
 */
import {
  type AsyncOptions,
  type Codec,
  type CodecFit,
  type CodecState,
  type CodecSupports,
  type Codes,
  checkCodes,
  checkMetric,
  checkOutput,
  checkQuery,
  checkVectors,
  isNibbled,
  KLT_QUERY_EXTRA,
  type KltLayout,
  kernels,
  type Metric,
  PithError,
  type Resident,
  type Scorer,
  scanScorer,
  stateBytes,
  unitRows,
  type Vectors,
} from "@pith/codec-core";
import { KltBlocks } from "./blocks.ts";
import { measure, queryErrors } from "./errors.ts";
import { layoutOf, moved, withMean } from "./layout.ts";
import { leastDim, type SpectralParams } from "./params.ts";
import { atEnds, verifyRows } from "./rows.ts";
import { isInRange, type Learned, MOST, tensorsOf } from "./tensors.ts";

export const NAME = "spectral";
export const VERSION = 1;
export const MIN_SAMPLE = 256;

/** How codes of some rows compare with those of rows that the basis was learned with. */
export interface SpectralDrift {
  /** Squared error of these rows over their squared length. */
  readonly error: number;
  /** The same of rows that were held out of the sample. */
  readonly expected: number;
  /** error / expected: about 1 while the basis suits; at 1.25 it costs some points of recall, and it is time to train again. */
  readonly ratio: number;
  /** Rows whose length the scalar can't restore (`clamped`). */
  readonly clamped: number;
}

export class SpectralCodec implements Codec {
  readonly name: string = NAME;
  readonly version: number = VERSION;
  readonly dim: number;
  readonly metric: Metric;
  /** The bytes that were asked for. */
  readonly stride: number;
  readonly supports: CodecSupports;
  readonly params: SpectralParams;
  /** For all that doesn't look at the mean; around a centre that of the codec without. */
  readonly #layout: KltLayout;
  /** With this codec's mean. */
  readonly #own: KltLayout;
  readonly #learned: Learned;

  /** Use `spectral.train`, which checks its options. `learned` is kept; `shared`: the layout of a codec of another mean. */
  constructor(metric: Metric, params: SpectralParams, learned: Learned, shared?: KltLayout) {
    this.dim = learned.mean.length;
    this.metric = metric;
    this.params = params;
    this.stride = params.bytes;
    this.#learned = learned;
    const layout = shared ?? layoutOf(metric, params, learned);
    this.#layout = layout;
    this.#own = shared ? withMean(shared, learned.mean) : layout;
    if (isNibbled(layout.trellis !== false, layout.bits))
      this.resident = (c) => {
        checkCodes(c, this.stride);
        return new KltBlocks(NAME, layout, c);
      };
    this.supports = {
      metrics: [metric],
      trained: true,
      symmetric: false,
      decode: "approximate",
      deterministic: "bitwise",
      scoring: "integer",
      minDim: leastDim(metric, params),
      minSample: MIN_SAMPLE,
    };
  }

  /** Bits of each component that has any, the one of the largest variance first. */
  get bits(): readonly number[] {
    return Array.from(this.#learned.bits).reverse();
  }

  /** What the sample's rows lost: their squared error over their squared length, of rows learned from and of others. */
  get fit(): CodecFit {
    const [trained, heldOut] = this.#learned.fit;
    return { trained, heldOut };
  }

  /** Bytes of what was learned, stored once beside all codes. */
  get sideBytes(): number {
    return stateBytes(this.state());
  }

  encode(v: Vectors): Codes {
    checkVectors(v, this.dim);
    const bytes = new Uint8Array(v.count * this.stride);
    kernels().kltEncode(this.#coding(), v.data, bytes);
    return this.#codes(bytes, v.count);
  }

  encodeInto(v: Vectors, out: Uint8Array): void {
    checkVectors(v, this.dim);
    checkOutput(out.length, v.count * this.stride, "bytes");
    kernels().kltEncode(this.#coding(), v.data, out);
  }

  decode(c: Codes): Vectors {
    checkCodes(c, this.stride);
    const data = new Float32Array(c.count * this.dim);
    kernels().kltDecode(this.#coding(), c.bytes, data);
    return { data, dim: this.dim, count: c.count };
  }

  decodeInto(c: Codes, out: Float32Array): void {
    checkCodes(c, this.stride);
    checkOutput(out.length, c.count * this.dim, "floats");
    kernels().kltDecode(this.#coding(), c.bytes, out);
  }

  /**
   * Codes of nibbles (`scalar` up to a bit a dim) in blocks of 64 rows, which searches run through several times as fast as
   * through rows; undefined for others. @throws CODEC_MISMATCH, LENGTH_MISMATCH
   */
  readonly resident?: (c: Codes) => Resident;

  scorer(metric: Metric): Scorer {
    checkMetric(metric, this.supports.metrics);
    const { dim } = this;
    const layout = this.#layout;
    const { mean } = this.#own;
    const bias = layout.bits.length;
    const floats = bias + KLT_QUERY_EXTRA;
    return scanScorer(this, metric, {
      prepare(queries) {
        const out = new Float32Array((queries.length / dim) * floats);
        kernels().kltQueries(layout, queries, out);
        if (mean !== layout.mean)
          products(queries, mean).forEach((product, i) => {
            out[i * floats + bias] = product;
          });
        return out;
      },
      around(prepared, query, centre) {
        const out = prepared.slice();
        out[bias] = products(query, moved(mean, centre))[0];
        return out;
      },
      scores: (query, c, out) => kernels().kltScores(layout, query, c.bytes, out),
      topK: (queries, c, k, allow, out) => kernels().kltTopK(layout, queries, c.bytes, k, allow?.words, out),
      resident: {
        owns: (c) => c instanceof KltBlocks && c.isOf(layout),
        topK: (queries, c, k, allow, out) => (c as KltBlocks).topK(queries, k, allow?.words, out),
      },
      topKAsync: (queries, c, k, allow, options) =>
        kernels().async?.kltTopK?.(layout, queries, c.bytes, k, allow?.words, options),
    });
  }

  /**
   * This codec for vectors near a centre: see `Codec.around`. Best where it was learned from rows less their centres
   * (`spectral.train` with `around`). Around a codec that is around a centre already, both add up.
   * @throws DIM_MISMATCH, NOT_FINITE; INVALID_ARGUMENT where the mean and the centre together are beyond 2^50
   */
  around(centre: Float32Array): SpectralCodec {
    checkQuery(centre, this.dim);
    const mean = moved(this.#learned.mean, centre);
    if (!isInRange({ ...this.#learned, mean }))
      throw new PithError("INVALID_ARGUMENT", "expected a centre that is within 2^50 with the mean", {
        expected: MOST,
      });
    return new SpectralCodec(this.metric, this.params, { ...this.#learned, mean }, this.#layout);
  }

  encodeAsync(v: Vectors, options: AsyncOptions): Promise<Codes> | undefined {
    const running = kernels().async?.kltEncode?.(this.#coding(), v.data, options);
    return running?.then((bytes) => this.#codes(bytes, v.count));
  }

  decodeAsync(c: Codes, options: AsyncOptions): Promise<Vectors> | undefined {
    const running = kernels().async?.kltDecode?.(this.#coding(), c.bytes, options);
    return running?.then((data) => ({ data, dim: this.dim, count: c.count }));
  }

  state(): CodecState {
    const { dim, metric, params } = this;
    const tensors = tensorsOf(this.#learned);
    return { codec: NAME, version: VERSION, dim, metric, params: { ...params }, tensors };
  }

  verifyCodes(c: Codes, firstRow: number = 0): void {
    checkCodes(c, this.stride);
    verifyRows(this.#layout, c, firstRow);
  }

  /**
   * Of each query the standard error of its scores with codes of vectors like the sample's, under cosine of a query of
   * length 1. For queries that are like the vectors too about 68 of 100 scores are within one of the true one, 95 within
   * two; for short texts that ask for long ones 61 to 70, and 92 to 96.
   * @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE
   */
  queryError(queries: Vectors): Float32Array {
    return queryErrors(this.#layout, this.#learned.error, this.#rows(queries));
  }

  /**
   * Whether the basis still suits: codes these vectors (200 and more, spread over what is new) and compares. A basis of
   * other data costs 15 points of recall and more. @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE
   */
  drift(sample: Vectors): SpectralDrift {
    const { relative: error, codes } = measure(this.#coding(), this.#rows(sample));
    const expected = this.fit.heldOut;
    return { error, expected, ratio: error / expected, clamped: atEnds(this.#layout, codes) };
  }

  /**
   * How many codes have the smallest or the largest scalar that training knows. Vectors more than 2 times as long or as
   * short, beside what is kept of them, as all of the sample are clamped to these.
   * @throws CODEC_MISMATCH, LENGTH_MISMATCH
   */
  clamped(c: Codes): number {
    checkCodes(c, this.stride);
    return atEnds(this.#layout, c.bytes);
  }

  /** For what looks at the mean. Kernels keep their form of a layout as long as the layout lives, so that around a centre it gets a short life. */
  #coding(): KltLayout {
    return this.#own === this.#layout ? this.#layout : { ...this.#own };
  }

  #rows(v: Vectors): Vectors {
    checkVectors(v, this.dim);
    return this.metric === "cosine" ? { ...v, data: unitRows(v.data, this.dim) } : v;
  }

  #codes(bytes: Uint8Array, count: number): Codes {
    return { bytes, stride: this.stride, count };
  }
}

/** The striped sums of each query times the mean, as kernels make them. */
function products(queries: Float32Array, mean: Float32Array): Float32Array {
  const out = new Float32Array(queries.length / mean.length);
  kernels().floatScores("dot", mean, queries, mean.length, out);
  return out;
}
