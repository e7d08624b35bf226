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
  type CodecFit,
  type CodecState,
  type CodeScan,
  type Codes,
  checkCodes,
  checkQuery,
  checkVectors,
  isNibbled,
  KLT_QUERY_EXTRA,
  type KltLayout,
  kernels,
  LayoutCodec,
  type Metric,
  PithError,
  type Resident,
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

export class SpectralCodec extends LayoutCodec<KltLayout> {
  readonly name: string = NAME;
  readonly version: number = VERSION;
  readonly params: SpectralParams;
  /** `layout` with this codec's mean: around a centre `layout` is that of the codec without, and for what doesn't look at means. */
  readonly #own: KltLayout;
  readonly #learned: Learned;

  /** Use `spectral.train`, which checks its options. `learned` is kept; `shared`: the layout of a codec of another mean. */
  constructor(metric: Metric, params: SpectralParams, learned: Learned, shared?: KltLayout) {
    const layout = shared ?? layoutOf(metric, params, learned);
    super({
      dim: learned.mean.length,
      metric,
      layout,
      // The bytes that were asked for.
      stride: params.bytes,
      queryFloats: layout.bits.length + KLT_QUERY_EXTRA,
      supports: {
        metrics: [metric],
        trained: true,
        symmetric: false,
        decode: "approximate",
        deterministic: "bitwise",
        scoring: "integer",
        minDim: leastDim(metric, params),
        minSample: MIN_SAMPLE,
      },
      kernels: (k) => ({
        encode: k.kltEncode,
        decode: k.kltDecode,
        queries(of, queries, out) {
          k.kltQueries(of, queries, out);
          if (shared) setBiases(queries, learned.mean, out);
        },
        scores: k.kltScores,
        topK: k.kltTopK,
        async: k.async && { encode: k.async.kltEncode, decode: k.async.kltDecode, topK: k.async.kltTopK },
      }),
    });
    this.params = params;
    this.#learned = learned;
    this.#own = shared ? withMean(shared, learned.mean) : layout;
    if (isNibbled(layout.trellis !== false, layout.bits))
      this.resident = (c) => {
        checkCodes(c, this.stride);
        return new KltBlocks(NAME, layout, c);
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

  /**
   * Codes of nibbles (`scalar` up to a bit a dim) in blocks of 64 rows, which searches run through several times as fast as
   * through rows; undefined for others. @throws CODEC_MISMATCH, LENGTH_MISMATCH
   */
  readonly resident?: (c: Codes) => Resident;

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
    return new SpectralCodec(this.metric, this.params, { ...this.#learned, mean }, this.layout);
  }

  state(): CodecState {
    const { dim, metric, params } = this;
    const tensors = tensorsOf(this.#learned);
    return { codec: NAME, version: VERSION, dim, metric, params: { ...params }, tensors };
  }

  verifyCodes(c: Codes, firstRow: number = 0): void {
    checkCodes(c, this.stride);
    verifyRows(this.layout, c, firstRow);
  }

  /**
   * Of each query the standard error of its scores with codes of vectors like the sample's, under cosine of a query of
   * length 1. For queries that are like the vectors too about 68 of 100 scores are within one of the true one, 95 within
   * two; for short texts that ask for long ones 61 to 70, and 92 to 96.
   * @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE
   */
  queryError(queries: Vectors): Float32Array {
    const { data } = this.#rows(queries);
    const prepared = new Float32Array(queries.count * (this.layout.bits.length + KLT_QUERY_EXTRA));
    kernels().kltQueries(this.layout, data, prepared);
    return queryErrors(this.layout, this.#learned.error, data, prepared);
  }

  /**
   * Whether the basis still suits: codes these vectors (200 and more, spread over what is new) and compares. A basis of
   * other data costs 15 points of recall and more. @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE
   */
  drift(sample: Vectors): SpectralDrift {
    const { relative: error, codes } = measure(this.coding(), this.#rows(sample));
    const expected = this.fit.heldOut;
    return { error, expected, ratio: error / expected, clamped: atEnds(this.layout, codes) };
  }

  /**
   * How many codes have the smallest or the largest scalar that training knows. Vectors more than 2 times as long or as
   * short, beside what is kept of them, as all of the sample are clamped to these.
   * @throws CODEC_MISMATCH, LENGTH_MISMATCH
   */
  clamped(c: Codes): number {
    checkCodes(c, this.stride);
    return atEnds(this.layout, c.bytes);
  }

  /** Kernels keep their form of a layout as long as it lives: around a centre they get one of a short life. */
  protected override coding(): KltLayout {
    return this.#own === this.layout ? this.layout : { ...this.#own };
  }

  protected override scan(): Partial<CodeScan> {
    const { layout } = this;
    const { mean } = this.#own;
    const { error } = this.#learned;
    return {
      around(prepared, query, centre) {
        const out = prepared.slice();
        setBiases(query, moved(mean, centre), out);
        return out;
      },
      resident: {
        owns: (c) => c instanceof KltBlocks && c.isOf(layout),
        near: (queries, c, k, near, allow, out) => (c as KltBlocks).near(queries, k, near, allow?.words, out),
        nearAsync: (queries, c, k, near, allow, options) =>
          (c as KltBlocks).nearAsync(queries, k, near, allow?.words, options),
      },
      errors: (queries, prepared) => queryErrors(layout, error, queries, prepared),
    };
  }

  #rows(v: Vectors): Vectors {
    checkVectors(v, this.dim);
    return this.metric === "cosine" ? { ...v, data: unitRows(v.data, this.dim) } : v;
  }
}

/** Prepared queries for another mean: their products with it, as kernels make them. */
function setBiases(queries: Float32Array, mean: Float32Array, prepared: Float32Array): void {
  const products = new Float32Array(queries.length / mean.length);
  kernels().floatScores("dot", mean, queries, mean.length, products);
  const floats = prepared.length / products.length;
  products.forEach((product, i) => {
    prepared[(i + 1) * floats - KLT_QUERY_EXTRA] = product;
  });
}
