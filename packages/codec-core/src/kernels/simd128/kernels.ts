/**
 * The portable kernels in WebAssembly with 128-bit SIMD: the bits of the TypeScript ones, some ten to forty times as
 * fast. Rows are copied into the module's memory a block at a time. What is small is done in TypeScript.
 */
import type { Kernels } from "../kernels.ts";
import { portable } from "../portable.ts";
import { firstNonFinite, fromFloat16, norms, toFloat16 } from "./elements.ts";
import { floatScores, floatTopK } from "./float-scan.ts";
import type { Wasm } from "./instance.ts";
import { int8Decode, int8Encode, int8Scores } from "./int8.ts";
import { int8TopK } from "./int8-search.ts";

/** Below this many elements, copying in and out costs more than the work. */
const SMALL = 128;

/** `small`: inputs of fewer elements go to TypeScript. */
export function simd128Kernels(wasm: Wasm, small: number = SMALL): Kernels {
  return {
    // Kernels without a form of their own here stay in TypeScript.
    ...portable,
    isa: "simd128",
    firstNonFinite: (data) =>
      data.length < small ? portable.firstNonFinite(data) : firstNonFinite(wasm, data),
    toFloat16: (data, out) =>
      data.length < small ? portable.toFloat16(data, out) : toFloat16(wasm, data, out),
    fromFloat16: (bits, out) =>
      bits.length < small ? portable.fromFloat16(bits, out) : fromFloat16(wasm, bits, out),
    norms: (data, dim, out) =>
      data.length < small ? portable.norms(data, dim, out) : norms(wasm, data, dim, out),
    floatScores: (metric, query, rows, dim, out) =>
      rows.length < small
        ? portable.floatScores(metric, query, rows, dim, out)
        : floatScores(wasm, metric, query, rows, dim, out),
    floatTopK: (metric, queries, rows, dim, k, allow, out) =>
      (queries.length / dim) * rows.length < small
        ? portable.floatTopK(metric, queries, rows, dim, k, allow, out)
        : floatTopK(wasm, metric, queries, rows, dim, k, allow, out),
    int8Encode: (data, dim, unit, out) =>
      data.length < small
        ? portable.int8Encode(data, dim, unit, out)
        : int8Encode(wasm, data, dim, unit, out),
    int8Decode: (codes, dim, out) =>
      codes.length < small ? portable.int8Decode(codes, dim, out) : int8Decode(wasm, codes, dim, out),
    int8Scores: (metric, query, codes, dim, out) =>
      codes.length < small
        ? portable.int8Scores(metric, query, codes, dim, out)
        : int8Scores(wasm, metric, query, codes, dim, out),
    int8TopK: (metric, queries, codes, dim, k, allow, out) =>
      (queries.length / dim) * codes.length < small
        ? portable.int8TopK(metric, queries, codes, dim, k, allow, out)
        : int8TopK(wasm, metric, queries, codes, dim, k, allow, out),
  };
}
