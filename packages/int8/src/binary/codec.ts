/**
 * Binary: each vector as the signs of its elements and one float32 scale: ceil(dim / 8) + 4 bytes, 29.5 times smaller
 * than float32 at 384 dims.
 *
 *   bit_j = (r_j >= 0),  decoded r_j = +-scale
 *
 * r is the vector, less a learned mean (`centre`), turned by a seeded Hadamard transform (`rotate`). The scale
 *   cosine, dot  |r|^2 / sum|r_j|: the product of r with its decoded self is |r|^2, so that scores are unbiased
 *   l2           sum|r_j| / dim: the decoded vector is as near to r as can be, and scores keep their order
 * Scores of a float query with decoded vectors are exact; one bit ranks coarsely, so search k times 10 and rescore.
 * `symmetricScorer` compares codes with codes by the number of bits that differ (Hamming distance).
 *
 * Error: under cosine |u - decoded|^2 = scale^2 dim - 1, known from the code; not with a mean, nor under dot and l2.
 * Sources: kernels/binary.ts of @pith/codec-core.
 */
import {
  type Bitset,
  type Codec,
  type CodecState,
  type CodecSupports,
  type Codes,
  checkCodes,
  checkMetric,
  checkOutput,
  checkVectors,
  floatTensor,
  type HadamardRotation,
  type Hits,
  hitCount,
  kernels,
  type Metric,
  PithError,
  type Scorer,
  type SymmetricScorer,
  scanScorer,
  symmetricScorer,
  TopK,
  unitRows,
  type Vectors,
} from "@pith/codec-core";
import { type Rotate, rotationOf } from "../rotate.ts";

export const NAME = "binary";
export const VERSION = 1;
export const MIN_SAMPLE = 100;
const SCALE_BYTES = 4;

export interface BinaryParams {
  readonly centre: boolean;
  readonly rotate: Rotate;
  readonly seed: number;
}

/** Scores codes with a code by the bits that differ; finds the best of them too. */
export interface HammingScorer extends SymmetricScorer {
  /** The min(k, allowed) best codes, best first. @throws INVALID_ARGUMENT (k), LENGTH_MISMATCH, CODEC_MISMATCH */
  topK(query: Codes, c: Codes, k: number, allow?: Bitset): Hits;
}

export class BinaryCodec implements Codec {
  readonly name: string = NAME;
  readonly version: number = VERSION;
  readonly dim: number;
  readonly metric: Metric;
  /** The bits and a float32 scale. */
  readonly stride: number;
  readonly supports: CodecSupports;
  readonly params: BinaryParams;
  readonly errorBound?: (c: Codes) => Float32Array;
  readonly symmetricScorer?: (metric: Metric) => HammingScorer;
  readonly #mean: Float32Array | undefined;
  readonly #rotation: HadamardRotation | undefined;

  /** Use `binary.create` or `binary.train`. `mean`: `dim` floats where `params.centre`, which are kept. */
  constructor(dim: number, metric: Metric, params: BinaryParams, mean?: Float32Array) {
    this.dim = dim;
    this.metric = metric;
    this.params = params;
    this.stride = Math.ceil(dim / 8) + SCALE_BYTES;
    this.#mean = mean;
    this.#rotation = rotationOf(dim, params.rotate, params.seed);
    this.supports = {
      metrics: [metric],
      trained: mean !== undefined,
      // With a mean, products of codes are more than bits that differ.
      symmetric: mean === undefined,
      decode: "approximate",
      deterministic: "bitwise",
      minDim: 1,
      minSample: mean ? MIN_SAMPLE : 0,
    };
    if (mean) return;
    this.symmetricScorer = (wanted) => this.#hamming(wanted);
    if (metric === "cosine") this.errorBound = (c) => this.#errorBounds(c);
  }

  encode(v: Vectors): Codes {
    checkVectors(v, this.dim);
    const bytes = new Uint8Array(v.count * this.stride);
    this.#encode(v.data, bytes);
    return { bytes, stride: this.stride, count: v.count };
  }

  encodeInto(v: Vectors, out: Uint8Array): void {
    checkVectors(v, this.dim);
    checkOutput(out.length, v.count * this.stride, "bytes");
    this.#encode(v.data, out);
  }

  decode(c: Codes): Vectors {
    checkCodes(c, this.stride);
    const data = new Float32Array(c.count * this.dim);
    this.#decode(c, data);
    return { data, dim: this.dim, count: c.count };
  }

  decodeInto(c: Codes, out: Float32Array): void {
    checkCodes(c, this.stride);
    checkOutput(out.length, c.count * this.dim, "floats");
    this.#decode(c, out);
  }

  scorer(metric: Metric): Scorer {
    checkMetric(metric, this.supports.metrics);
    const { dim } = this;
    return scanScorer(this, metric, {
      prepare: (queries) => this.#prepare(queries),
      scores: (query, c, out) => kernels().binaryScores(metric, query, c.bytes, dim, out),
      topK: (queries, c, k, allow, out) =>
        kernels().binaryTopK(metric, queries, c.bytes, dim, k, allow?.words, out),
    });
  }

  state(): CodecState {
    const { dim, metric, params } = this;
    const mean = this.#mean;
    const tensors = mean ? { mean: floatTensor(mean) } : {};
    return { codec: NAME, version: VERSION, dim, metric, params: { ...params }, tensors };
  }

