/**
 * int8 quantization: 4x smaller embeddings, searched without unpacking.
 *
 * @module
 */
export { Int8Codec } from "./codec.ts";
export { type Int8Options, int8 } from "./family.ts";
