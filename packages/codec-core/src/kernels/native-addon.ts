/**
 * The addon as TypeScript sees it: the functions of native/node, and how arguments are passed to them. Metrics and
 * instruction sets go as numbers, layouts as their parts, faults come back as data.
 */
import type { Metric } from "../contract/metric.ts";
import type { ErrorCode } from "../errors.ts";
import type { Isa } from "./kernels.ts";
import type { DftAddon } from "./native-dft.ts";
import type { KltAddon } from "./native-klt.ts";
import type { TurboParts } from "./native-turbo.ts";

/** Stops a task, and counts its rows. */
export interface Job {
  stop(): void;
  done(): number;
}

export type AsyncOutcome = Promise<Fault | null>;

/** What was wrong with an argument. */
export interface Fault {
  readonly code: ErrorCode;
  readonly what: string;
  readonly expected: number;
  readonly actual: number;
}

/** The functions of native/node/src/task.rs. */
export interface AsyncAddon {
  readonly Job: new () => Job;
  largePages(bytes: Uint8Array): void;
  int8EncodeAsync(
    job: Job,
    threads: number,
    at: number,
    data: Float32Array,
    dim: number,
    unit: boolean,
    out: Uint8Array,
  ): AsyncOutcome;
  int8DecodeAsync(
    job: Job,
    threads: number,
    at: number,
    codes: Uint8Array,
    dim: number,
    out: Float32Array,
  ): AsyncOutcome;
  int8TopKAsync: AsyncTopK<Uint8Array>;
  floatTopKAsync: AsyncTopK<Float32Array>;
  halfTopKAsync: AsyncTopK<Uint16Array>;
  covarianceAsync(
    job: Job,
    threads: number,
    at: number,
    data: Float32Array,
    dim: number,
    mean: Float32Array,
    out: Float64Array,
  ): AsyncOutcome;
  symmetricEigenAsync(
    job: Job,
    threads: number,
    at: number,
    matrix: Float64Array,
    n: number,
    values: Float64Array,
    vectors: Float64Array,
  ): AsyncOutcome;
  turboEncodeAsync(
    job: Job,
    threads: number,
    at: number,
    ...rest: [...TurboParts, data: Float32Array, out: Uint8Array]
  ): AsyncOutcome;
  turboDecodeAsync(
    job: Job,
    threads: number,
    at: number,
    ...rest: [...TurboParts, codes: Uint8Array, out: Float32Array]
  ): AsyncOutcome;
  turboTopKAsync(
    job: Job,
    threads: number,
    at: number,
    ...rest: [
      ...TurboParts,
      queries: Float32Array,
      codes: Uint8Array,
      k: number,
      allow: Uint32Array | undefined,
      slots: Uint32Array,
      scores: Float32Array,
    ]
  ): AsyncOutcome;
}

/** Metrics by the numbers that the addon knows. */
export const METRIC: Readonly<Record<Metric, number>> = { cosine: 0, dot: 1, l2: 2 };

export type AsyncTopK<Rows> = (
  job: Job,
  threads: number,
  at: number,
  metric: number,
  queries: Float32Array,
  rows: Rows,
  dim: number,
  k: number,
  allow: Uint32Array | undefined,
  slots: Uint32Array,
  scores: Float32Array,
) => AsyncOutcome;

type Among<Rows> = (
  at: number,
  metric: number,
  queries: Float32Array,
  rows: Rows,
  dim: number,
  named: Uint32Array,
  k: number,
  slots: Uint32Array,
  scores: Float32Array,
) => Outcome;

