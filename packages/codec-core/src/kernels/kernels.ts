/**
 * The kernels: everything that runs over whole arrays. Two implementations, `portable` (TypeScript, the readable
 * oracle) and `native` (Rust), give the same bits. Callers have checked shapes and finiteness; kernels check only
 * what keeps memory safe.
 *
 * Float arithmetic is pinned: float32 adds and multiplies, no FMA, sums as 16 striped partials (element j into
 * partial j % 16, in order) folded by the fixed tree 16 -> 8 -> 4 -> 2 -> 1 (partial i + partial i + half).
 * A score that isn't a number is written as -Infinity.
 */
import type { Metric } from "../contract/metric.ts";
import type { AsyncKernels } from "./async-kernels.ts";
import type { DftLayout } from "./dft-layout.ts";
import type { KltLayout } from "./klt-layout.ts";
import type { Eigen } from "./symmetric-eigen.ts";
import type { TurboLayout } from "./turbo-layout.ts";

export type BackendName = "native" | "portable";
export type Isa = "typescript" | "simd128" | "scalar" | "avx2" | "avx512";

/** Rows of floats, as they stand in memory or in a file; Uint16Array holds float16 bits. */
export type FloatRows = Float32Array | Uint16Array;

/** Where top-k kernels write: query i's hits from i * k on, best first. */
export interface TopKOutput {
  readonly slots: Uint32Array;
  readonly scores: Float32Array;
}

export type TopKAmong<Rows> = (
  metric: Metric,
  queries: Float32Array,
  rows: Rows,
  dim: number,
  named: Uint32Array,
  k: number,
  out: TopKOutput,
) => void;

/** Hits up to the k-th, and those near it: of each query how far below. */
export interface NearHits {
  readonly k: number;
  readonly margins: Float32Array;
}

export interface Kernels {
  readonly backend: BackendName;
  readonly isa: Isa;

  /** The forms that run off the event loop; the portable kernels have none. */
  readonly async?: AsyncKernels;

  /** Asks the system for large pages behind a large array that was never written to. */
  largePages?(bytes: Uint8Array): void;

  /** Copies the rows of `slots`, `stride` bytes each, in that order. */
  gatherRows?(rows: Uint8Array, stride: number, slots: Uint32Array, out: Uint8Array): void;

  /** CRC-32C (Castagnoli) of `bytes`, continuing from `crc` (0 to begin). */
  crc32c(bytes: Uint8Array, crc: number): number;

  /** Index of the first NaN or infinity, -1 where there is none. */
  firstNonFinite(data: Float32Array): number;

  /** float32 to float16 bits, half to even; beyond 65,504 becomes an infinity. */
  toFloat16(data: Float32Array, out: Uint16Array): void;
  fromFloat16(bits: Uint16Array, out: Float32Array): void;

  /** Euclidean norm of each row; exact in range: no overflow or underflow of the squares. */
  norms(data: Float32Array, dim: number, out: Float32Array): void;

  /** Rows divided by their norms, zero rows as they are. The rule, to the bit, is in kernels/norms.ts. */
  unitRows(data: Float32Array, dim: number, out: Float32Array): void;

  /**
   * Exact scores of one float32 query against rows: the inner product, under l2 minus the squared distance. Under
   * cosine the query comes normalised and the row's norm is divided out here; a zero row scores 0. The rules, to the
   * bit, are in kernels/float-scan.ts.
   */
  floatScores(metric: Metric, query: Float32Array, rows: FloatRows, dim: number, out: Float32Array): void;

  /**
   * The k best rows for each query; `k` is at most the number of allowed rows and `out` has room for
   * queries x k. `allow` is a Bitset's words, one bit a row. The scores are those of floatScores.
   */
  floatTopK(
    metric: Metric,
    queries: Float32Array,
    rows: FloatRows,
    dim: number,
    k: number,
    allow: Uint32Array | undefined,
    out: TopKOutput,
  ): void;

  /**
   * int8 codes with a scale each: `dim` bytes of two's complement, then the scale as float32, little-endian.
   * `unit`: the scale is that of the row's direction (decodes to a unit vector). The rule is in kernels/int8.ts.
   */
  int8Encode(data: Float32Array, dim: number, unit: boolean, out: Uint8Array): void;
  int8Decode(codes: Uint8Array, dim: number, out: Float32Array): void;