  verifyCodes(c: Codes, firstRow: number = 0): void {
    checkCodes(c, this.stride);
    const unused = ~(0xff >>> (8 * Math.ceil(this.dim / 8) - this.dim)) & 0xff;
    for (let i = 0; i < c.count; i++) {
      const [row, bits, scale] = [firstRow + i, this.#bits(c, i), this.#scale(c, i)];
      if (!(scale >= 0 && scale < Infinity) || Object.is(scale, -0))
        throw new PithError("CORRUPT_CODES", `row ${row}: expected a scale from 0, got ${scale}`, {
          row,
          scale,
        });
      if ((bits[bits.length - 1] & unused) !== 0)
        throw new PithError("CORRUPT_CODES", `row ${row}: expected zeros past bit ${this.dim}`, { row });
      if (scale === 0 && bits.some((b) => b !== 0))
        throw new PithError("CORRUPT_CODES", `row ${row}: expected no bits in a row of scale 0`, { row });
    }
  }

  #bits(c: Codes, row: number): Uint8Array {
    return c.bytes.subarray(row * this.stride, (row + 1) * this.stride - SCALE_BYTES);
  }

  #scale(c: Codes, row: number): number {
    const view = new DataView(c.bytes.buffer, c.bytes.byteOffset, c.bytes.byteLength);
    return view.getFloat32((row + 1) * this.stride - SCALE_BYTES, true);
  }

  /** Nothing is written where it throws. */
  #encode(data: Float32Array, out: Uint8Array): void {
    const { dim, stride } = this;
    const mean = this.#mean;
    const source = mean ? this.#centred(data, mean) : data;
    this.#rotation?.check(source);
    // Centred rows have lengths of their own under cosine too.
    const scaled = this.metric === "cosine" && mean ? "dot" : this.metric;
    for (const { start, rows } of this.#rotation?.blocks(source) ?? [{ start: 0, rows: source }]) {
      const end = start + rows.length / dim;
      kernels().binaryEncode(scaled, rows, dim, out.subarray(start * stride, end * stride));
    }
    if (mean) this.#markZeros(data, out);
  }

  /** Rows (of unit length under cosine) less the mean. */
  #centred(data: Float32Array, mean: Float32Array): Float32Array {
    const rows = this.metric === "cosine" ? unitRows(data, this.dim) : data;
    return rows.map((v, i) => v - mean[i % this.dim]);
  }

  /** Scale 0 is for zero rows; a row that equals the mean gets the smallest scale instead. */
  #markZeros(data: Float32Array, out: Uint8Array): void {
    const { dim, stride } = this;
    const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
    for (let row = 0; row < data.length / dim; row++) {
      const scaleAt = (row + 1) * stride - SCALE_BYTES;
      if (data.subarray(row * dim, (row + 1) * dim).every((v) => v === 0))
        out.fill(0, row * stride, (row + 1) * stride);
      else if (view.getFloat32(scaleAt, true) === 0) view.setFloat32(scaleAt, 2 ** -149, true);
    }
  }

  #decode(c: Codes, out: Float32Array): void {
    const { dim } = this;
    const mean = this.#mean;
    const rows = this.#rotation ? new Float32Array(out.length) : out;
    kernels().binaryDecode(c.bytes, dim, rows);
    this.#rotation?.unrotateInto(rows, out);
    for (let row = 0; row < c.count; row++) {
      const decoded = out.subarray(row * dim, (row + 1) * dim);
      if (this.#scale(c, row) === 0) decoded.fill(0);
      else if (mean) for (let j = 0; j < dim; j++) decoded[j] += mean[j];
    }
  }

  /** dim + 2 floats for each query: itself as the codes see it, what the mean adds, and the score of zero rows. */
  #prepare(queries: Float32Array): Float32Array {
    const { dim, metric } = this;
    const mean = this.#mean;
    const one = new Float32Array(1);
    const score = (by: Metric, query: Float32Array, row: Float32Array): number => {
      kernels().floatScores(by, query, row, dim, one);
      return one[0];
    };
    const apart = metric === "l2" && mean;
    const seen = apart ? queries.map((v, i) => v - apart[i % dim]) : queries;
    const turned = this.#rotation ? this.#rotation.rotate(seen) : seen;
    const zero = new Float32Array(dim);
    const out = new Float32Array((queries.length / dim) * (dim + 2));
    for (let from = 0, to = 0; from < queries.length; from += dim, to += dim + 2) {
      const query = queries.subarray(from, from + dim);
      out.set(turned.subarray(from, from + dim), to);
      if (metric === "l2") out[to + dim + 1] = score("l2", query, zero);
      else if (mean) out[to + dim] = score("dot", query, mean);
    }
    return out;
  }

  #hamming(wanted: Metric): HammingScorer {
    const metric = checkMetric(wanted, this.supports.metrics);
    const scorer = symmetricScorer(this, metric, (query, c, out) =>
      kernels().binarySymmetric(metric, query.bytes, c.bytes, this.dim, out),
    );
    return {
      ...scorer,
      topK(query, c, k, allow) {
        const scores = new Float32Array(c.count);
        scorer.scoreInto(query, c, scores);
        const best = new TopK(hitCount(c.count, k, allow));
        if (hitCount(c.count, k, allow) > 0)
          scores.forEach((score, row) => {
            if (!allow || allow.has(row)) best.push(row, score);
          });
        return best.hits();
      },
    };
  }

  #errorBounds(c: Codes): Float32Array {
    checkCodes(c, this.stride);
    // What rounding can do to scale^2 dim, relative.
    const rounding = (this.dim / 16 + 16) * 2 ** -22;
    return Float32Array.from({ length: c.count }, (_, row) => {
      const scale = this.#scale(c, row);
      return scale === 0 ? 0 : Math.sqrt(Math.max(0, scale * scale * this.dim * (1 + rounding) - 1));
    });
  }
}
