/** Files: Pith files, npy, safetensors; rows streamed in blocks, written safely. Needs Node. @module */
export { atomicWriteFile } from "./atomic-write.ts";
export { readWholeFile } from "./input-file.ts";
export { withPath } from "./io-error.ts";
export type { MatrixPlan, MatrixWriter } from "./matrix-writer.ts";
export { createNpyFile } from "./npy-writer.ts";
export { type CodeBlock, type OpenOptions, openPith, PithFile } from "./pith-reader.ts";
export { createPithFile, type PithPlan, PithWriter, type PlannedTensor } from "./pith-writer.ts";
export type { RowRange } from "./row-blocks.ts";
export { openVectors, type RowSource, type VectorsOptions } from "./row-source.ts";
export type { WriteOptions } from "./safe-file.ts";
export { createSafetensorsFile, type SafetensorsPlan } from "./safetensors-writer.ts";
