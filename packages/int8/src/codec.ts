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
 * Options change what is quantized (`rotate`: rows turned by a seeded Hadamard transform; queries too, and decoding
 * turns back), the scale (`scale: "ls"`: by least squares) and how many there are (`group`: one for each so many
 * elements; these are scanned as floats).
 *
 * Error: each element is off by at most half a step, so |v - decoded| <= scale / 2 * sqrt(dim).
 * Source: symmetric "absmax" quantization as in Vectro's int8; rounding rule and zero rule are ours.
 */
import {
  type AsyncOptions,
  type Codec,
  type CodecState,
  type CodecSupports,
  type CodeScan,
  type Codes,
  checkCodes,
  checkFinite,
  checkMetric,
  checkOutput,
  checkShape,
  checkVectors,
  type HadamardRotation,
  kernels,
  type Metric,
  type Scorer,
  type SymmetricScorer,
  scanScorer,
  symmetricScorer,
  type Vectors,
} from "@pith/codec-core";
import { errorBounds, verifyInt8Codes } from "./bounds.ts";
import { type Int8Params, isPlain } from "./params.ts";
import { rotationOf } from "./rotate.ts";

export const NAME = "int8";
export const VERSION = 1;
export const SCALE_BYTES = 4;

export class Int8Codec implements Codec {
  readonly name: string = NAME;
  readonly version: number = VERSION;
  readonly dim: number;
  readonly metric: Metric;
  /** `dim` codes and the float32 scales. */
  readonly stride: number;
  readonly supports: CodecSupports;
  readonly params: Int8Params;
  readonly #rotation: HadamardRotation | undefined;

  /** Use `int8.create`, which checks its options. @throws INVALID_OPTION for a seed without a rotation */
  constructor(dim: number, metric: Metric, params: Int8Params) {
    this.dim = dim;
    this.metric = metric;
    this.params = params;
    this.#rotation = rotationOf(dim, params.rotate, params.seed);
    this.stride = dim + SCALE_BYTES * (params.group > 0 ? Math.ceil(dim / params.group) : 1);
    this.supports = {
      // Unit codes have lost the length that dot and l2 need.
      metrics: metric === "cosine" ? ["cosine"] : ["dot", "l2"],
      trained: false,
      symmetric: true,
      decode: "approximate",
      deterministic: "bitwise",
      minDim: Math.max(1, params.group),
      minSample: 0,
    };
  }

  encode(v: Vectors): Codes {
    const inOnePass = isPlain(this.params) ? kernels().int8EncodeFinite : undefined;
    if (inOnePass) checkShape(v, this.dim);
    else checkVectors(v, this.dim);
    this.#rotation?.check(v.data);
    const bytes = new Uint8Array(v.count * this.stride);
    if (!inOnePass) this.#encode(v.data, bytes);
    // Nobody has seen the bytes yet.
    else if (inOnePass(v.data, this.dim, this.metric === "cosine", bytes) >= 0) checkFinite(v.data, this.dim);
    return { bytes, stride: this.stride, count: v.count };
  }

  encodeInto(v: Vectors, out: Uint8Array): void {
    checkVectors(v, this.dim);
    checkOutput(out.length, v.count * this.stride, "bytes");
    this.#rotation?.check(v.data);
    this.#encode(v.data, out);
  }

  decode(c: Codes): Vectors {
    checkCodes(c, this.stride);
    const data = new Float32Array(c.count * this.dim);
    this.#decode(c.bytes, data);
    return { data, dim: this.dim, count: c.count };
  }

  decodeInto(c: Codes, out: Float32Array): void {
    checkCodes(c, this.stride);
    checkOutput(out.length, c.count * this.dim, "floats");
    this.#decode(c.bytes, out);
  }

