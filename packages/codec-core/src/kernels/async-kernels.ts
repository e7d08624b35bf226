/**
 * Kernels that run off the event loop, on several threads, and give what their namesakes in `Kernels` give. They can be
 * aborted between blocks of rows. Inputs must not change until the promise settles; what becomes of a result where they
 * do isn't defined, but memory stays safe, also where a buffer is transferred meanwhile (see pinned.ts).
 */
import type { AsyncOptions } from "../async/work.ts";
import type { Metric } from "../contract/metric.ts";
import type { DftLayout } from "./dft-layout.ts";
import type { FloatRows, NearHits, TopKOutput } from "./kernels.ts";
import type { KltLayout } from "./klt-layout.ts";
import type { Eigen } from "./symmetric-eigen.ts";
import type { TurboLayout } from "./turbo-layout.ts";

export interface AsyncKernels {
  /** Checks that the floats are finite, too. @throws NOT_FINITE, ABORTED */
  int8Encode(data: Float32Array, dim: number, unit: boolean, options: AsyncOptions): Promise<Uint8Array>;
  /** @throws ABORTED */
  int8Decode(codes: Uint8Array, dim: number, options: AsyncOptions): Promise<Float32Array>;
  /** @throws ABORTED */
  floatTopK(
    metric: Metric,
    queries: Float32Array,
    rows: FloatRows,
    dim: number,
    k: number,
    allow: Uint32Array | undefined,
    options: AsyncOptions,
  ): Promise<TopKOutput>;
  /** @throws ABORTED */
  int8TopK(
    metric: Metric,
    queries: Float32Array,
    codes: Uint8Array,
    dim: number,
    k: number,
    allow: Uint32Array | undefined,
    options: AsyncOptions,
  ): Promise<TopKOutput>;

  /** The sums of these rows alone. @throws ABORTED */
  covariance?(
    data: Float32Array,
    dim: number,
    mean: Float32Array,
    options: AsyncOptions,
  ): Promise<Float64Array>;
  /** Can't be stopped once it runs. @throws NOT_FINITE, ABORTED */
  symmetricEigen?(matrix: Float64Array, n: number, options: AsyncOptions): Promise<Eigen>;

  /** Checks that the floats are finite, too. @throws NOT_FINITE, ABORTED */
  turboEncode?(layout: TurboLayout, data: Float32Array, options: AsyncOptions): Promise<Uint8Array>;
  /** @throws ABORTED */
  turboDecode?(layout: TurboLayout, codes: Uint8Array, options: AsyncOptions): Promise<Float32Array>;
  /** @throws ABORTED */
  turboTopK?(
    layout: TurboLayout,
    queries: Float32Array,
    codes: Uint8Array,
    k: number,
    allow: Uint32Array | undefined,
    options: AsyncOptions,
  ): Promise<TopKOutput>;

  /** Checks that the floats are finite, too. @throws NOT_FINITE, ABORTED */
  dftEncode?(layout: DftLayout, data: Float32Array, options: AsyncOptions): Promise<Uint8Array>;
  /** @throws ABORTED */
  dftDecode?(layout: DftLayout, codes: Uint8Array, options: AsyncOptions): Promise<Float32Array>;
  /** @throws ABORTED */
  dftTopK?(
    layout: DftLayout,
    queries: Float32Array,
    codes: Uint8Array,
    k: number,
    allow: Uint32Array | undefined,
    options: AsyncOptions,
  ): Promise<TopKOutput>;

  /** Checks that the floats are finite, too. @throws NOT_FINITE, ABORTED */
  kltEncode?(layout: KltLayout, data: Float32Array, options: AsyncOptions): Promise<Uint8Array>;
  /** @throws ABORTED */
  kltDecode?(layout: KltLayout, codes: Uint8Array, options: AsyncOptions): Promise<Float32Array>;
  /** @throws ABORTED */
  kltTopK?(
    layout: KltLayout,
    queries: Float32Array,
    codes: Uint8Array,
    k: number,
    allow: Uint32Array | undefined,
    options: AsyncOptions,
  ): Promise<TopKOutput>;

  /** The blocks must be pinned, and stay as they are. @throws ABORTED */
  kltBlocksNear?(
    layout: KltLayout,
    queries: Float32Array,
    blocks: Uint8Array,
    rows: number,
    k: number,
    near: NearHits | undefined,
    allow: Uint32Array | undefined,
    options: AsyncOptions,
  ): Promise<TopKOutput>;
}
