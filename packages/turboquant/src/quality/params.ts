/** The options of the quality profile, from a caller or a file. */
import { type OptionSchema, PithError, readOptions } from "@pith/codec-core";

export type TurboquantBits = 1 | 2 | 3 | 4 | 8;

export interface TurboquantParams {
  /** Bits a coordinate. */
  readonly bits: TurboquantBits;
  /** Seed of the rotation, 0 to 2^53 - 1. */
  readonly seed: number;
}

const BITS: readonly number[] = [1, 2, 3, 4, 8];

export const OPTIONS: OptionSchema = {
  bits: { type: "integer", default: 4, min: 1, max: 8, about: "bits a coordinate: 1, 2, 3, 4 or 8" },
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
  const { bits } = params;
  if (!BITS.includes(bits))
    throw new PithError("INVALID_OPTION", `option "bits": expected 1, 2, 3, 4 or 8, got ${bits}`, {
      option: "bits",
      expected: BITS,
      actual: bits,
    });
  return params;
}
