/**
 * Spectral codes: an embedding as a few coefficients of a transform. Basis `dft`: Fourier coefficients, as SpectraLTM
 * keeps them. `spectral`: basis `klt`, learned from a sample, in as many bytes as you name.
 *
 * @module
 */
// What most programs need beside the codec, so that one import is enough.
export { FlatIndex, type Metric, type Vectors, vectors, vectorsFromRows } from "@pith/codec-core";
export { SpectralDftCodec } from "./dft/codec.ts";
export { SpectralEncoder, type SpectralEncoderOptions } from "./dft/encoder.ts";
export { spectralEnergyRetention } from "./dft/energy.ts";
export { type SpectralDftOptions, spectralDft } from "./dft/family.ts";
export type { SpectralGrids } from "./dft/grids.ts";
export type { SpectralDftParams } from "./dft/params.ts";
export type { SpectralCodes } from "./dft/spectral-codes.ts";
export { SpectralIndex } from "./dft/spectral-index.ts";
export type { SpectralCentres } from "./klt/centres.ts";
export { SpectralCodec, type SpectralDrift } from "./klt/codec.ts";
export { type SpectralOptions, spectral } from "./klt/family.ts";
export type { SpectralParams, SpectralQuantizer, SpectralTable } from "./klt/params.ts";
