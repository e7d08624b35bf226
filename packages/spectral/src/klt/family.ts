import {
  type CodecFamily,
  type CodecState,
  type CommonOptions,
  checkMetric,
  checkParams,
  checkSample,
  checkState,
  METRICS,
  type Metric,
  PithError,
  type Training,
  type Vectors,
} from "@pith/codec-core";
import type { SpectralCentres } from "./centres.ts";
import { MIN_SAMPLE, NAME, SpectralCodec, VERSION } from "./codec.ts";
import { learn } from "./learn.ts";
import { checkBudget, codeBytesOf, OPTIONS, readParams, type SpectralParams } from "./params.ts";
import { readLearned } from "./tensors.ts";

/** Default: 24 bytes, trellis. */
export type SpectralOptions = CommonOptions & Partial<SpectralParams>;

/**
 * The family "spectral": `spectral.train(sample, { dim: 384, bytes: 24 })`. The sample is best spread evenly over the
 * data: 256 rows at least, ten for each dim are enough, more than 65,536 are worth little.
 */
export const spectral: CodecFamily<SpectralOptions> & {
  create(options: SpectralOptions): never;
  /**
   * `around`: learns from the rows less their centres, for `codec.around(centre)` of those and of any other centres.
   * @throws SAMPLE_TOO_SMALL, INVALID_ARGUMENT, DIM_MISMATCH, NOT_FINITE, LENGTH_MISMATCH
   */
  train(sample: Vectors, options: SpectralOptions, around?: SpectralCentres): SpectralCodec;
  training(options: SpectralOptions): Training;
  restore(state: CodecState): SpectralCodec;
} = {
  name: NAME,
  version: VERSION,
  summary: "components in a learned basis, in the bytes you name; 64x smaller at 24 bytes of 384 dims",
  options: OPTIONS,
  metrics: METRICS,

  create(options: SpectralOptions): never {
    check(options);
    throw new PithError("NOT_SUPPORTED", "spectral codecs learn a basis: use train, with a sample");
  },

  train(sample: Vectors, options: SpectralOptions, around?: SpectralCentres): SpectralCodec {
    const { dim, metric, params } = check(options);
    checkSample(sample, dim, MIN_SAMPLE);
    return new SpectralCodec(metric, params, learn(sample, metric, params, around));
  },

  training(options: SpectralOptions): Training {
    check(options);
    return { sample: "required", minSample: MIN_SAMPLE };
  },

  restore(state: CodecState): SpectralCodec {
    checkState(state, spectral);
    const { dim, metric, params } = check({
      ...state.params,
      dim: state.dim,
      metric: checkMetric(state.metric),
    });
    const learned = readLearned({ ...state, dim }, 8 * codeBytesOf(metric, params));
    const codec = new SpectralCodec(metric, params, learned);
    checkParams(codec, state);
    return codec;
  },
};

interface Checked {
  readonly dim: number;
  readonly metric: Metric;
  readonly params: SpectralParams;
}

/** @throws INVALID_OPTION, DIM_UNSUPPORTED, UNSUPPORTED_METRIC */
function check({ dim, metric = "cosine", ...rest }: SpectralOptions): Checked {
  checkMetric(metric);
  const params = readParams(rest, metric);
  return { dim: checkBudget(dim, metric, params), metric, params };
}
