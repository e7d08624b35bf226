/**
 * int8: each vector as `dim` signed bytes and one float32 scale, 3.96 times smaller than float32 at 384 dims.
 *
 *   scale = max|v| / 127,  code_j = round(v_j * 127 / max|v|),  decoded v_j = code_j * scale
 *
 * Rounding is half to even. A vector with max|v| below 2^-120 is stored as zero (scale 1). Under cosine the scale is
 * that of the vector's direction, so that codes decode to unit vectors. Queries stay float: a score is that of the
 * float query with the decoded vector; the search runs on an 8-bit query in integers and settles with the float
 * query every row that rounding could have misplaced.
 *
 * Error: each element is off by at most half a step, so |v - decoded| <= scale / 2 * sqrt(dim).
 * Source: symmetric "absmax" quantization as in Vectro's int8; rounding rule and zero rule are ours.
 */
import {
  type Codec,
  type CodecState,
  type CodecSupports,
  type Codes,
  checkCodes,
  checkMetric,
  checkOutput,
  checkVectors,
  kernels,
  type Metric,
  PithError,
  type Scorer,
  scanScorer,
  type Vectors,
} from "@pith/codec-core";

export const NAME = "int8";
export const VERSION = 1;
export const SCALE_BYTES = 4;
/** No encoder writes a larger one: it would decode to infinities. */
const LARGEST_SCALE: number = 0x810203 * 2 ** 98;

export class Int8Codec implements Codec {
  readonly name: string = NAME;
  readonly version: number = VERSION;
  readonly dim: number;
  readonly metric: Metric;
  /** `dim` codes and a float32 scale. */
  readonly stride: number;
  readonly supports: CodecSupports;

  /** Use `int8.create`, which checks its options. */
  constructor(dim: number, metric: Metric) {
    this.dim = dim;
    this.metric = metric;
    this.stride = dim + SCALE_BYTES;
    this.supports = {
      // Unit codes have lost the length that dot and l2 need.
      metrics: metric === "cosine" ? ["cosine"] : ["dot", "l2"],
      trained: false,
      symmetric: false,
      decode: "approximate",
      deterministic: "bitwise",
      minDim: 1,
      minSample: 0,
    };
  }

  encode(v: Vectors): Codes {
    checkVectors(v, this.dim);
    const bytes = new Uint8Array(v.count * this.stride);
    kernels().int8Encode(v.data, this.dim, this.metric === "cosine", bytes);
    return { bytes, stride: this.stride, count: v.count };
  }

  encodeInto(v: Vectors, out: Uint8Array): void {
    checkVectors(v, this.dim);
    checkOutput(out.length, v.count * this.stride, "bytes");
    kernels().int8Encode(v.data, this.dim, this.metric === "cosine", out);
  }

  decode(c: Codes): Vectors {
    checkCodes(c, this.stride);
    const data = new Float32Array(c.count * this.dim);
    kernels().int8Decode(c.bytes, this.dim, data);
    return { data, dim: this.dim, count: c.count };
  }

  decodeInto(c: Codes, out: Float32Array): void {
    checkCodes(c, this.stride);
    checkOutput(out.length, c.count * this.dim, "floats");
    kernels().int8Decode(c.bytes, this.dim, out);
  }

  scorer(metric: Metric): Scorer {
    checkMetric(metric, this.supports.metrics);
    const { dim } = this;
    return scanScorer(this, metric, {
      scores: (query, c, out) => kernels().int8Scores(metric, query, c.bytes, dim, out),
      topK: (queries, c, k, allow, out) =>
        kernels().int8TopK(metric, queries, c.bytes, dim, k, allow?.words, out),
    });
  }

  state(): CodecState {
    return { codec: NAME, version: VERSION, dim: this.dim, metric: this.metric, params: {}, tensors: {} };
  }

  errorBound(c: Codes): Float32Array {
    checkCodes(c, this.stride);
    // 2^-10 on top covers the roundings of v * inv and code * scale, each below 127 * 2^-24 steps.
    const perScale = 0.5 * Math.sqrt(this.dim) * (1 + 2 ** -10);
    // A row stored as zero had elements below 2^-120; its direction, if it had one, is lost whole.
    const zeroBound = this.metric === "cosine" ? 1 : 2 ** -120 * Math.sqrt(this.dim);
    return scales(c, this.dim).map((scale, i) => (isZeroCode(c, this.dim, i) ? zeroBound : perScale * scale));
  }

  verifyCodes(c: Codes, firstRow: number = 0): void {
    checkCodes(c, this.stride);
    scales(c, this.dim).forEach((scale, i) => {
      const row = firstRow + i;
      if (!(scale > 0 && scale <= LARGEST_SCALE))
        throw new PithError("CORRUPT_CODES", `row ${row}: expected a positive scale, got ${scale}`, {
          row,
          scale,
        });
      const column = c.bytes.subarray(i * this.stride, i * this.stride + this.dim).indexOf(0x80);
      if (column >= 0)
        throw new PithError("CORRUPT_CODES", `row ${row}: expected codes from -127 to 127, got -128`, {
          row,
          column,
        });
    });
  }
}

function scales(c: Codes, dim: number): Float32Array {
  const view = new DataView(c.bytes.buffer, c.bytes.byteOffset, c.bytes.byteLength);
  return Float32Array.from({ length: c.count }, (_, i) => view.getFloat32(i * c.stride + dim, true));
}

function isZeroCode(c: Codes, dim: number, row: number): boolean {
  return c.bytes.subarray(row * c.stride, row * c.stride + dim).every((b) => b === 0);
}
