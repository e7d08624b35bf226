/** Layouts of rotated codes as the addon takes them (native/node/src/turbo.rs). */
import { METRIC } from "./native-addon.ts";
import type { TurboLayout } from "./turbo-layout.ts";

/** A layout as the addon takes it. */
export type TurboParts = [
  metric: number,
  /** 16 more for a trellis. */
  bits: number,
  dim: number,
  signs: Uint32Array,
  mean: Float32Array,
  table: Float32Array,
];

export function turboParts(layout: TurboLayout): TurboParts {
  const { metric, dim, signs, mean, table } = layout;
  return [METRIC[metric], codingOf(layout), dim, signs, mean, table];
}

/** As turboParts, of arrays that nobody else holds. */
export function ownTurboParts(layout: TurboLayout): TurboParts {
  const { metric, dim, signs, mean, table } = layout;
  return [METRIC[metric], codingOf(layout), dim, signs.slice(), mean.slice(), table.slice()];
}

function codingOf({ bits, trellis }: TurboLayout): number {
  return trellis ? bits + 16 : bits;
}
