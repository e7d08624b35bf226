/**
 * The contract test suite: proves that a codec, an index, a file format or a vector store keeps
 * Pith's laws, on any test runner.
 *
 * @module
 */
export { isLawFailure, type LawFailure } from "./assert.ts";
export { type CodecContract, codecContract } from "./codec/index.ts";
export { CODEC_LAWS, type CodecLaw } from "./codec/laws.ts";
export type { ExtraOptions } from "./codec/trial.ts";
export { type ContainerContract, containerContract } from "./container/index.ts";
export { CONTAINER_LAWS, type ContainerLaw } from "./container/laws.ts";
export { type IndexContract, indexContract } from "./index-contract/index.ts";
export { INDEX_LAWS, type IndexLaw } from "./index-contract/laws.ts";
export type { IndexMaker } from "./index-contract/place.ts";
export type { IdKind, IndexFilter, IndexId, IndexMatch, VectorIndex } from "./index-contract/vector-index.ts";
export type { TestFunction } from "./runner.ts";
export type {
  DocumentEmbeddings,
  DocumentFilter,
  DocumentStore,
  DocumentStoreMaker,
  StoredDocument,
  StoreFiles,
  StoreSupports,
} from "./vector-store/document-store.ts";
export { documentsAsPoints } from "./vector-store/documents-as-points.ts";
export { fixtureEmbeddings } from "./vector-store/embeddings.ts";
export { type PointStoreContract, pointStoreContract } from "./vector-store/point-contract.ts";
export { POINT_LAWS, type PointLaw } from "./vector-store/point-laws.ts";
export type {
  Point,
  PointMatch,
  PointPayload,
  PointStore,
  PointStoreMaker,
  SearchSupports,
} from "./vector-store/point-store.ts";
export { type VectorStoreContract, vectorStoreContract } from "./vector-store/store-contract.ts";
export { STORE_LAWS, type StoreLaw } from "./vector-store/store-laws.ts";
