/**
 * The Fourier codec: of each vector the K largest Fourier coefficients, each as which one it is, its phase in a few bits and
 * its magnitude in fewer, and one scalar. At 384 dims 24 coefficients of 3 bits take 25 bytes, 61 times fewer than float32.
 *
 *   x ~ mean + s sum_b level_b cos(2 pi b j / dim + phase_b)
 *
 * The coordinates of an embedding have no order, so that the Fourier basis is an orthonormal basis like any other: what is
 * gained is the choice of the largest coefficients of each vector, and that nothing need be learned. A learned basis does
 * better at equal bytes. The scalar s = |r|^2 / <r, level cos> makes products unbiased, r the vector less the mean. A
 * sample (`spectralDft.train`) gives the mean, the levels of least error and the range of the scalars, which then take a
 * byte instead of four.
 *
 * Queries keep all of their coefficients; a score is the product with the decoded vector. Under l2 |x|^2 is stored as well,
 * and a score estimates the distance to the vector as it was. Error: no bound worth stating. Rules, to the bit, and sources:
 * kernels/dft-codes.ts and kernels/dft-scores.ts of @pith/codec-core.
 */
import {
  type CodecState,
  type Codes,
  checkCodes,
  type DftLayout,
  dftQueryFloats,
  dftStride,
  LayoutCodec,
  type Metric,
} from "@pith/codec-core";
import { isTrained, type Learned, tensorsOf } from "./learned.ts";
import { keptBins, leastDim, type SpectralDftParams } from "./params.ts";
import { atEnds, verifyRows } from "./rows.ts";

export const NAME = "spectral-dft";
export const VERSION = 1;
export const MIN_SAMPLE = 100;

export class SpectralDftCodec extends LayoutCodec<DftLayout> {
  readonly name: string = NAME;
  readonly version: number = VERSION;
  readonly params: SpectralDftParams;
  readonly #learned: Learned;

  /** Use `spectralDft.create` or `spectralDft.train`, which check their options. `learned` is kept. */
  constructor(dim: number, metric: Metric, params: SpectralDftParams, learned: Learned) {
    const layout = layoutOf(dim, metric, params, learned);
    const trained = isTrained(learned);
    super({
      dim,
      metric,
      layout,
      // The coefficients, the scalar (1 byte where trained, else 4), under l2 four more.
      stride: dftStride(layout),
      queryFloats: dftQueryFloats(dim),
      supports: {
        metrics: [metric],
        trained,
        symmetric: false,
        decode: "approximate",
        deterministic: "bitwise",
        // Under l2 the length is that of the vector as it was.
        scoring: metric === "l2" ? "integer" : "exact",
        minDim: leastDim(params),
        minSample: trained ? MIN_SAMPLE : 0,
      },
      kernels: (k) => ({
        encode: k.dftEncode,
        decode: k.dftDecode,
        queries: k.dftQueries,
        scores: k.dftScores,
        topK: k.dftTopK,
        async: k.async && { encode: k.async.dftEncode, decode: k.async.dftDecode, topK: k.async.dftTopK },
      }),
    });
    this.params = params;
    this.#learned = learned;
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
   * How many codes have the smallest or the largest scalar that training knows: the sample wasn't like the data where there
   * are more than a few. 0 without training, where nothing is clamped.
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
  params: SpectralDftParams,
  { levels, mean, table }: Learned,
): DftLayout {
  const { magBits, phaseBits } = params;
  return { metric, dim, topK: keptBins(dim, params), magBits, phaseBits, mean, levels, table };
}
