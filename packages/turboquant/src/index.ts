/**
 * TurboQuant: a seeded rotation, then 1 to 8 bits a coordinate. `turboquant` is the profile for search, with the best
 * recall for its bytes; `turboquantSpec` and `createSpecCodec` are the TurboQuant vector spec, to the byte.
 *
 * @module
 */
// What most programs need beside the codec, so that one import is enough.
export { FlatIndex, type Metric, type Vectors, vectors, vectorsFromRows } from "@pith/codec-core";
export { TurboquantCodec } from "./quality/codec.ts";
export { type TurboquantOptions, turboquant } from "./quality/family.ts";
export type { TurboquantBits, TurboquantParams } from "./quality/params.ts";
export { createSpecCodec, type SpecCodec, type SpecRecord } from "./spec/codec.ts";
export type { SpecConfig, SpecEncoder, SpecOptions } from "./spec/config.ts";
export { type TurboquantSpecOptions, turboquantSpec } from "./spec/family.ts";
export type { CompressedVector } from "./spec/record.ts";
