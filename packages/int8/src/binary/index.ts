/**
 * Binary quantization: one bit a dimension and a scale, 30x smaller embeddings, for a first pass that rescoring
 * finishes.
 *
 * @module
 */
export { FlatIndex, type Metric, type Vectors, vectors, vectorsFromRows } from "@pith/codec-core";
export type { Rotate } from "../rotate.ts";
export { BinaryCodec, type BinaryParams, type HammingScorer } from "./codec.ts";
export { type BinaryOptions, binary } from "./family.ts";
