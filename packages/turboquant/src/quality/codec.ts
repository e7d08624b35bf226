/**
 * TurboQuant for search: each vector rotated by a seeded Hadamard transform and stored as 1, 2, 3, 4 or 8 bits a
 * coordinate and one scalar; 384 dims at 4 bits take 193 bytes, 8 times fewer than float32.
 *
 *   y = R (x - mean),   level_j = the nearest of 2^bits whole numbers to y_j times a factor,   x ~ mean + R^T s level
 *
 * The rotation makes coordinates alike and nearly normal, whatever the data, so that one fixed grid (Lloyd and Max) fits
 * all of them; with `trellis` a coordinate's number comes from the last 8 bits of the stream instead (kernels/trellis.ts),
 * which loses a fifth (1 bit) to two fifths (4 bits) less at the same size, and takes five times as long to encode; at 3 and 4 bits the best of three sizes of the grid is taken for each vector. The scalar
 * s = |y|^2 / <y, level> makes products unbiased: the product of a vector's residual with its decoded self is exact.
 * What a sample gives (`turboquant.train`): the mean, which need not be stored in each code, and the range of the
 * scalars, which up to 4 bits then take a byte instead of four.
 *
 * Queries are rotated and rounded to 127 steps, so that scores are exact integer sums, scaled: the same everywhere.
 * Under l2, |x|^2 is stored as well, and a score estimates the distance to the vector as it was, not to the decoded one.
 *
 * Error: no bound worth stating; `standardError` says what it is like. Rules, to the bit, and sources: kernels/turbo.ts
 * and kernels/turbo-scores.ts of @pith/codec-core.
 */
import {
  type AsyncOptions,
  type Codec,
  type CodecState,
  type CodecSupports,
  type Codes,
  checkCodes,
  checkMetric,
  checkOutput,
  checkVectors,
  HadamardRotation,
  kernels,
  type Metric,
  type Scorer,
  scanScorer,
  TURBO_QUERY_EXTRA,
  type TurboLayout,
  turboStride,
  type Vectors,
} from "@pith/codec-core";
import type { TurboquantParams } from "./params.ts";
import { atEnds, verifyRows } from "./rows.ts";
import { standardErrors } from "./standard-error.ts";
import { type Learned, tensorsOf } from "./tensors.ts";

export const NAME = "turboquant";
export const VERSION = 1;
export const MIN_SAMPLE = 100;
/** After four rounds a one-hot row is spread like noise at every dim. */
const ROUNDS = 4;

export class TurboquantCodec implements Codec {
  readonly name: string = NAME;
  readonly version: number = VERSION;
  readonly dim: number;
  readonly metric: Metric;
  /** ceil(dim bits / 8) bytes, the scalar (1 where trained with up to 4 bits, else 4), under l2 four more. */
  readonly stride: number;
  readonly supports: CodecSupports;
  readonly params: TurboquantParams;
  readonly #layout: TurboLayout;
  readonly #learned: Learned | undefined;

