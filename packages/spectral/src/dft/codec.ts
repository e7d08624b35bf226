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
  type AsyncOptions,
  type Codec,
  type CodecState,
  type CodecSupports,
  type Codes,
  checkCodes,
  checkMetric,
  checkOutput,
  checkVectors,
  type DftLayout,
  dftQueryFloats,
  dftStride,
  kernels,
  type Metric,
  type Scorer,
  scanScorer,
  type Vectors,
} from "@pith/codec-core";
import { isTrained, type Learned, tensorsOf } from "./learned.ts";
import { keptBins, leastDim, type SpectralDftParams } from "./params.ts";
import { atEnds, verifyRows } from "./rows.ts";

export const NAME = "spectral-dft";
export const VERSION = 1;
export const MIN_SAMPLE = 100;

export class SpectralDftCodec implements Codec {
  readonly name: string = NAME;
  readonly version: number = VERSION;
  readonly dim: number;
  readonly metric: Metric;
  /** The coefficients, the scalar (1 byte where trained, else 4), under l2 four more. */
  readonly stride: number;
  readonly supports: CodecSupports;
  readonly params: SpectralDftParams;
  readonly #layout: DftLayout;
  readonly #learned: Learned;

  /** Use `spectralDft.create` or `spectralDft.train`, which check their options. `learned` is kept. */
  constructor(dim: number, metric: Metric, params: SpectralDftParams, learned: Learned) {
    this.dim = dim;
    this.metric = metric;
    this.params = params;
    this.#learned = learned;
    this.#layout = layoutOf(dim, metric, params, learned);
    this.stride = dftStride(this.#layout);
    const trained = isTrained(learned);
    this.supports = {
      metrics: [metric],
      trained,
      symmetric: false,
      decode: "approximate",
      deterministic: "bitwise",
      // Under l2 the length is that of the vector as it was.
      scoring: metric === "l2" ? "integer" : "exact",
      minDim: leastDim(params),
      minSample: trained ? MIN_SAMPLE : 0,
    };
  }

  encode(v: Vectors): Codes {
    checkVectors(v, this.dim);
    const bytes = new Uint8Array(v.count * this.stride);
    kernels().dftEncode(this.#layout, v.data, bytes);
    return { bytes, stride: this.stride, count: v.count };
  }

  encodeInto(v: Vectors, out: Uint8Array): void {
    checkVectors(v, this.dim);
    checkOutput(out.length, v.count * this.stride, "bytes");
    kernels().dftEncode(this.#layout, v.data, out);
  }

  decode(c: Codes): Vectors {
    checkCodes(c, this.stride);
    const data = new Float32Array(c.count * this.dim);
    kernels().dftDecode(this.#layout, c.bytes, data);
    return { data, dim: this.dim, count: c.count };
  }

  decodeInto(c: Codes, out: Float32Array): void {
    checkCodes(c, this.stride);
    checkOutput(out.length, c.count * this.dim, "floats");
    kernels().dftDecode(this.#layout, c.bytes, out);
  }

  scorer(metric: Metric): Scorer {
    checkMetric(metric, this.supports.metrics);
    const { dim } = this;
    const layout = this.#layout;
    return scanScorer(this, metric, {
      prepare(queries) {
        const out = new Float32Array((queries.length / dim) * dftQueryFloats(dim));
        kernels().dftQueries(layout, queries, out);
        return out;
      },
      scores: (query, c, out) => kernels().dftScores(layout, query, c.bytes, out),
      topK: (queries, c, k, allow, out) => kernels().dftTopK(layout, queries, c.bytes, k, allow?.words, out),
      topKAsync: (queries, c, k, allow, options) =>
        kernels().async?.dftTopK?.(layout, queries, c.bytes, k, allow?.words, options),
    });
  }

  encodeAsync(v: Vectors, options: AsyncOptions): Promise<Codes> | undefined {
    const running = kernels().async?.dftEncode?.(this.#layout, v.data, options);
    return running?.then((bytes) => ({ bytes, stride: this.stride, count: v.count }));
  }

  decodeAsync(c: Codes, options: AsyncOptions): Promise<Vectors> | undefined {
    const running = kernels().async?.dftDecode?.(this.#layout, c.bytes, options);
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
   * How many codes have the smallest or the largest scalar that training knows: the sample wasn't like the data where there
   * are more than a few. 0 without training, where nothing is clamped.
   * @throws CODEC_MISMATCH, LENGTH_MISMATCH
   */
  clamped(c: Codes): number {
    checkCodes(c, this.stride);
    return atEnds(this.#layout, c);
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
