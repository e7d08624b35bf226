/**
 * Points of the unit circle, the same bits everywhere: cos and sin of whole fractions of a turn, k / n. Libraries differ
 * in the last bit of cosines; here only adds, multiplies and divisions of float64 are used, in this order.
 *
 *   t = 8 k, octant = floor(t / n), rest = t - octant n, in odd octants n - rest: exact integers
 *   a = f64(pi / 4) f64(rest / n), at most an eighth of a turn; z = a a
 *   cos a = 1 - z (1/2! - z (1/4! - z (1/6! - ... 1/16!))),  sin a = a (1 - z (1/3! - z (1/5! - ... 1/15!)))
 *   and the signs and the swap of the octant. The first terms left out are below 2e-16.
 *
 * Source: Taylor's series, on the eighth of a turn that the circle's symmetries leave.
 */

/** 1 / i! for i up to 16, each from the one before. */
const INVERSE_FACTORIALS: readonly number[] = inverseFactorials();

function inverseFactorials(): number[] {
  let factorial = 1;
  return Array.from({ length: 17 }, (_, i) => 1 / (factorial *= Math.max(1, i)));
}

export interface Point {
  readonly cos: number;
  readonly sin: number;
}

/** The point k / n of a turn from 1 towards i; 0 <= k < n <= 2^40. */
export function circlePoint(k: number, n: number): Point {
  const t = 8 * k;
  const octant = Math.floor(t / n);
  const rest = octant % 2 === 0 ? t - octant * n : n - (t - octant * n);
  const a = (Math.PI / 4) * (rest / n);
  const z = a * a;
  let [c, s] = [INVERSE_FACTORIALS[16], INVERSE_FACTORIALS[15]];
  for (let i = 14; i >= 0; i -= 2) c = INVERSE_FACTORIALS[i] - z * c;
  for (let i = 13; i >= 1; i -= 2) s = INVERSE_FACTORIALS[i] - z * s;
  s *= a;
  const [x, y] = (octant + 1) % 4 < 2 ? [c, s] : [s, c];
  return { cos: octant >= 2 && octant < 6 ? -x : x, sin: octant >= 4 ? -y : y };
}
