/**
 * Spectral codes: an embedding as a few coefficients of a transform. Basis `dft`: Fourier coefficients, as SpectraLTM
 * keeps them.
 *
 * @module
 */
// What most programs need beside the codec, so that one import is enough.
export { FlatIndex, type Metric, type Vectors, vectors, vectorsFromRows } from "@pith/codec-core";
export { spectralEnergyRetention } from "./dft/energy.ts";
export type { SpectralGrids } from "./dft/grids.ts";
