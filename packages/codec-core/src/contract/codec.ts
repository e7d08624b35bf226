/**
 * The contract: what a codec, its scorers and its family are. `@pith/contract` proves that one keeps the laws:
 *
 * - higher score is better, always: cosine and dot as they are, l2 as minus the squared distance; equal scores
 *   rank by the lower slot; a score that isn't a number counts as -Infinity;
 * - encode(a ++ b) is encode(a) ++ encode(b); encoding is pure; `x` equals `xInto`; views with an offset work;
 * - NaN and infinities are refused with row and column; zero vectors are legal and have cosine 0;
 * - `topK` equals sorting `scoreInto`; the stated error bound holds;
 * - a wrong dim, codec, version or length is a typed error before anything changes.
 */
import type { AsyncOptions } from "../async/work.ts";
import type { Bitset } from "../flat/bitset.ts";
import type { Codes } from "./codes.ts";
import type { Hits } from "./hits.ts";
import type { Metric } from "./metric.ts";
import type { NamedRows, Near } from "./near.ts";
import type { OptionSchema } from "./options.ts";
import type { CodecState } from "./state.ts";
import type { Vectors } from "./vectors.ts";

/** The manifest of a codec: the contract suite tests that it is true, and runs what it promises. */
export interface CodecSupports {
  /** Metrics that `scorer` serves; any other is UNSUPPORTED_METRIC. */
  readonly metrics: readonly Metric[];
  /** Learned from a sample (`family.train`) rather than from options alone. */
  readonly trained: boolean;
  /** Scores code against code: `symmetricScorer` is there. */
  readonly symmetric: boolean;
  /** "exact": decodes to the very floats that were encoded; "none": `decode` is NOT_SUPPORTED. */
  readonly decode: "exact" | "approximate" | "none";
  /** "bitwise": the same codes on every backend; "ranking": the same hits, codes within rounding. */
  readonly deterministic: "bitwise" | "ranking";
  /**
   * "exact" (the default): scores are those of decoded vectors with the query as it is. "integer": with the query
   * rounded to 127 steps of its largest coordinate or more, in a basis of the codec if it has one, so that scores are the same
   * bits on every backend; under l2 the squared length of the vector as it was may stand for that of the decoded one.
   */
  readonly scoring?: "exact" | "integer";
  /** Smallest dim served, at least 1. The largest is 65,536 for all. */
  readonly minDim: number;
  /** Rows that training asks for; 0 where nothing is learned. */
  readonly minSample: number;
}

/** Squared error of rows over their squared length. */
export interface CodecFit {
  /** Of rows that were learned from. */
  readonly trained: number;
  /** Of rows that were held out. */
  readonly heldOut: number;
}

export interface Codec {
  readonly name: string;
  /** Version of the code layout, kept in files. */
  readonly version: number;
  readonly dim: number;
  /** The metric that this codec was made for, one of `supports.metrics`. */
  readonly metric: Metric;
  /** Bytes per vector, exact: codes and per-vector scalars, nothing hidden. */
  readonly stride: number;
  readonly supports: CodecSupports;
  /** @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE */
  encode(v: Vectors): Codes;
  /** As `encode`, into exactly `v.count * stride` bytes; nothing is written where it throws. */
  encodeInto(v: Vectors, out: Uint8Array): void;
  /** The vectors that the codes stand for (unit vectors under cosine). @throws CODEC_MISMATCH, LENGTH_MISMATCH, NOT_SUPPORTED */
  decode(c: Codes): Vectors;
  /** As `decode`, into exactly `c.count * dim` floats. */
  decodeInto(c: Codes, out: Float32Array): void;
  /** @throws UNSUPPORTED_METRIC */
  scorer(metric: Metric): Scorer;
  /** Scores of code against code, where `supports.symmetric` says so. @throws UNSUPPORTED_METRIC */
  symmetricScorer?(metric: Metric): SymmetricScorer;
  /** All that `family.restore` needs to build this codec again. */
  state(): CodecState;
  /**
   * Stated error: per code an upper bound on the Euclidean distance between the decoded vector and the encoded one
   * (under cosine: the encoded one normalised). A codec without one leaves it out.
   */
  errorBound?(c: Codes): Float32Array;
  /**
   * Of each query the standard error of its scores with codes (under cosine of the query of length 1): what a search that
   * scores hits again may go by. @throws DIM_MISMATCH, LENGTH_MISMATCH, NOT_FINITE
   */
  queryError?(queries: Vectors): Float32Array;
  /**
   * What rows lose by codes, where something was learned and this was measured then: their squared error over their squared
   * length, of rows that were learned from and of rows that were held out. Where the second is much more, the sample was small.
   */
  readonly fit?: CodecFit;
  /** @throws CORRUPT_CODES (with the row, counted from `firstRow`) for a code that no encoder writes. For files of strangers. */
  verifyCodes?(c: Codes, firstRow?: number): void;
  /**
   * This codec for vectors near a centre of dim floats: what is coded is the vector less the centre (under cosine, of length
   * 1 before), and it decodes to, and is scored as, the two together. As many bytes, the same state but for the centre.
   * Where a search knows which centre a vector is near, as partitions do, its code says more. It takes little memory beside
   * this codec's. @throws DIM_MISMATCH, NOT_FINITE, INVALID_ARGUMENT
   */
  around?(centre: Float32Array): Codec;
  /** Lays codes out once for the kernels. Same scores, same ties. */
  resident?(c: Codes): Resident;
  /**
   * `encode` off the event loop, for `encodeAsync` (which has checked the shape; finiteness is checked here). Undefined
   * where the backend in use has no such kernel. May be called while other calls run.
   */
  encodeAsync?(v: Vectors, options: AsyncOptions): Promise<Codes> | undefined;
  /** `decode` off the event loop, for `decodeAsync`; as `encodeAsync`. */
  decodeAsync?(c: Codes, options: AsyncOptions): Promise<Vectors> | undefined;
}

