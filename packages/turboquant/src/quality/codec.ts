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
  type CodecState,
  type Codes,
  checkCodes,
  HadamardRotation,
  LayoutCodec,
  type Metric,
  TURBO_QUERY_EXTRA,
  type TurboLayout,
  turboStride,
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

export class TurboquantCodec extends LayoutCodec<TurboLayout> {
  readonly name: string = NAME;
  readonly version: number = VERSION;
  readonly params: TurboquantParams;
  readonly #learned: Learned | undefined;

  /** Use `turboquant.create` or `turboquant.train`, which check their options. `learned` is kept. */
  constructor(dim: number, metric: Metric, params: TurboquantParams, learned?: Learned) {
    const layout = layoutOf(dim, metric, params, learned);
    super({
      dim,
      metric,
      layout,
      // ceil(dim bits / 8) bytes, the scalar (1 where trained with up to 4 bits, else 4), under l2 four more.
      stride: turboStride(layout),
      queryFloats: dim + TURBO_QUERY_EXTRA,
      supports: {
        metrics: [metric],
        trained: learned !== undefined,
        symmetric: false,
        decode: "approximate",
        deterministic: "bitwise",
        scoring: "integer",
        minDim: 1,
        minSample: learned ? MIN_SAMPLE : 0,
      },
      kernels: (k) => ({
        encode: k.turboEncode,
        decode: k.turboDecode,
        queries: k.turboQueries,
        scores: k.turboScores,
        topK: k.turboTopK,
        async: k.async && {
          encode: k.async.turboEncode,
          decode: k.async.turboDecode,
          topK: k.async.turboTopK,
        },
      }),
    });
    this.params = params;
    this.#learned = learned;
  }

  state(): CodecState {
    const { dim, metric, params } = this;
    const tensors = this.#learned ? tensorsOf(this.#learned) : {};
    return { codec: NAME, version: VERSION, dim, metric, params: { ...params }, tensors };
  }

  verifyCodes(c: Codes, firstRow: number = 0): void {
    checkCodes(c, this.stride);
    verifyRows(this.layout, c, firstRow);
  }

  /**
   * Of each code the standard error of its scores with queries of length 1 in any direction (for others times their
   * length): of 100 scores about 68 are within one of the true one, 95 within two, from some 64 dims on. Zero rows
   * have none. Rows at the ends of the scalars' range (`clamped`) may be further off.
   * @throws CODEC_MISMATCH, LENGTH_MISMATCH
   */
  standardError(c: Codes): Float32Array {
    checkCodes(c, this.stride);
    return standardErrors(this.layout, c);
  }

  /**
   * How many codes have the smallest or the largest scalar that training knows. Vectors (less the mean) more than 2 times
   * as long or as short as all of the sample are clamped to these. Where there are more than a few, the sample wasn't
   * like the data: train again. 0 without training and at 8 bits, where nothing is clamped.
   * @throws CODEC_MISMATCH, LENGTH_MISMATCH
   */
  clamped(c: Codes): number {
    checkCodes(c, this.stride);
    return atEnds(this.layout, c);
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
