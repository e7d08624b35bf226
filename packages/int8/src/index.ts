/**
 * int8 quantization: 4x smaller embeddings, searched without unpacking.
 *
 * @module
 */
// What most programs need beside the codec, so that one import is enough.
export { FlatIndex, type Metric, type Vectors, vectors, vectorsFromRows } from "@pith/codec-core";
export { Int8Codec } from "./codec.ts";
export { type Int8Options, int8 } from "./family.ts";
export type { Int8Params } from "./params.ts";
export type { Rotate } from "./rotate.ts";