  /**
   * As int8Encode into an array that was never written to, in one pass with firstNonFinite, whose answer it gives. From 0
   * on, what was written means nothing.
   */
  int8EncodeFinite?(data: Float32Array, dim: number, unit: boolean, out: Uint8Array): number;

  /** Scores of a float query (normalised under cosine) against codes. Cosine is dot here: the rows are unit vectors. */
  int8Scores(metric: Metric, query: Float32Array, codes: Uint8Array, dim: number, out: Float32Array): void;

  /**
   * As floatTopK and int8TopK, of the rows that are named for each query, as many for all: slots, each at most once, up to
   * 2^32 - 1. So end the hits too, where there are fewer than k.
   */
  floatTopKAmong?: TopKAmong<FloatRows>;
  int8TopKAmong?: TopKAmong<Uint8Array>;

  /** As floatTopK, over codes; the hits and scores are those of int8Scores. */
  int8TopK(
    metric: Metric,
    queries: Float32Array,
    codes: Uint8Array,
    dim: number,
    k: number,
    allow: Uint32Array | undefined,
    out: TopKOutput,
  ): void;

  /**
   * Rotates rows of `dim` floats, or turns them back. `signs`: whole rounds of 2 ceil(dim / 64) words of sign bits. The
   * rule is in kernels/hadamard.ts.
   */
  hadamard(data: Float32Array, dim: number, signs: Uint32Array, inverse: boolean, out: Float32Array): void;

  /**
   * int8 codes with a scale for each `group` elements (1 to dim): `dim` bytes of two's complement, then ceil(dim / group)
   * scales as float32. `leastSquares`: the scales that lose least, else max / 127. The rule is in kernels/int8-grouped.ts.
   */
  int8GroupedEncode(
    data: Float32Array,
    dim: number,
    group: number,
    unit: boolean,
    leastSquares: boolean,
    out: Uint8Array,
  ): void;
  int8GroupedDecode(codes: Uint8Array, dim: number, group: number, out: Float32Array): void;

  /** Scores of a float query (normalised under cosine): to the bit those of floatScores with decoded rows. */
  int8GroupedScores(
    metric: Metric,
    query: Float32Array,
    codes: Uint8Array,
    dim: number,
    group: number,
    out: Float32Array,
  ): void;

  /** As floatTopK, over codes; the hits and scores are those of int8GroupedScores. */
  int8GroupedTopK(
    metric: Metric,
    queries: Float32Array,
    codes: Uint8Array,
    dim: number,
    group: number,
    k: number,
    allow: Uint32Array | undefined,
    out: TopKOutput,
  ): void;

  /** Scores of one code with others, by exact integer products; plain int8 codes are those of one group of `dim`. */
  int8Symmetric(
    metric: Metric,
    query: Uint8Array,
    codes: Uint8Array,
    dim: number,
    group: number,
    out: Float32Array,
  ): void;

  /** One bit a dimension and a scale; `metric` decides which scale. The rule is in kernels/binary.ts. */
  binaryEncode(metric: Metric, data: Float32Array, dim: number, out: Uint8Array): void;
  binaryDecode(codes: Uint8Array, dim: number, out: Float32Array): void;

  /** Scores of a prepared query, dim + 2 floats: the query, what each score is raised by, the score of zero rows. */
  binaryScores(metric: Metric, query: Float32Array, codes: Uint8Array, dim: number, out: Float32Array): void;

  /** As floatTopK, over codes and prepared queries; the hits and scores are those of binaryScores. */
  binaryTopK(
    metric: Metric,
    queries: Float32Array,
    codes: Uint8Array,
    dim: number,
    k: number,
    allow: Uint32Array | undefined,
    out: TopKOutput,
  ): void;

  /** Scores of one code with others, from the number of bits that differ. */
  binarySymmetric(metric: Metric, query: Uint8Array, codes: Uint8Array, dim: number, out: Float32Array): void;

  /**
   * Adds sums of products of rows less `mean` (empty, or `dim` floats) to `out`, dim x dim, symmetric; zeros to begin. In
   * float64; rows may come in any blocks. The rule, to the bit, is in kernels/covariance.ts.
   */
  covariance(data: Float32Array, dim: number, mean: Float32Array, out: Float64Array): void;

