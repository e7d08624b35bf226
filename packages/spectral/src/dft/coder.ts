/** What SpectralEncoder and SpectralIndex ask of an algorithm; fixed once made, so that an index never sees grids change. */
import type { Hits, Vectors } from "@pith/codec-core";
import type { SpectralGrids } from "./grids.ts";
import type { CodeRanges, SpectralCodes } from "./spectral-codes.ts";

export interface SpectralCoder {
  readonly dim: number;
  readonly ranges: CodeRanges;
  /** Bytes of a packed row, scalar included. */
  readonly stride: number;
  readonly grids: SpectralGrids;
  /** One with grids learned from a sample. */
  calibrated(sample: Vectors): SpectralCoder;
  /** @throws INVALID_ARGUMENT */
  withGrids(grids: SpectralGrids): SpectralCoder;
  /** Packed codes of checked rows. */
  encode(rows: Vectors): Uint8Array;
  /** Packed codes of checked ones. */
  pack(codes: SpectralCodes): Uint8Array;
  unpack(packed: Uint8Array): SpectralCodes;
  scores(query: Float32Array, packed: Uint8Array): Float32Array;
  topK(queries: Vectors, packed: Uint8Array, k: number): Hits[];
  /** The bytes of a file. */
  save(packed: Uint8Array): Uint8Array;
}
