/**
 * How many bits each component gets. A component of variance v and b bits is off by v D_b, mean square, D_b the loss of
 * its table for a normal distribution. D falls by less with every bit, so that giving one bit after another to where it
 * saves most is best: whole bits of reverse water-filling, where each component that gets any ends up as far off as the
 * others, and those of less variance than that get none.
 *
 * Recall isn't the mean squared error alone: a query's products along the first components are the largest, and so is what
 * an error there does to a score. Where there are bits enough for most components, variances are raised to a power, which
 * costs some hundredths of a decibel and finds up to a point more; measured on SciFact and on Debian's package
 * descriptions, where neighbouring powers are within the noise of each other (docs/spectral.md).
 *
 * Sources: Shannon, "Coding theorems for a discrete source with a fidelity criterion", 1959; reverse water-filling: Cover,
 * Thomas, "Elements of information theory", 2nd ed., 10.3.3; whole bits one by one: Fox, "Discrete optimization via
 * marginal analysis", Management Science 1966.
 */
import { type KltTrellis, kltLoss } from "@pith/codec-core";

/** Variances are raised to this power, by bits of a code for each dim. */
const POWERS: readonly { readonly below: number; readonly power: number }[] = [
  { below: 0.6, power: 1 },
  { below: 2, power: 1.1 },
  { below: Infinity, power: 1.2 },
];

export interface Allocation {
  readonly trellis: KltTrellis;
  /** Bits of a code, all of which are given. */
  readonly bits: number;
  /** The most bits that a component takes: 4 with nibbles, else 7. */
  readonly widest: number;
  /** Whether components take 1, 2 or 4 bits, none of them across two nibbles. */
  readonly nibbled: boolean;
  /** Bits of a code, scalar and all, for each dim. */
  readonly density: number;
}

/** Bits of the components of these variances, which descend; there are at least bits / widest of them. */
export function allocate(variances: Float64Array, allocation: Allocation): Uint8Array {
  const { power } = POWERS.find(({ below }) => allocation.density < below) as { power: number };
  const weights = variances.map((v) => (v / variances[0]) ** power);
  return allocation.nibbled ? nibbles(weights, allocation.bits) : greedy(weights, allocation);
}

function greedy(weights: Float64Array, { trellis, bits, widest }: Allocation): Uint8Array {
  const loss = Array.from({ length: widest + 1 }, (_, b) => kltLoss(trellis, b));
  const gains: { r: number; gain: number }[] = [];
  for (let b = 0; b < widest; b++)
    for (const [r, weight] of weights.entries()) gains.push({ r, gain: weight * (loss[b] - loss[b + 1]) });
  // A stable sort: of equal gains the fewer bits and the first component come first.
  gains.sort((a, b) => b.gain - a.gain);
  const widths = new Uint8Array(weights.length);
  for (const { r } of gains.slice(0, bits)) widths[r]++;
  return widths;
}

/**
 * 4, 2 and 1 bits: n4, n2 and n1 components, the first ones the widest. Narrow ones stand first in the stream, so that
 * n1 in fours and n2 in pairs fill nibbles. Every way to do so is tried.
 */
function nibbles(weights: Float64Array, bits: number): Uint8Array {
  const before = new Float64Array(weights.length + 1);
  for (const [r, weight] of weights.entries()) before[r + 1] = before[r] + weight;
  const [none, one, two, four] = [0, 1, 2, 4].map((b) => kltLoss(false, b));
  let best = { lost: Infinity, n4: 0, n2: 0 };
  for (let n4 = 0; 4 * n4 <= bits; n4++)
    for (let n2 = 0; 4 * n4 + 2 * n2 <= bits; n2 += 2) {
      const n1 = bits - 4 * n4 - 2 * n2;
      const count = n4 + n2 + n1;
      if (count > weights.length) continue;
      const lost =
        four * before[n4] +
        two * (before[n4 + n2] - before[n4]) +
        one * (before[count] - before[n4 + n2]) +
        none * (before[weights.length] - before[count]);
      if (lost < best.lost) best = { lost, n4, n2 };
    }
  const { n4, n2 } = best;
  const n1 = bits - 4 * n4 - 2 * n2;
  return Uint8Array.from(weights, (_, r) => (r < n4 ? 4 : r < n4 + n2 ? 2 : r < n4 + n2 + n1 ? 1 : 0));
}
