/**
 * The configuration of the TurboQuant vector spec, and the sizes that follow from it.
 *
 * The spec counts `dim` coordinates in its sizes and pads to a power of two before it rotates; all n padded
 * coordinates are stored here, for the rotation spreads the vector over all of them. At a power of two both readings
 * agree: 256 dims, 4 bits, blocks of 32 are 128 + 32 = 160 bytes, 172 with the record's header.
 */
import { checkDim, type OptionSchema, PithError, readOptions } from "@pith/codec-core";

/** What the spec's `CompressionConfig` holds; seeds are unsigned 64-bit. */
export interface SpecConfig {
  readonly dim: number;
  /** Bits a coordinate, 1 to 8. */
  readonly bits: number;
  /** Coordinates that share a magnitude, 1 to 65,535; the last block may be shorter. */
  readonly blockSize: number;
  readonly useQjl: boolean;
  readonly polarSeed: bigint;
  readonly qjlSeed: bigint;
}

/** How a block's magnitude is chosen: the largest coordinate, or the clip and scale of least squared error. */
export type SpecEncoder = "absmax" | "ls";

export interface SpecOptions {
  /** 1 to 65,536. Default 256. */
  dim?: number;
  /** 1 to 8. Default 4. */
  bits?: number;
  /** 1 to 65,535. Default 32. */
  blockSize?: number;
  /** Store the signs of the residual's sketch. Default false: the same bytes rank better as one more of `bits`. */
  useQjl?: boolean;
  /** Seed of the rotation, 0 to 2^64 - 1. Default 42. */
  polarSeed?: number | bigint;
  /** Seed of the sketch, 0 to 2^64 - 1. Default 7919. */
  qjlSeed?: number | bigint;
  /** Default "ls". Either one's records decode alike. */
  encoder?: SpecEncoder;
}

/** The options that a codec family shares with `createSpecCodec`. */
export const QUANTIZER_OPTIONS: OptionSchema = {
  bits: { type: "integer", default: 4, min: 1, max: 8, about: "bits a coordinate" },
  blockSize: {
    type: "integer",
    default: 32,
    min: 1,
    max: 65_535,
    about: "coordinates that share a magnitude",
  },
  encoder: {
    type: "choice",
    default: "ls",
    choices: ["absmax", "ls"],
    about: "magnitude: largest coordinate, or least squares",
  },
};

const SCALAR_OPTIONS: OptionSchema = {
  ...QUANTIZER_OPTIONS,
  useQjl: { type: "boolean", default: false, about: "store signs of the residual's sketch" },
};

/** @throws DIM_UNSUPPORTED, INVALID_OPTION */
export function readSpecOptions(given: SpecOptions): { config: SpecConfig; encoder: SpecEncoder } {
  const { dim = 256, polarSeed = 42, qjlSeed = 7919, ...rest } = given;
  checkDim(dim);
  const { bits, blockSize, useQjl, encoder } = readOptions(SCALAR_OPTIONS, rest);
  const config = {
    dim,
    bits: bits as number,
    blockSize: blockSize as number,
    useQjl: useQjl as boolean,
    polarSeed: readSeed("polarSeed", polarSeed),
    qjlSeed: readSeed("qjlSeed", qjlSeed),
  };
  return { config: Object.freeze(config), encoder: encoder as SpecEncoder };
}

function readSeed(name: string, seed: number | bigint): bigint {
  const integer = typeof seed === "bigint" || Number.isSafeInteger(seed);
  if (integer && BigInt(seed) >= 0n && BigInt(seed) < 2n ** 64n) return BigInt(seed);
  throw new PithError(
    "INVALID_OPTION",
    `option "${name}": expected an integer from 0 to 2^64 - 1 (beyond 2^53 as a bigint), got ${integer || typeof seed === "number" ? seed : `a ${typeof seed}`}`,
    { option: name, actual: String(seed) },
  );
}

/** Lengths of the parts of a record, in bytes, and what they are made of. */
export interface SpecSizes {
  /** n: dim padded to a power of two. */
  readonly coordinates: number;
  readonly blocks: number;
  readonly packedAngles: number;
  readonly magnitudes: number;
  readonly signBits: number;
  /** The three parts together. */
  readonly payload: number;
}

export function specSizes(config: SpecConfig): SpecSizes {
  let coordinates = 1;
  while (coordinates < config.dim) coordinates *= 2;
  const blocks = Math.ceil(coordinates / config.blockSize);
  const packedAngles = Math.ceil((coordinates * config.bits) / 8);
  const magnitudes = 4 * blocks;
  const signBits = config.useQjl ? Math.ceil(coordinates / 8) : 0;
  return {
    coordinates,
    blocks,
    packedAngles,
    magnitudes,
    signBits,
    payload: packedAngles + magnitudes + signBits,
  };
}

export function sameConfig(a: SpecConfig, b: SpecConfig): boolean {
  return (
    a.dim === b.dim &&
    a.bits === b.bits &&
    a.blockSize === b.blockSize &&
    a.useQjl === b.useQjl &&
    a.polarSeed === b.polarSeed &&
    a.qjlSeed === b.qjlSeed
  );
}
