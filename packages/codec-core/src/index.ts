/**
 * Contracts, typed errors, kernels and flat search that every Pith codec builds on. Runs in Node, browsers, Bun and
 * Deno; what needs a file system is in `@pith/codec-core/files`.
 *
 * @module
 */
export { decodeAsync, encodeAsync } from "./async/encode.ts";
export { type AsyncSearchOptions, searchAsync } from "./async/search.ts";
export type { AsyncOptions } from "./async/work.ts";
export { type CanonicalValue, canonicalJson } from "./contract/canonical-json.ts";
export type {
  Codec,
  CodecFamily,
  CodecFit,
  CodecSupports,
  CommonOptions,
  PreparedQuery,
  Resident,
  Scorer,
  SymmetricScorer,
  Training,
} from "./contract/codec.ts";
export { type Codes, checkCodes, checkOutput, codes, sliceCodes } from "./contract/codes.ts";
export { type DecodingCodec, decodingScorer } from "./contract/decoding-scorer.ts";
export type { Hits } from "./contract/hits.ts";
export {
  type AsyncLayoutKernels,
  LayoutCodec,
  type LayoutCodecParts,
  type LayoutKernels,
} from "./contract/layout-codec.ts";
export { checkMetric, isMetric, METRICS, type Metric } from "./contract/metric.ts";
export { leaveNear, type NamedRows, type Near, NO_SLOT, nearCount } from "./contract/near.ts";
export { nearestName } from "./contract/nearest-name.ts";
export { type OptionSchema, type OptionSpec, readOptions } from "./contract/options.ts";
export { type CodecLoader, CodecRegistry, unknownCodec } from "./contract/registry.ts";
export { type RowCodecOptions, type RowCoder, rowCodec } from "./contract/row-codec.ts";
export { type RowCodecFamilyOptions, type RowCoderOptions, rowCodecFamily } from "./contract/row-family.ts";
export { checkSample, sampleMean } from "./contract/sample.ts";
export { isScalarTable, SCALAR_PLACES, scalarTable } from "./contract/scalar-table.ts";
export { type CodeScan, hitCount, scanScorer, unitRows } from "./contract/scan-scorer.ts";
export {
  type CodecState,
  checkParams,
  checkState,
  floatTensor,
  readFloatTensor,
  type StateTensor,
  stateBytes,
} from "./contract/state.ts";
export { symmetricScorer } from "./contract/symmetric-scorer.ts";
export {
  checkDim,
  checkFinite,
  checkQuery,
  checkShape,
  checkVectors,
  MAX_DIM,
  MIN_DIM,
  sliceVectors,
  type Vectors,
  vectors,
  vectorsFromRows,
} from "./contract/vectors.ts";
export { type ErrorCode, isPithError, PithError, quote, shown } from "./errors.ts";
export { Bitset } from "./flat/bitset.ts";
export type { EncodedRows } from "./flat/encoded-rows.ts";
export { type BatchOptions, FlatIndex } from "./flat/flat-index.ts";
export type { Match, SearchOptions } from "./flat/matches.ts";
export { KEEPS, type Keep, keepDtype } from "./flat/originals.ts";
export type { LoadOptions } from "./flat/persist.ts";
export { rescoreHits } from "./flat/rescore.ts";
export type { IndexStats } from "./flat/stats.ts";
export { checkK, TopK } from "./flat/top-k.ts";
export { DTYPE_BYTES, type Dtype, isDtype } from "./format/dtype.ts";
export { type FloatDtype, rowsFromBytes, rowsToBytes } from "./format/float-rows.ts";
export { parseHeader, type SafetensorsHeader, type TensorInfo } from "./format/header.ts";
export type { Limits } from "./format/limits.ts";
export {
  codecStamp,
  codecState,
  idsOf,
  type PithContents,
  parsePith,
  rescoreState,
  serializePith,
  stateTensors,
} from "./format/pith.ts";
export {
  type CodecStamp,
  PITH_KINDS,
  PITH_VERSION,
  type PithInfo,
  type PithKind,
  type TensorShape,
} from "./format/profile.ts";
export { IdColumnBuilder } from "./id-builder.ts";
export { type DuplicateId, type Id, IdColumn, type IdType } from "./ids.ts";
export type { AsyncKernels } from "./kernels/async-kernels.ts";
export {
  type BackendChoice,
  type BackendReport,
  backendReport,
  kernels,
  useBackend,
} from "./kernels/backend.ts";
export {
  type BinForm,
  type DftLayout,
  type DftParts,
  type DftRecord,
  type DftShape,
  dftBins,
  dftParts,
  dftRecord,
  dftStride,
  packDftParts,
  unpackDftParts,
} from "./kernels/dft-layout.ts";
export { dftQueryFloats } from "./kernels/dft-scores.ts";
export type { BackendName, FloatRows, Isa, Kernels, NearHits, TopKOutput } from "./kernels/kernels.ts";
export { type KltLayout, kltBlockBytes, kltRows, kltStride } from "./kernels/klt-layout.ts";
export { isNibbled } from "./kernels/klt-nibbles.ts";
export { KLT_QUERY_EXTRA } from "./kernels/klt-scores.ts";
export { KLT_WIDEST, type KltTrellis, kltLoss, kltUnit } from "./kernels/klt-tables.ts";
export { sharedBytes } from "./kernels/pinned.ts";
export type { Eigen } from "./kernels/symmetric-eigen.ts";
export { type Threads, useThreads } from "./kernels/threads.ts";
export { type TurboLayout, turboIndexBytes, turboStride } from "./kernels/turbo-layout.ts";
export { TURBO_QUERY_EXTRA } from "./kernels/turbo-scores.ts";
export { ReconstructionMeter, type ReconstructionQuality } from "./quality/reconstruction.ts";
export { type Judgements, mrrAt, ndcgAt, recallAt } from "./quality/retrieval.ts";
export { SplitMix64 } from "./random.ts";
export { HadamardRotation } from "./rotation.ts";
