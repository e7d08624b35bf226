import {
  type CodecFamily,
  type CodecState,
  type CommonOptions,
  checkDim,
  checkMetric,
  checkParams,
  checkSample,
  checkState,
  dftBins,
  dftStride,
  kernels,
  METRICS,
  type Metric,
  PithError,
  sampleMean,
  scalarTable,
  type Training,
  unitRows,
  type Vectors,
} from "@pith/codec-core";
import { layoutOf, MIN_SAMPLE, NAME, SpectralDftCodec, VERSION } from "./codec.ts";
import { type Learned, readLearned } from "./learned.ts";
import { gaussianLevels, lloydLevels } from "./levels.ts";
import { keptBins, leastDim, OPTIONS, readParams, type SpectralDftParams } from "./params.ts";
import { scalarsOf } from "./rows.ts";
import { largestMagnitudes } from "./spectrum.ts";

/** Default: an eighth of the coefficients, phases of 3 bits, no bits for magnitudes. */
export type SpectralDftOptions = CommonOptions & Partial<SpectralDftParams>;

/** Rows that levels are learned from. */
const LEVEL_ROWS = 2048;

/**
 * The family "spectral-dft": `spectralDft.train(sample, { dim: 384 })`, or `spectralDft.create({ dim: 384 })` without a
 * sample. The sample is best spread evenly over the data.
 */
export const spectralDft: {
  create(options: SpectralDftOptions): SpectralDftCodec;
  train(sample: Vectors, options: SpectralDftOptions): SpectralDftCodec;
  training(options: SpectralDftOptions): Training;
  restore(state: CodecState): SpectralDftCodec;
} & CodecFamily<SpectralDftOptions> = {
  name: NAME,
  version: VERSION,
  summary: "the largest Fourier coefficients and a scalar; 61x smaller, recall@10 about .5",
  options: OPTIONS,
  metrics: METRICS,

  create({ dim, metric = "cosine", ...rest }: SpectralDftOptions): SpectralDftCodec {
    const params = check(dim, metric, rest);
    return new SpectralDftCodec(dim, metric, params, unlearned(dim, params));
  },

  train(sample: Vectors, { dim, metric = "cosine", ...rest }: SpectralDftOptions): SpectralDftCodec {
    const params = check(dim, metric, rest);
    checkSample(sample, dim, MIN_SAMPLE);
    return new SpectralDftCodec(dim, metric, params, learn(sample, metric, params));
  },

  training({ dim, metric = "cosine", ...rest }: SpectralDftOptions): Training {
    check(dim, metric, rest);
    return { sample: "optional", minSample: MIN_SAMPLE };
  },

  restore(state: CodecState): SpectralDftCodec {
    checkState(state, spectralDft);
    const { dim, params: given } = state;
    const metric = checkMetric(state.metric);
    const params = check(dim, metric, given);
    const codec = new SpectralDftCodec(dim, metric, params, readLearned(state, params.magBits));
    checkParams(codec, state);
    return codec;
  },
};

/** @throws DIM_UNSUPPORTED (also one without so many coefficients), UNSUPPORTED_METRIC, INVALID_OPTION */
function check(dim: number, metric: Metric, given: { readonly [name: string]: unknown }): SpectralDftParams {
  checkDim(dim);
  checkMetric(metric);
  const params = readParams(given);
  const least = leastDim(params);
  if (dim < least)
    throw new PithError(
      "DIM_UNSUPPORTED",
      `expected a dim from ${least} for ${params.topK} coefficients, got ${dim}`,
      {
        expected: least,
        actual: dim,
      },
    );
  return params;
}

export function unlearned(dim: number, params: SpectralDftParams): Learned {
  const none = new Float32Array(0);
  return {
    levels: gaussianLevels(params.magBits, keptBins(dim, params), dftBins(dim)),
    mean: none,
    table: none,
  };
}

/** The mean of the rows, the levels of their magnitudes, and the range of the scalars with these. */
export function learn(sample: Vectors, metric: Metric, params: SpectralDftParams): Learned {
  const { data, dim, count } = sample;
  const mean = sampleMean(sample, metric);
  const unit = metric === "cosine" ? unitRows(data, dim) : data;
  const step = Math.max(1, Math.floor(count / LEVEL_ROWS));
  const chosen = Array.from({ length: Math.floor(count / step) }, (_, i) => i * step);
  const rows = new Float32Array(chosen.length * dim);
  chosen.forEach((row, i) => {
    for (let j = 0; j < dim; j++) rows[i * dim + j] = unit[row * dim + j] - mean[j];
  });
  const start = unlearned(dim, params);
  const magnitudes =
    params.magBits > 0 ? largestMagnitudes(rows, dim, keptBins(dim, params)) : new Float64Array(0);
  const levels = lloydLevels(params.magBits, magnitudes, start.levels);
  const layout = layoutOf(dim, metric, params, { levels, mean, table: start.table });
  const stride = dftStride(layout);
  const bytes = new Uint8Array(count * stride);
  kernels().dftEncode(layout, data, bytes);
  return { levels, mean, table: scalarTable(scalarsOf(layout, { bytes, stride, count })) };
}