  /** Use `turboquant.create` or `turboquant.train`, which check their options. `learned` is kept. */
  constructor(dim: number, metric: Metric, params: TurboquantParams, learned?: Learned) {
    this.dim = dim;
    this.metric = metric;
    this.params = params;
    this.#learned = learned;
    this.#layout = layoutOf(dim, metric, params, learned);
    this.stride = turboStride(this.#layout);
    this.supports = {
      metrics: [metric],
      trained: learned !== undefined,
      symmetric: false,
      decode: "approximate",
      deterministic: "bitwise",
      scoring: "integer",
      minDim: 1,
      minSample: learned ? MIN_SAMPLE : 0,
    };
  }

  encode(v: Vectors): Codes {
    checkVectors(v, this.dim);
    const bytes = new Uint8Array(v.count * this.stride);
    kernels().turboEncode(this.#layout, v.data, bytes);
    return this.#codes(bytes, v.count);
  }

  encodeInto(v: Vectors, out: Uint8Array): void {
    checkVectors(v, this.dim);
    checkOutput(out.length, v.count * this.stride, "bytes");
    kernels().turboEncode(this.#layout, v.data, out);
  }

  decode(c: Codes): Vectors {
    checkCodes(c, this.stride);
    const data = new Float32Array(c.count * this.dim);
    kernels().turboDecode(this.#layout, c.bytes, data);
    return { data, dim: this.dim, count: c.count };
  }

  decodeInto(c: Codes, out: Float32Array): void {
    checkCodes(c, this.stride);
    checkOutput(out.length, c.count * this.dim, "floats");
    kernels().turboDecode(this.#layout, c.bytes, out);
  }

  scorer(metric: Metric): Scorer {
    checkMetric(metric, this.supports.metrics);
    const { dim } = this;
    const layout = this.#layout;
    return scanScorer(this, metric, {
      prepare(queries) {
        const out = new Float32Array((queries.length / dim) * (dim + TURBO_QUERY_EXTRA));
        kernels().turboQueries(layout, queries, out);
        return out;
      },
      scores: (query, c, out) => kernels().turboScores(layout, query, c.bytes, out),
      topK: (queries, c, k, allow, out) =>
        kernels().turboTopK(layout, queries, c.bytes, k, allow?.words, out),
      topKAsync: (queries, c, k, allow, options) =>
        kernels().async?.turboTopK?.(layout, queries, c.bytes, k, allow?.words, options),
    });
  }

  encodeAsync(v: Vectors, options: AsyncOptions): Promise<Codes> | undefined {
    const running = kernels().async?.turboEncode?.(this.#layout, v.data, options);
    return running?.then((bytes) => this.#codes(bytes, v.count));
  }

  decodeAsync(c: Codes, options: AsyncOptions): Promise<Vectors> | undefined {
    const running = kernels().async?.turboDecode?.(this.#layout, c.bytes, options);
    return running?.then((data) => ({ data, dim: this.dim, count: c.count }));
  }

  state(): CodecState {
    const { dim, metric, params } = this;
    const tensors = this.#learned ? tensorsOf(this.#learned) : {};
    return { codec: NAME, version: VERSION, dim, metric, params: { ...params }, tensors };
  }

  verifyCodes(c: Codes, firstRow: number = 0): void {
    checkCodes(c, this.stride);
    verifyRows(this.#layout, c, firstRow);
  }

  /**
   * Of each code the standard error of its scores with queries of length 1 in any direction (for others times their
   * length): of 100 scores about 68 are within one of the true one, 95 within two, from some 64 dims on. Zero rows
   * have none. Rows at the ends of the scalars' range (`clamped`) may be further off.
   * @throws CODEC_MISMATCH, LENGTH_MISMATCH
   */
  standardError(c: Codes): Float32Array {
    checkCodes(c, this.stride);
    return standardErrors(this.#layout, c);
  }

  /**
   * How many codes have the smallest or the largest scalar that training knows. Vectors (less the mean) more than 2 times
   * as long or as short as all of the sample are clamped to these. Where there are more than a few, the sample wasn't
   * like the data: train again. 0 without training and at 8 bits, where nothing is clamped.
   * @throws CODEC_MISMATCH, LENGTH_MISMATCH
   */
  clamped(c: Codes): number {
    checkCodes(c, this.stride);
    return atEnds(this.#layout, c);
  }

  #codes(bytes: Uint8Array, count: number): Codes {
    return { bytes, stride: this.stride, count };
  }
}

export function layoutOf(
  dim: number,
  metric: Metric,
  { bits, trellis, seed }: TurboquantParams,
  learned: Partial<Learned> = {},
): TurboLayout {
  const none = new Float32Array(0);
  const { signs } = new HadamardRotation(dim, seed, ROUNDS);
  return { metric, dim, bits, trellis, signs, mean: learned.mean ?? none, table: learned.table ?? none };
}
