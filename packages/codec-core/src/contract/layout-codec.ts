/**
 * A codec whose rows share a layout and whose work is done by kernels. What such codecs have in common is here once: checks,
 * memory, encoding and decoding at once and off the event loop, and a scorer around the kernels. What each brings is its
 * layout, its kernels, and what it learned.
 */
import type { AsyncOptions } from "../async/work.ts";
import { kernels } from "../kernels/backend.ts";
import type { Kernels, TopKOutput } from "../kernels/kernels.ts";
import type { Codec, CodecSupports, Scorer } from "./codec.ts";
import { type Codes, checkCodes, checkOutput } from "./codes.ts";
import { checkMetric, type Metric } from "./metric.ts";
import { type CodeScan, scanScorer } from "./scan-scorer.ts";
import type { CodecState } from "./state.ts";
import { checkVectors, type Vectors } from "./vectors.ts";

/** The kernels of one kind of layout. They see what was checked. */
export interface LayoutKernels<L> {
  encode(layout: L, data: Float32Array, out: Uint8Array): void;
  decode(layout: L, codes: Uint8Array, out: Float32Array): void;
  /** Prepares queries (of unit length under cosine). */
  queries(layout: L, queries: Float32Array, out: Float32Array): void;
  /** Scores of a prepared query. */
  scores(layout: L, query: Float32Array, codes: Uint8Array, out: Float32Array): void;
  /** The k best allowed codes of each prepared query. */
  topK(
    layout: L,
    queries: Float32Array,
    codes: Uint8Array,
    k: number,
    allow: Uint32Array | undefined,
    out: TopKOutput,
  ): void;
  /** The same off the event loop, as far as the backend in use has them. */
  readonly async?: AsyncLayoutKernels<L> | undefined;
}

export interface AsyncLayoutKernels<L> {
  readonly encode?:
    | ((layout: L, data: Float32Array, options: AsyncOptions) => Promise<Uint8Array>)
    | undefined;
  readonly decode?:
    | ((layout: L, codes: Uint8Array, options: AsyncOptions) => Promise<Float32Array>)
    | undefined;
  readonly topK?:
    | ((
        layout: L,
        queries: Float32Array,
        codes: Uint8Array,
        k: number,
        allow: Uint32Array | undefined,
        options: AsyncOptions,
      ) => Promise<TopKOutput>)
    | undefined;
}

export interface LayoutCodecParts<L> {
  readonly dim: number;
  readonly metric: Metric;
  /** What all rows share. */
  readonly layout: L;
  /** Bytes of a row. */
  readonly stride: number;
  /** Floats of a prepared query. */
  readonly queryFloats: number;
  readonly supports: CodecSupports;
  /** Its kernels among those of the backend in use. */
  kernels(all: Kernels): LayoutKernels<L>;
}

/** To be extended by a name, a version, a state, and what the codec can do beyond. */
export abstract class LayoutCodec<L> implements Codec {
  abstract readonly name: string;
  abstract readonly version: number;
  readonly dim: number;
  readonly metric: Metric;
  readonly stride: number;
  readonly supports: CodecSupports;
  /** What all rows share. */
  protected readonly layout: L;
  readonly #parts: LayoutCodecParts<L>;

  constructor(parts: LayoutCodecParts<L>) {
    this.dim = parts.dim;
    this.metric = parts.metric;
    this.stride = parts.stride;
    this.supports = parts.supports;
    this.layout = parts.layout;
    this.#parts = parts;
  }

  abstract state(): CodecState;

  encode(v: Vectors): Codes {
    checkVectors(v, this.dim);
    const bytes = new Uint8Array(v.count * this.stride);
    this.#kernels.encode(this.coding(), v.data, bytes);
    return { bytes, stride: this.stride, count: v.count };
  }

  encodeInto(v: Vectors, out: Uint8Array): void {
    checkVectors(v, this.dim);
    checkOutput(out.length, v.count * this.stride, "bytes");
    this.#kernels.encode(this.coding(), v.data, out);
  }

  decode(c: Codes): Vectors {
    checkCodes(c, this.stride);
    const data = new Float32Array(c.count * this.dim);
    this.#kernels.decode(this.coding(), c.bytes, data);
    return { data, dim: this.dim, count: c.count };
  }

  decodeInto(c: Codes, out: Float32Array): void {
    checkCodes(c, this.stride);
    checkOutput(out.length, c.count * this.dim, "floats");
    this.#kernels.decode(this.coding(), c.bytes, out);
  }

  encodeAsync(v: Vectors, options: AsyncOptions): Promise<Codes> | undefined {
    const running = this.#kernels.async?.encode?.(this.coding(), v.data, options);
    return running?.then((bytes) => ({ bytes, stride: this.stride, count: v.count }));
  }

  decodeAsync(c: Codes, options: AsyncOptions): Promise<Vectors> | undefined {
    const running = this.#kernels.async?.decode?.(this.coding(), c.bytes, options);
    return running?.then((data) => ({ data, dim: this.dim, count: c.count }));
  }

  scorer(metric: Metric): Scorer {
    checkMetric(metric, this.supports.metrics);
    const { layout } = this;
    const { dim, queryFloats } = this.#parts;
    return scanScorer(this, metric, {
      prepare: (queries) => {
        const out = new Float32Array((queries.length / dim) * queryFloats);
        this.#kernels.queries(layout, queries, out);
        return out;
      },
      scores: (query, c, out) => this.#kernels.scores(layout, query, c.bytes, out),
      topK: (queries, c, k, allow, out) => this.#kernels.topK(layout, queries, c.bytes, k, allow?.words, out),
      topKAsync: (queries, c, k, allow, options) =>
        this.#kernels.async?.topK?.(layout, queries, c.bytes, k, allow?.words, options),
      ...this.scan(),
    });
  }

  /** What rows are coded with, where that isn't `layout`. */
  protected coding(): L {
    return this.layout;
  }

  /** What the scorer does beyond, or in another way. */
  protected scan(): Partial<CodeScan> {
    return {};
  }

  get #kernels(): LayoutKernels<L> {
    return this.#parts.kernels(kernels());
  }
}
