/** The options of int8, from a caller or a file. */
import { type OptionSchema, PithError, readOptions } from "@pith/codec-core";
import { ROTATE_OPTIONS, type Rotate } from "./rotate.ts";

/** Groups of fewer elements cost more in scales than they save in error. */
const SMALLEST_GROUP = 8;

export interface Int8Params {
  /** Elements that share a scale; 0: all. */
  readonly group: number;
  readonly rotate: Rotate;
  readonly scale: "absmax" | "ls";
  readonly seed: number;
}

export const INT8_OPTIONS: OptionSchema = {
  ...ROTATE_OPTIONS,
  scale: {
    type: "choice",
    default: "absmax",
    choices: ["absmax", "ls"],
    about: "how the scale follows from the codes: the largest element / 127, or by least squares",
  },
  group: {
    type: "integer",
    default: 0,
    min: 0,
    max: 65_536,
    about: "elements that share a scale, from 8 to dim; 0: one scale a vector",
  },
};

/** @throws INVALID_OPTION; DIM_UNSUPPORTED where a group is larger than `dim` */
export function readParams(dim: number, given: { readonly [name: string]: unknown }): Int8Params {
  const params = readOptions(INT8_OPTIONS, given) as unknown as Int8Params;
  const { group } = params;
  if (group > 0 && group < SMALLEST_GROUP)
    throw new PithError(
      "INVALID_OPTION",
      `option "group": expected 0 or an integer from ${SMALLEST_GROUP}, got ${group}`,
      { option: "group", expected: SMALLEST_GROUP, actual: group },
    );
  if (group > dim)
    throw new PithError("DIM_UNSUPPORTED", `groups of ${group}: expected a dim from ${group}, got ${dim}`, {
      expected: group,
      actual: dim,
    });
  return params;
}

/** Whether these are the defaults; a file says `{}` then. */
export function isPlain({ group, rotate, scale }: Int8Params): boolean {
  return group === 0 && rotate === "none" && scale === "absmax";
}
