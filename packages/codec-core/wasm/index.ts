/**
 * The kernels in AssemblyScript for WebAssembly with 128-bit SIMD (no relaxed SIMD: its results differ between
 * machines). Each file stands beside one of src/kernels, whose bits it gives; src/kernels/simd128 copies rows in,
 * calls, and copies results out.
 *
 * Nothing is allocated here: the caller divides the memory from `base()` on, and leaves 64 bytes of slack behind
 * every array, since arrays are read and written in whole registers.
 */
export { firstNonFinite } from "./finite";
export { floatNorms, floatScores, floatTopK } from "./float-scan";
export { narrow, widen } from "./float16";
export { int8Decode, int8Encode, int8Scores } from "./int8";
export { int8TopK } from "./int8-search";
export { squaredNorms } from "./norms";
export { sortHits } from "./top-k";

/** The first byte of memory that is free. */
export function base(): usize {
  return __heap_base;
}
