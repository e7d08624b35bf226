/** The options `rotate` and `seed`, as both families have them. */
import { HadamardRotation, type OptionSchema, PithError } from "@pith/codec-core";

export type Rotate = "none" | "hadamard";

export const ROTATE_OPTIONS: OptionSchema = {
  rotate: {
    type: "choice",
    default: "none",
    choices: ["none", "hadamard"],
    about: "turn rows by a seeded Hadamard transform first, so that no element stands out",
  },
  seed: {
    type: "integer",
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    about: "seeds the rotation",
  },
};

/** The rotation that options ask for, if any. @throws INVALID_OPTION for a seed without a rotation */
export function rotationOf(dim: number, rotate: Rotate, seed: number): HadamardRotation | undefined {
  if (rotate === "hadamard") return new HadamardRotation(dim, seed);
  if (seed === 0) return undefined;
  throw new PithError("INVALID_OPTION", `option "seed": expected rotate=hadamard beside it, got ${rotate}`, {
    option: "seed",
    expected: "rotate=hadamard",
    actual: rotate,
  });
}
