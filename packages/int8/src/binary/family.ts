import {
  type Codec,
  type CodecFamily,
  type CodecState,
  type CommonOptions,
  checkDim,
  checkMetric,
  checkParams,
  checkSample,
  checkState,
  METRICS,
  PithError,
  readFloatTensor,
  readOptions,
  sampleMean,
  type Training,
  type Vectors,
} from "@pith/codec-core";
import { ROTATE_OPTIONS } from "../rotate.ts";
import { BinaryCodec, type BinaryParams, MIN_SAMPLE, NAME, VERSION } from "./codec.ts";

/** Default: no rotation, no centring. */
export type BinaryOptions = CommonOptions & Partial<BinaryParams>;

/** The binary family: `binary.create({ dim: 384 })`, or `binary.train(sample, { dim: 384, centre: true })`. */
export const binary: CodecFamily<BinaryOptions> & {
  train(sample: Vectors, options: BinaryOptions): Codec;
  training(options: BinaryOptions): Training;
} = {
  name: NAME,
  version: VERSION,
  summary: "one bit a dimension and a scale; 30x smaller, for a first pass that rescoring finishes",
  options: {
    ...ROTATE_OPTIONS,
    centre: { type: "boolean", default: false, about: "take off the mean of a sample first; needs training" },
  },
  metrics: METRICS,

  create({ dim, metric = "cosine", ...rest }: BinaryOptions): Codec {
    checkDim(dim);
    checkMetric(metric);
    const params = readParams(rest);
    if (params.centre)
      throw new PithError("NOT_SUPPORTED", "centre: a mean is learned: make the codec with binary.train");
    return new BinaryCodec(dim, metric, params);
  },

  /** Learns the mean of the sample's rows, where it is asked for. */
  train(sample: Vectors, { dim, metric = "cosine", ...rest }: BinaryOptions): Codec {
    checkDim(dim);
    checkMetric(metric);
    const params = readParams(rest);
    checkSample(sample, dim, params.centre ? MIN_SAMPLE : 0);
    return new BinaryCodec(dim, metric, params, params.centre ? sampleMean(sample, metric) : undefined);
  },

  /** A sample is needed for `centre`, and of no use without. */
  training({ dim, metric = "cosine", ...rest }: BinaryOptions): Training {
    checkDim(dim);
    checkMetric(metric);
    return readParams(rest).centre
      ? { sample: "required", minSample: MIN_SAMPLE }
      : { sample: "none", minSample: 0 };
  },

  restore(state: CodecState): Codec {
    checkState(state, binary);
    const [dim, metric, params] = [checkDim(state.dim), checkMetric(state.metric), readParams(state.params)];
    const codec = new BinaryCodec(dim, metric, params, readMean(state, params.centre));
    checkParams(codec, state);
    return codec;
  },
};

function readParams(given: { readonly [name: string]: unknown }): BinaryParams {
  return readOptions(binary.options, given) as unknown as BinaryParams;
}

/** The one tensor, `mean`, exactly where there is centring. @throws CORRUPT_FILE */
function readMean({ dim, tensors }: CodecState, centre: boolean): Float32Array | undefined {
  const names = Object.keys(tensors);
  const wanted = centre ? "mean" : "";
  if (names.join() !== wanted)
    throw new PithError("CORRUPT_FILE", `expected the tensors [${wanted}], got [${names.join()}]`, {
      expected: wanted,
      actual: names,
    });
  if (!centre) return undefined;
  const mean = readFloatTensor(tensors, "mean", dim);
  if (!mean.every(Number.isFinite)) throw new PithError("CORRUPT_FILE", "expected a finite mean");
  return mean;
}
