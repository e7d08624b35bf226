import {
  type Codec,
  type CodecFamily,
  type CodecState,
  type CommonOptions,
  canonicalJson,
  checkDim,
  checkMetric,
  checkState,
  checkVectors,
  METRICS,
  PithError,
  readOptions,
  type Training,
  unitRows,
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

  /** Learns the mean of the sample's rows (of unit length under cosine), summed in float64. */
  train(sample: Vectors, { dim, metric = "cosine", ...rest }: BinaryOptions): Codec {
    checkDim(dim);
    checkMetric(metric);
    const params = readParams(rest);
    checkVectors(sample, dim);
    if (!params.centre) return new BinaryCodec(dim, metric, params);
    if (sample.count < MIN_SAMPLE)
      throw new PithError("SAMPLE_TOO_SMALL", `expected ${MIN_SAMPLE} rows or more, got ${sample.count}`, {
        expected: MIN_SAMPLE,
        actual: sample.count,
      });
    const rows = metric === "cosine" ? unitRows(sample.data, dim) : sample.data;
    const sums = new Float64Array(dim);
    for (let i = 0; i < rows.length; i++) sums[i % dim] += rows[i];
    return new BinaryCodec(
      dim,
      metric,
      params,
      Float32Array.from(sums, (sum) => sum / sample.count),
    );
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
    const expected = canonicalJson(codec.state().params);
    const actual = canonicalJson(state.params);
    if (expected !== actual)
      throw new PithError("CORRUPT_FILE", `expected the parameters ${expected}, got ${actual}`, {
        expected,
        actual,
      });
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
  const { dtype, shape, bytes } = tensors["mean"] ?? {};
  const fits =
    dtype === "F32" &&
    Array.isArray(shape) &&
    shape.length === 1 &&
    shape[0] === dim &&
    bytes instanceof Uint8Array &&
    bytes.length === 4 * dim;
  if (!fits) throw new PithError("CORRUPT_FILE", `expected the tensor "mean" as F32 [${dim}]`, { dim });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mean = Float32Array.from({ length: dim }, (_, j) => view.getFloat32(4 * j, true));
  if (!mean.every(Number.isFinite)) throw new PithError("CORRUPT_FILE", "expected a finite mean");
  return mean;
}
