/**
 * The TurboQuant vector spec: a seeded rotation, then 1 to 8 bits a coordinate and one magnitude a block.
 *
 * @module
 */
// What most programs need beside the codec, so that one import is enough.
export { FlatIndex, type Metric, type Vectors, vectors, vectorsFromRows } from "@pith/codec-core";
export { createSpecCodec, type SpecCodec, type SpecRecord } from "./spec/codec.ts";
export type { SpecConfig, SpecEncoder, SpecOptions } from "./spec/config.ts";
export { type TurboquantSpecOptions, turboquantSpec } from "./spec/family.ts";
export type { CompressedVector } from "./spec/record.ts";
