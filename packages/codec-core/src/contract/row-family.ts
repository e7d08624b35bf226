/**
 * A family of row codecs: reads options, makes codecs, and restores them from the state in a file, refusing what
 * isn't theirs. With it a codec of one's own works wherever a Pith codec does.
 */
import { PithError, quote } from "../errors.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { Codec, CodecFamily, CommonOptions } from "./codec.ts";
import { checkMetric, METRICS, type Metric } from "./metric.ts";
import { type OptionSchema, readOptions } from "./options.ts";
import { checkServedDim, type RowCodecOptions, type RowCoder, rowCodec } from "./row-codec.ts";
import { type CodecState, checkState } from "./state.ts";
import { MIN_DIM } from "./vectors.ts";

export interface RowCodecFamilyOptions {
  readonly name: string;
  /** Version of the code layout, from 1; the only one that it reads. */
  readonly version: number;
  /** One line for lists. */
  readonly summary: string;
  /** Options beyond dim and metric. Default none. */
  readonly options?: OptionSchema;
  /** Metrics that codecs are made for. Default all. */
  readonly metrics?: readonly Metric[];
  /** As for `rowCodec`. */
  readonly supports?: NonNullable<RowCodecOptions["supports"]>;
  /** The two row functions for checked options: dim, metric, and those of the schema with defaults filled in. */
  coder(options: RowCoderOptions): RowCoder;
}

export interface RowCoderOptions {
  readonly dim: number;
  readonly metric: Metric;
  readonly options: { readonly [name: string]: number | boolean | string };
}

/** A codec family from two row functions; see `rowCodec`. */
export function rowCodecFamily(spec: RowCodecFamilyOptions): CodecFamily {
  const { name, version, summary, options: schema = {}, metrics = METRICS } = spec;
  const make = (dim: number, metric: Metric, given: { readonly [name: string]: unknown }): Codec => {
    checkServedDim(dim, spec.supports?.minDim ?? MIN_DIM);
    checkMetric(metric, metrics);
    const options = readOptions(schema, given);
    const coder = spec.coder({ dim, metric, options });
    const supports = spec.supports ? { supports: spec.supports } : {};
    const bound = coder.errorBoundRow && { errorBoundRow: coder.errorBoundRow.bind(coder) };
    return rowCodec({
      name,
      version,
      dim,
      metric,
      params: options,
      stride: coder.stride,
      encodeRow: (row, out) => coder.encodeRow(row, out),
      decodeRow: (code, out) => coder.decodeRow(code, out),
      ...bound,
      ...supports,
    });
  };
  const family: CodecFamily = {
    name,
    version,
    summary,
    options: schema,
    metrics,
    create({ dim, metric = "cosine", ...given }: CommonOptions): Codec {
      return make(dim, metric, given);
    },
    restore(state: CodecState): Codec {
      checkState(state, family);
      if (state.version !== version)
        throw new PithError("VERSION_UNSUPPORTED", `${name} reads version ${version}, got ${state.version}`, {
          expected: version,
          actual: state.version,
        });
      const learned = Object.keys(state.tensors);
      if (learned.length > 0)
        throw new PithError("CORRUPT_FILE", `${name} learns nothing, got the tensor ${quote(learned[0])}`, {
          tensors: learned,
        });
      const codec = make(state.dim, state.metric as Metric, state.params);
      // A parameter that was left out or written as another type was written by no codec of this family.
      const [expected, actual] = [canonicalJson(codec.state().params), canonicalJson(state.params)];
      if (expected !== actual)
        throw new PithError(
          "CORRUPT_FILE",
          `expected the parameters ${expected}, got ${quote(actual, 200)}`,
          {
            expected,
            actual,
          },
        );
      return codec;
    },
  };
  return family;
}