  /**
   * Eigenvalues, the largest first, and eigenvectors of a symmetric matrix, n x n. The same bits from all backends; the rule
   * is in kernels/symmetric-eigen.ts. @throws NOT_FINITE
   */
  symmetricEigen(matrix: Float64Array, n: number): Eigen;

  /** Rotated codes of 1, 2, 3, 4 or 8 bits a coordinate and a scalar. The rule is in kernels/turbo.ts. */
  turboEncode(layout: TurboLayout, data: Float32Array, out: Uint8Array): void;
  turboDecode(layout: TurboLayout, codes: Uint8Array, out: Float32Array): void;

  /** Prepares queries (of unit length under cosine): dim + 3 floats each. The rule is in kernels/turbo-scores.ts. */
  turboQueries(layout: TurboLayout, queries: Float32Array, out: Float32Array): void;

  /** Scores of a prepared query of dim + 3 floats, in integers. The rule is in kernels/turbo-scores.ts. */
  turboScores(layout: TurboLayout, query: Float32Array, codes: Uint8Array, out: Float32Array): void;

  /** As floatTopK, over codes and prepared queries; the hits and scores are those of turboScores. */
  turboTopK(
    layout: TurboLayout,
    queries: Float32Array,
    codes: Uint8Array,
    k: number,
    allow: Uint32Array | undefined,
    out: TopKOutput,
  ): void;

  /**
   * The discrete Fourier transform of each row, of any dim: bins 0 to floor(dim / 2), real and imaginary part in turn, into
   * 2 floor(dim / 2) + 2 numbers a row. The rule is in kernels/dft.ts.
   */
  dftSpectra(data: Float32Array, dim: number, out: Float64Array): void;

  /** The largest Fourier coefficients of each row, in polar form, and a scalar. The rule is in kernels/dft-codes.ts. */
  dftEncode(layout: DftLayout, data: Float32Array, out: Uint8Array): void;
  dftDecode(layout: DftLayout, codes: Uint8Array, out: Float32Array): void;

  /** Prepares queries (of unit length under cosine): dftQueryFloats(dim) each. The rule is in kernels/dft-scores.ts. */
  dftQueries(layout: DftLayout, queries: Float32Array, out: Float32Array): void;

  /** Scores of one prepared query. The rule is in kernels/dft-scores.ts. */
  dftScores(layout: DftLayout, query: Float32Array, codes: Uint8Array, out: Float32Array): void;

  /** As floatTopK, over codes and prepared queries; the hits and scores are those of dftScores. */
  dftTopK(
    layout: DftLayout,
    queries: Float32Array,
    codes: Uint8Array,
    k: number,
    allow: Uint32Array | undefined,
    out: TopKOutput,
  ): void;

  /** Codes in a learned basis: bits by component, and a scalar's place in a table. The rule is in kernels/klt.ts. */
  kltEncode(layout: KltLayout, data: Float32Array, out: Uint8Array): void;
  kltDecode(layout: KltLayout, codes: Uint8Array, out: Float32Array): void;

  /** Prepares queries (of unit length under cosine): R + 3 floats each. The rule is in kernels/klt-scores.ts. */
  kltQueries(layout: KltLayout, queries: Float32Array, out: Float32Array): void;

  /** Scores of a prepared query of R + 3 floats, in integers. The rule is in kernels/klt-scores.ts. */
  kltScores(layout: KltLayout, query: Float32Array, codes: Uint8Array, out: Float32Array): void;

  /** As floatTopK, over codes and prepared queries; the hits and scores are those of kltScores. */
  kltTopK(
    layout: KltLayout,
    queries: Float32Array,
    codes: Uint8Array,
    k: number,
    allow: Uint32Array | undefined,
    out: TopKOutput,
  ): void;

  /**
   * Codes of nibbles (kernels/klt-nibbles.ts) in blocks of 64 rows, `kltBlockBytes` of them, and searches of such blocks,
   * `rows` rows in all; the hits and scores are those of kltTopK. With `near` only those that score no more than a query's
   * margin less than its near.k-th; slots from there on are 2^32 - 1.
   */
  kltBlocks?(layout: KltLayout, codes: Uint8Array, out: Uint8Array): void;
  kltBlocksNear?(
    layout: KltLayout,
    queries: Float32Array,
    blocks: Uint8Array,
    rows: number,
    k: number,
    near: NearHits | undefined,
    allow: Uint32Array | undefined,
    out: TopKOutput,
  ): void;
}
