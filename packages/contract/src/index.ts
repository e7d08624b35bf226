/**
 * The contract test suite: proves that a codec, an index or a file format keeps Pith's laws, on any test runner.
 *
 * @module
 */
export { isLawFailure, type LawFailure } from "./assert.ts";
export { type CodecContract, codecContract } from "./codec/index.ts";
export { CODEC_LAWS, type CodecLaw } from "./codec/laws.ts";
export type { ExtraOptions } from "./codec/trial.ts";
export type { TestFunction } from "./runner.ts";
