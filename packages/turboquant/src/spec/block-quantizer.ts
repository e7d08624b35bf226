/**
 * Scalar quantization of one block: a magnitude m and for each coordinate a level q from 0 to L = 2^bits - 1, which
 * stands for (2 q / L - 1) m. The grid has no zero and its ends are +-m.
 *
 *   absmax   m = max |y_j|,   u_j = y_j / m,   q_j = floor(L (u_j + 1) / 2 + 0.5), every step rounded to float32
 *   ls       the same with u_j h kept within -1..1, for 14 factors h = 40/14, 40/16, ..., 40/40 (2 and 3 bits) or
 *            40/27, 40/28, ..., 40/40 (from 4 bits): clipping the loud coordinates makes the steps of all others finer.
 *            With c_j = 2 q_j - L, the best magnitude of a grid is L <y, c> / <c, c>, and its squared error
 *            |y|^2 - <y, c>^2 / <c, c>: the least one is kept (the first on ties)
 *
 * `ls` sums integers, w_j = floor(2^24 u_j + 0.5) times c_j, so that the sums are exact in any order (below 2^49) and
 * every implementation chooses the same clip. At 1 bit the levels don't depend on the clip; h = 1 alone is tried,
 * which gives the signs and the mean of |y_j|.
 *
 * Source: the grid is that of the TurboQuant vector spec; least-squares scales for a given grid as in Max,
 * "Quantizing for minimum distortion", 1960.
 */
import type { SpecEncoder } from "./config.ts";

/** The factors by bits: few bits want strong clipping, many bits fine steps of it. */
function clipFactors(bits: number): Float32Array {
  if (bits === 1) return Float32Array.of(1);
  return Float32Array.from({ length: 14 }, (_, i) => 40 / (bits <= 3 ? 14 + 2 * i : 27 + i));
}

const FIXED_POINT = 2 ** 24;

/** Levels of `y[start ... end]` into `q[start ... end]`; returns the magnitude, in float64. Zeros give 0 and levels 0. */
export type BlockQuantizer = (y: Float32Array, start: number, end: number, q: Uint8Array) => number;

export function blockQuantizer(encoder: SpecEncoder, bits: number, blockSize: number): BlockQuantizer {
  const top = 2 ** bits - 1;
  return encoder === "absmax" ? absmax(top) : leastSquares(clipFactors(bits), top, blockSize);
}

function absmax(top: number): BlockQuantizer {
  return (y, start, end, q) => {
    const m = blockMax(y, start, end);
    if (m === 0) q.fill(0, start, end);
    else for (let j = start; j < end; j++) q[j] = level(Math.fround(y[j] / m), top);
    return m;
  };
}

function leastSquares(clips: Float32Array, top: number, blockSize: number): BlockQuantizer {
  const unit = new Float32Array(blockSize);
  const fixed = new Float64Array(blockSize);
  return (y, start, end, q) => {
    const m = blockMax(y, start, end);
    if (m === 0) {
      q.fill(0, start, end);
      return 0;
    }
    const size = end - start;
    for (let j = 0; j < size; j++) {
      unit[j] = y[start + j] / m;
      fixed[j] = Math.floor(unit[j] * FIXED_POINT + 0.5);
    }
    let [best, bestClip, ratio] = [-1, 1, 0];
    for (const clip of clips) {
      let yc = 0;
      let cc = 0;
      for (let j = 0; j < size; j++) {
        const c = 2 * level(clipped(unit[j], clip), top) - top;
        yc += fixed[j] * c;
        cc += c * c;
      }
      const gain = (yc * yc) / cc;
      if (gain > best) [best, bestClip, ratio] = [gain, clip, (yc * top) / (cc * FIXED_POINT)];
    }
    for (let j = 0; j < size; j++) q[start + j] = level(clipped(unit[j], bestClip), top);
    return m * ratio;
  };
}

function clipped(u: number, factor: number): number {
  return Math.max(-1, Math.min(1, Math.fround(u * factor)));
}

/** The level nearest to u in [-1, 1]; halves go up. */
function level(u: number, top: number): number {
  const t = Math.fround(u + 1) / 2; // halving is exact
  return Math.fround(Math.fround(t * top) + 0.5) | 0;
}

function blockMax(y: Float32Array, start: number, end: number): number {
  let max = 0;
  for (let j = start; j < end; j++) {
    const a = Math.abs(y[j]);
    if (a > max) max = a;
  }
  return max;
}
