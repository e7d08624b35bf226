/**
 * The short way to a codec: two functions, one that encodes a row and one that decodes it. What every codec owes
 * besides (checks, unit rows under cosine, batches, views, scoring, search, state) is done here. Scores are those of
 * decoded rows, so its search is as fast as `decodeRow`; a codec that is to be fast writes kernels instead.
 */
import { PithError } from "../errors.ts";
import type { CanonicalValue } from "./canonical-json.ts";
import type { Codec, CodecSupports, Scorer } from "./codec.ts";
import { type Codes, checkCodes, checkOutput } from "./codes.ts";
import { decodingScorer } from "./decoding-scorer.ts";
import { checkMetric, METRICS, type Metric } from "./metric.ts";
import { unitRows } from "./scan-scorer.ts";
import type { CodecState } from "./state.ts";
import { checkDim, checkVectors, type Vectors } from "./vectors.ts";

/** How one row becomes bytes and comes back. Both arrays are aligned memory of the codec, to be used during the call. */
export interface RowCoder {
  /** Bytes per row, at least 1. */
  readonly stride: number;
  /** Writes the code of `row` (finite; of unit length or zero under cosine) into `out`: `stride` bytes, all zero. */
  encodeRow(row: Float32Array, out: Uint8Array): void;
  /** Writes the row that `code` stands for into `out`: `dim` floats. */
  decodeRow(code: Uint8Array, out: Float32Array): void;
  /** Upper bound on the Euclidean distance between the decoded row and the encoded one. Leave out if there's none. */
  errorBoundRow?(code: Uint8Array): number;
}

export interface RowCodecOptions extends RowCoder {
  readonly name: string;
  /** Version of the code layout, from 1. */
  readonly version: number;
  readonly dim: number;
  readonly metric: Metric;
  /**
   * What differs from the usual manifest: "cosine" alone for unit rows and all metrics for others, untrained,
   * decoding approximately, the same bytes on every backend, any dim.
   */
  readonly supports?: Partial<Omit<CodecSupports, "trained" | "symmetric" | "minSample">>;
  /** The options that made it, with defaults filled in. */
  readonly params?: { readonly [name: string]: CanonicalValue };
}

/** A complete codec from two row functions. @throws DIM_UNSUPPORTED, UNSUPPORTED_METRIC, INVALID_ARGUMENT (stride) */
export function rowCodec(options: RowCodecOptions): Codec {
  const { name, version, dim, metric, stride, params = {} } = options;
  const supports: CodecSupports = {
    metrics: metric === "cosine" ? ["cosine"] : METRICS,
    decode: "approximate",
    deterministic: "bitwise",
    minDim: 1,
    ...options.supports,
    trained: false,
    symmetric: false,
    minSample: 0,
  };
  checkServedDim(dim, supports.minDim);
  checkMetric(metric, supports.metrics);
  if (!Number.isSafeInteger(stride) || stride < 1)
    throw new PithError("INVALID_ARGUMENT", `expected a stride of at least 1 byte, got ${stride}`, {
      actual: stride,
    });

  /** Into new memory first: where `encodeRow` throws, the caller's buffer is as it was. */
  const encodeBytes = (v: Vectors): Uint8Array => {
    checkVectors(v, dim);
    const data = metric === "cosine" ? unitRows(v.data, dim) : v.data;
    const bytes = new Uint8Array(v.count * stride);
    const row = new Float32Array(dim);
    const code = new Uint8Array(stride);
    for (let i = 0; i < v.count; i++) {
      row.set(data.subarray(i * dim, (i + 1) * dim));
      options.encodeRow(row, code.fill(0));
      bytes.set(code, i * stride);
    }
    return bytes;
  };

  const eachCode = (c: Codes, visit: (code: Uint8Array, i: number) => void): void => {
    const code = new Uint8Array(stride);
    for (let i = 0; i < c.count; i++) {
      code.set(c.bytes.subarray(i * stride, (i + 1) * stride));
      visit(code, i);
    }
  };

  const codec: Codec = {
    name,
    version,
    dim,
    metric,
    stride,
    supports,
    encode: (v: Vectors): Codes => ({ bytes: encodeBytes(v), stride, count: v.count }),
    encodeInto(v: Vectors, out: Uint8Array): void {
      checkVectors(v, dim);
      checkOutput(out.length, v.count * stride, "bytes");
      out.set(encodeBytes(v));
    },
    decode(c: Codes): Vectors {
      checkCodes(c, stride);
      const data = new Float32Array(c.count * dim);
      codec.decodeInto(c, data);
      return { data, dim, count: c.count };
    },
    decodeInto(c: Codes, out: Float32Array): void {
      checkCodes(c, stride);
      checkOutput(out.length, c.count * dim, "floats");
      const row = new Float32Array(dim);
      eachCode(c, (code, i) => {
        options.decodeRow(code, row);
        out.set(row, i * dim);
      });
    },
    scorer: (wanted: Metric): Scorer => decodingScorer(codec, wanted),
    state: (): CodecState => ({ codec: name, version, dim, metric, params: { ...params }, tensors: {} }),
  };
  const bound = options.errorBoundRow?.bind(options);
  if (!bound) return codec;
  return Object.assign(codec, {
    errorBound(c: Codes): Float32Array {
      checkCodes(c, stride);
      const out = new Float32Array(c.count);
      eachCode(c, (code, i) => {
        out[i] = bound(code);
      });
      return out;
    },
  });
}

/** @throws DIM_UNSUPPORTED unless `dim` is an integer from `minDim` to 65,536 */
export function checkServedDim(dim: number, minDim: number): void {
  checkDim(dim);
  if (dim >= minDim) return;
  throw new PithError("DIM_UNSUPPORTED", `expected a dim from ${minDim}, got ${dim}`, {
    expected: minDim,
    actual: dim,
  });
}
