/** The options of the quality profile, from a caller or a file. */
import { type OptionSchema, PithError, readOptions } from "@pith/codec-core";

export type TurboquantBits = 1 | 2 | 3 | 4 | 8;

export interface TurboquantParams {
  /** Bits a coordinate. */
  readonly bits: TurboquantBits;
  /** Whether neighbours share their bits (trellis coding), up to 4 bits: better recall, slower to encode. */
  readonly trellis: boolean;
  /** Seed of the rotation, 0 to 2^53 - 1. */
  readonly seed: number;
}

const BITS: readonly number[] = [1, 2, 3, 4, 8];

export const OPTIONS: OptionSchema = {
  bits: { type: "integer", default: 4, min: 1, max: 8, about: "bits a coordinate: 1, 2, 3, 4 or 8" },
  trellis: {
    type: "boolean",
    default: false,
    about:
      "code neighbouring coordinates together, up to 4 bits: better recall in the same bytes, slower to encode",
  },
  seed: {
    type: "integer",
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    about: "seed of the rotation",
  },
};

/** @throws INVALID_OPTION */
export function readParams(given: { readonly [name: string]: unknown }): TurboquantParams {
  const params = readOptions(OPTIONS, given) as unknown as TurboquantParams;
  const { bits, trellis } = params;
  if (!BITS.includes(bits))
    throw new PithError("INVALID_OPTION", `option "bits": expected 1, 2, 3, 4 or 8, got ${bits}`, {
      option: "bits",
      expected: BITS,
      actual: bits,
    });
  if (trellis && bits === 8)
    throw new PithError("INVALID_OPTION", 'option "trellis": expected 1 to 4 bits beside it, got 8', {
      option: "trellis",
      actual: bits,
    });
  return params;
}