/** Scores of one metric; holds no query. */
export interface Scorer {
  readonly metric: Metric;
  /** Does once what each query needs once. The query isn't kept. @throws DIM_MISMATCH, NOT_FINITE */
  prepare(query: Float32Array): PreparedQuery;
  /** The hits of each query: many queries a load of the codes. Equals `prepare(q).topK(c, k, allow)` for each. */
  topKBatch(queries: Vectors, c: Codes | Resident, k: number, allow?: Bitset): Hits[];
  /**
   * What is worth scoring again, where the codec states errors (`queryError`): of the hits of `topKBatch` for `near.most` the
   * first k, and those that score no more than `near.within` of the query's standard errors less than the k-th.
   */
  nearBatch?(queries: Vectors, c: Codes | Resident, k: number, near: Near, allow?: Bitset): NamedRows;
  /** `nearBatch` off the event loop; undefined where the backend in use has no such kernel. */
  nearBatchAsync?(
    queries: Vectors,
    c: Codes | Resident,
    k: number,
    near: Near,
    allow: Bitset | undefined,
    options: AsyncOptions,
  ): Promise<NamedRows> | undefined;
  /** The k best of the rows that are named for each query; undefined where the backend in use has no such kernel. */
  topKAmong?(queries: Vectors, c: Codes, rows: NamedRows, k: number): Hits[] | undefined;
  /** `topKBatch` off the event loop, for `searchAsync`; undefined where the backend in use has no such kernel. */
  topKBatchAsync?(
    queries: Vectors,
    c: Codes | Resident,
    k: number,
    allow: Bitset | undefined,
    options: AsyncOptions,
  ): Promise<Hits[]> | undefined;
}

export interface PreparedQuery {
  /** Score of each code into exactly `c.count` floats. */
  scoreInto(c: Codes, out: Float32Array): void;
  /** The min(k, allowed) best codes, best first. @throws INVALID_ARGUMENT where k isn't an integer from 1 */
  topK(c: Codes | Resident, k: number, allow?: Bitset): Hits;
  /**
   * The query for codes that `codec.around(centre)` made, for less than preparing it anew: scores are the same bits. There
   * exactly where `codec.around` is, but not in what it gives. @throws DIM_MISMATCH, NOT_FINITE
   */
  around?(centre: Float32Array): PreparedQuery;
}

/** Scores of one code, already encoded, against many. */
export interface SymmetricScorer {
  readonly metric: Metric;
  scoreInto(query: Codes /* count 1 */, c: Codes, out: Float32Array): void;
}

/** Codes laid out for the kernels of one codec: blocked, interleaved, with norms beside them. */
export interface Resident {
  readonly kind: "resident";
  readonly codec: string;
  readonly count: number;
  /** Bytes of memory that it holds. */
  readonly byteLength: number;
}

/** What all families take; `options` of the family's schema come on top. */
export interface CommonOptions {
  dim: number;
  /** Default "cosine". */
  metric?: Metric;
}

/** What a sample is to the codec that some options ask for. */
export interface Training {
  /** "required": only `train` makes it; "optional": `create` makes one, `train` a better one; "none": nothing is learned. */
  readonly sample: "required" | "optional" | "none";
  /** Rows that `train` asks for: `supports.minSample` of the codec that it makes; 0 where nothing is learned. */
  readonly minSample: number;
}

/** What a registry holds: makes codecs from options, from a sample, or from the state in a file. */
export interface CodecFamily<O extends CommonOptions = CommonOptions> {
  readonly name: string;
  /** Newest version that `restore` reads. */
  readonly version: number;
  /** One line for lists. */
  readonly summary: string;
  /** The options beyond dim and metric. */
  readonly options: OptionSchema;
  /** Metrics that some codec of the family serves. */
  readonly metrics: readonly Metric[];
  /** @throws INVALID_OPTION, DIM_UNSUPPORTED, UNSUPPORTED_METRIC; NOT_SUPPORTED where only `train` makes codecs */
  create(options: O): Codec;
  /** @throws also SAMPLE_TOO_SMALL */
  train?(sample: Vectors, options: O): Codec;
  /**
   * Whether these options want a sample, so that a caller who has vectors at hand knows before it reads any. There exactly
   * where `train` is. @throws INVALID_OPTION, DIM_UNSUPPORTED, UNSUPPORTED_METRIC
   */
  training?(options: O): Training;
  /** Total: a codec or a typed error, whatever the state holds. @throws CODEC_MISMATCH, VERSION_UNSUPPORTED, CORRUPT_FILE */
  restore(state: CodecState): Codec;
}