  /** @throws UNSUPPORTED_METRIC; its `prepare` and `topKBatch`: INVALID_ARGUMENT for a query too long to rotate */
  scorer(metric: Metric): Scorer {
    checkMetric(metric, this.supports.metrics);
    const { dim } = this;
    const { group } = this.params;
    const rotation = this.#rotation;
    const scan: CodeScan =
      group === 0
        ? {
            scores: (query, c, out) => kernels().int8Scores(metric, query, c.bytes, dim, out),
            topK: (queries, c, k, allow, out) =>
              kernels().int8TopK(metric, queries, c.bytes, dim, k, allow?.words, out),
            among(queries, c, named, k, out) {
              const { int8TopKAmong } = kernels();
              int8TopKAmong?.(metric, queries, c.bytes, dim, named, k, out);
              return int8TopKAmong !== undefined;
            },
            topKAsync: (queries, c, k, allow, options) =>
              kernels().async?.int8TopK(metric, queries, c.bytes, dim, k, allow?.words, options),
          }
        : {
            scores: (query, c, out) => kernels().int8GroupedScores(metric, query, c.bytes, dim, group, out),
            topK: (queries, c, k, allow, out) =>
              kernels().int8GroupedTopK(metric, queries, c.bytes, dim, group, k, allow?.words, out),
          };
    return scanScorer(
      this,
      metric,
      rotation ? { ...scan, prepare: (queries) => rotation.rotate(queries) } : scan,
    );
  }

  /** Scores of code with code: exact integer products times both scales. A rotation changes no product. */
  symmetricScorer(metric: Metric): SymmetricScorer {
    checkMetric(metric, this.supports.metrics);
    const { dim } = this;
    const group = this.params.group || dim;
    return symmetricScorer(this, metric, (query, c, out) =>
      kernels().int8Symmetric(metric, query.bytes, c.bytes, dim, group, out),
    );
  }

  encodeAsync(v: Vectors, options: AsyncOptions): Promise<Codes> | undefined {
    if (!isPlain(this.params)) return undefined;
    const running = kernels().async?.int8Encode(v.data, this.dim, this.metric === "cosine", options);
    return running?.then((bytes) => ({ bytes, stride: this.stride, count: v.count }));
  }

  decodeAsync(c: Codes, options: AsyncOptions): Promise<Vectors> | undefined {
    if (!isPlain(this.params)) return undefined;
    const running = kernels().async?.int8Decode(c.bytes, this.dim, options);
    return running?.then((data) => ({ data, dim: this.dim, count: c.count }));
  }

  state(): CodecState {
    const params = isPlain(this.params) ? {} : { ...this.params };
    return { codec: NAME, version: VERSION, dim: this.dim, metric: this.metric, params, tensors: {} };
  }

  errorBound(c: Codes): Float32Array {
    checkCodes(c, this.stride);
    return errorBounds(c, this);
  }

  verifyCodes(c: Codes, firstRow: number = 0): void {
    checkCodes(c, this.stride);
    verifyInt8Codes(c, this.dim, firstRow);
  }

  #encode(data: Float32Array, out: Uint8Array): void {
    for (const { start, rows } of this.#rotation?.blocks(data) ?? [{ start: 0, rows: data }]) {
      const end = start + rows.length / this.dim;
      this.#encodeRows(rows, out.subarray(start * this.stride, end * this.stride));
    }
  }

  #encodeRows(data: Float32Array, out: Uint8Array): void {
    const { dim, metric } = this;
    const { group, scale } = this.params;
    const unit = metric === "cosine";
    if (group === 0 && scale === "absmax") kernels().int8Encode(data, dim, unit, out);
    else kernels().int8GroupedEncode(data, dim, group || dim, unit, scale === "ls", out);
  }

  #decode(codes: Uint8Array, out: Float32Array): void {
    const rows = this.#rotation ? new Float32Array(out.length) : out;
    const { group } = this.params;
    if (group === 0) kernels().int8Decode(codes, this.dim, rows);
    else kernels().int8GroupedDecode(codes, this.dim, group, rows);
    this.#rotation?.unrotateInto(rows, out);
  }
}
