/** Files: Pith files, npy, safetensors, fvecs, JSONL, CSV; rows streamed in blocks, written safely. Needs Node. @module */
export { atomicWriteFile } from "./atomic-write.ts";
export { createCsvFile } from "./csv.ts";
export { createFvecsFile } from "./fvecs.ts";
export { readWholeFile } from "./input-file.ts";
export { withPath } from "./io-error.ts";
export { findUnfinished, type Making, type Unfinished, type Written } from "./journal.ts";
export { createJsonlFile } from "./jsonl.ts";
export type { MatrixPlan, MatrixWriter, VectorsPlan } from "./matrix-writer.ts";
export { createNpyFile } from "./npy-writer.ts";
export { type CodeBlock, type OpenOptions, openPith, PithFile } from "./pith-reader.ts";
export {
  createPithFile,
  type PithPlan,
  type PithWriteOptions,
  PithWriter,
  type PlannedTensor,
} from "./pith-writer.ts";
export type { RowRange } from "./row-blocks.ts";
export { openVectors, type RowSource, type VectorsOptions } from "./row-source.ts";
export type { WriteOptions } from "./safe-file.ts";
export { createSafetensorsFile, type SafetensorsPlan } from "./safetensors-writer.ts";
export { type LineBatch, readLines } from "./text-lines.ts";
export {
  createVectorsFile,
  formatOfName,
  ID_FORMATS,
  VECTOR_FORMATS,
  type VectorFormat,
} from "./vectors-writer.ts";
