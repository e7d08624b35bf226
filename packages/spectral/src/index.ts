/**
 * Spectral codes: an embedding as a few coefficients of a transform. Basis `dft`: Fourier coefficients, as SpectraLTM
 * keeps them. `spectral`: basis `klt`, learned from a sample, in as many bytes as you name.
 *
 * @module
 */
// What most programs need beside the codec, so that one import is enough.
export { FlatIndex, type Metric, type Vectors, vectors, vectorsFromRows } from "@pith/codec-core";
export { spectralEnergyRetention } from "./dft/energy.ts";
export type { SpectralGrids } from "./dft/grids.ts";
export { SpectralCodec, type SpectralDrift } from "./klt/codec.ts";
export { type SpectralOptions, spectral } from "./klt/family.ts";
export type { SpectralParams, SpectralQuantizer } from "./klt/params.ts";
