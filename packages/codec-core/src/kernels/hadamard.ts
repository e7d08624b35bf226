/**
 * A seeded pseudo-random rotation of rows of any dim, by fast Walsh-Hadamard transforms: O(dim log dim), orthonormal,
 * no padding. It spreads what stands in few coordinates over all of them.
 *
 * With p the largest power of two up to dim, each round r does, in place:
 *   signs    x_j is negated where bit j % 32 of word j / 32 of the round's sign words is set
 *   window   the first p coordinates in even rounds, the last p in odd ones, go through the transform in natural
 *            (Hadamard) order: for h = 1, 2, 4 ... p / 2 each pair (a, b) = (x_i, x_{i+h}) becomes (a + b, a - b);
 *            then each of them is multiplied by f32(1 / sqrt(p))
 *   halves   in odd rounds, where dim isn't a power of two: for i < floor(dim / 2) and k = i + ceil(dim / 2), (x_i, x_k)
 *            becomes (f32(a + b) c, f32(a - b) c) with c = f32(sqrt(1/2))
 * The two windows overlap, and pairing the halves mixes them where the overlap is small; after four rounds a one-hot
 * row is spread like noise, whatever the dim. Every add and multiply is
 * rounded to float32, so all backends give the same bits. Each step is its own inverse (up to rounding): the inverse
 * runs the rounds and their steps backwards.
 *
 * Elements up to 2^100 can't overflow on the way. The bytes of rotated codes depend on all of this.
 *
 * Source: the randomized Hadamard transform of Ailon, Chazelle: "The fast Johnson-Lindenstrauss transform", SIAM J.
 * Comput. 2009; windows and halves for other dims after the "FhtKac" rotator of the RaBitQ library (Gao, Long).
 */

/** 32-bit words of signs in a round. */
export function signWords(dim: number): number {
  return 2 * Math.ceil(dim / 64);
}

export function hadamard(
  data: Float32Array,
  dim: number,
  signs: Uint32Array,
  inverse: boolean,
  out: Float32Array,
): void {
  const rounds = Array.from({ length: signs.length / signWords(dim) }, (_, r) => factors(signs, dim, r));
  if (inverse) rounds.reverse();
  const p = 2 ** Math.floor(Math.log2(dim));
  const scale = Math.fround(1 / Math.sqrt(p));
  out.set(data);
  for (let at = 0; at < out.length; at += dim)
    rounds.forEach((factor, i) => {
      const r = inverse ? rounds.length - 1 - i : i;
      const window = at + (r % 2 === 0 ? 0 : dim - p);
      const pairs = p < dim && r % 2 === 1;
      if (!inverse) {
        negate(out, at, factor);
        transform(out, window, p, scale);
        if (pairs) halves(out, at, dim);
      } else {
        if (pairs) halves(out, at, dim);
        transform(out, window, p, scale);
        negate(out, at, factor);
      }
    });
}

/** The signs of a round as 1 and -1. */
function factors(signs: Uint32Array, dim: number, round: number): Float32Array {
  const start = round * signWords(dim);
  return Float32Array.from({ length: dim }, (_, j) => 1 - 2 * ((signs[start + (j >>> 5)] >>> (j & 31)) & 1));
}

function negate(x: Float32Array, at: number, factor: Float32Array): void {
  for (let j = 0; j < factor.length; j++) x[at + j] *= factor[j];
}

function transform(x: Float32Array, at: number, p: number, scale: number): void {
  const end = at + p;
  for (let h = 1; h < p; h *= 2)
    for (let block = at; block < end; block += 2 * h)
      for (let i = block; i < block + h; i++) {
        const a = x[i];
        const b = x[i + h];
        x[i] = a + b;
        x[i + h] = a - b;
      }
  for (let i = at; i < end; i++) x[i] *= scale;
}

const HALF_ROOT: number = Math.fround(Math.SQRT1_2);

function halves(x: Float32Array, at: number, dim: number): void {
  const half = Math.floor(dim / 2);
  for (let i = at, k = at + dim - half; i < at + half; i++, k++) {
    const a = x[i];
    const b = x[k];
    x[i] = Math.fround(a + b) * HALF_ROOT;
    x[k] = Math.fround(a - b) * HALF_ROOT;
  }
}