/** The functions of native/node; `at` is the instruction set's place in `isas()`. */
export interface Addon extends AsyncAddon, DftAddon, KltAddon {
  isas(): Isa[];
  parallelism(): number;
  mapFile(fd: number, length: number): ArrayBuffer;
  cpuFeatures(): string[];
  crc32c(at: number, bytes: Uint8Array, crc: number): number;
  firstNonFinite(at: number, data: Float32Array): number;
  toFloat16(at: number, data: Float32Array, out: Uint16Array): Outcome;
  fromFloat16(at: number, bits: Uint16Array, out: Float32Array): Outcome;
  norms(at: number, data: Float32Array, dim: number, out: Float32Array): Outcome;
  unitRows(at: number, data: Float32Array, dim: number, out: Float32Array): Outcome;
  floatScores: Scores<Float32Array>;
  halfScores: Scores<Uint16Array>;
  int8Scores: Scores<Uint8Array>;
  floatTopK: TopKKernel<Float32Array>;
  halfTopK: TopKKernel<Uint16Array>;
  int8TopK: TopKKernel<Uint8Array>;
  floatTopKAmong: Among<Float32Array>;
  halfTopKAmong: Among<Uint16Array>;
  int8TopKAmong: Among<Uint8Array>;
  gatherRows(at: number, rows: Uint8Array, stride: number, slots: Uint32Array, out: Uint8Array): Outcome;
  int8Encode(
    threads: number,
    at: number,
    data: Float32Array,
    dim: number,
    unit: boolean,
    out: Uint8Array,
  ): Outcome;
  int8EncodeFinite: Addon["int8Encode"];
  int8Decode(threads: number, at: number, codes: Uint8Array, dim: number, out: Float32Array): Outcome;
  hadamard(
    at: number,
    data: Float32Array,
    dim: number,
    signs: Uint32Array,
    inverse: boolean,
    out: Float32Array,
  ): Outcome;
  int8GroupedEncode(
    at: number,
    data: Float32Array,
    dim: number,
    group: number,
    unit: boolean,
    leastSquares: boolean,
    out: Uint8Array,
  ): Outcome;
  int8GroupedDecode(at: number, codes: Uint8Array, dim: number, group: number, out: Float32Array): Outcome;
  int8GroupedScores: GroupedScores<Float32Array>;
  int8GroupedTopK(
    at: number,
    metric: number,
    queries: Float32Array,
    codes: Uint8Array,
    dim: number,
    group: number,
    k: number,
    allow: Uint32Array | undefined,
    slots: Uint32Array,
    scores: Float32Array,
  ): Outcome;
  int8Symmetric: GroupedScores<Uint8Array>;
  binaryEncode(at: number, metric: number, data: Float32Array, dim: number, out: Uint8Array): Outcome;
  binaryDecode(at: number, codes: Uint8Array, dim: number, out: Float32Array): Outcome;
  binaryScores: OneThread<Scores<Uint8Array>>;
  binaryTopK: OneThread<TopKKernel<Uint8Array>>;
  binarySymmetric(
    at: number,
    metric: number,
    query: Uint8Array,
    codes: Uint8Array,
    dim: number,
    out: Float32Array,
  ): Outcome;
  covariance(
    threads: number,
    at: number,
    data: Float32Array,
    dim: number,
    mean: Float32Array,
    out: Float64Array,
  ): Outcome;
  symmetricEigen(
    threads: number,
    at: number,
    matrix: Float64Array,
    n: number,
    values: Float64Array,
    vectors: Float64Array,
  ): Outcome;
  turboEncode(
    threads: number,
    at: number,
    ...rest: [...TurboParts, data: Float32Array, out: Uint8Array]
  ): Outcome;
  turboDecode(
    threads: number,
    at: number,
    ...rest: [...TurboParts, codes: Uint8Array, out: Float32Array]
  ): Outcome;
  turboQueries(at: number, ...rest: [...TurboParts, queries: Float32Array, out: Float32Array]): Outcome;
  turboScores(
    threads: number,
    at: number,
    ...rest: [...TurboParts, query: Float32Array, codes: Uint8Array, out: Float32Array]
  ): Outcome;
  turboTopK(
    threads: number,
    at: number,
    ...rest: [
      ...TurboParts,
      queries: Float32Array,
      codes: Uint8Array,
      k: number,
      allow: Uint32Array | undefined,
      slots: Uint32Array,
      scores: Float32Array,
    ]
  ): Outcome;
}

/** A kernel that takes no number of threads. */
type OneThread<F> = F extends (threads: number, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never;

type GroupedScores<Query> = (
  at: number,
  metric: number,
  query: Query,
  codes: Uint8Array,
  dim: number,
  group: number,
  out: Float32Array,
) => Outcome;

type Scores<Rows> = (
  threads: number,
  at: number,
  metric: number,
  query: Float32Array,
  rows: Rows,
  dim: number,
  out: Float32Array,
) => Outcome;

type TopKKernel<Rows> = (
  threads: number,
  at: number,
  metric: number,
  queries: Float32Array,
  rows: Rows,
  dim: number,
  k: number,
  allow: Uint32Array | undefined,
  slots: Uint32Array,
  scores: Float32Array,
) => Outcome;

export type Outcome = Fault | null;
