/**
 * The grids that magnitudes, phases and norms are rounded to. Magnitudes and norms: 2^bits points in geometric
 * progression, because what matters is the error relative to the value; phases: 2^bits points at equal steps from 0.
 * With 0 bits the one point is the lowest.
 *
 * Source: SpectraLTM 0.1.
 */
export interface SpectralGrids {
  /** Ascending. */
  readonly magnitude: Float32Array;
  /** Radians from 0, ascending, below 2 pi. */
  readonly phase: Float32Array;
  /** Ascending. */
  readonly norm: Float32Array;
  /** What is taken off unit rows before they are coded, `dim` floats; none in compat. */
  readonly mean?: Float32Array;
}

/** 2^bits points from lo to hi, geometric. */
export function geometricGrid(lo: number, hi: number, bits: number): Float32Array {
  const points = 2 ** bits;
  const step = points > 1 ? (Math.log(hi) - Math.log(lo)) / (points - 1) : 0;
  return Float32Array.from({ length: points }, (_, i) => Math.exp(Math.log(lo) + i * step));
}

/** 2^bits angles at equal steps from 0. */
export function phaseGrid(bits: number): Float32Array {
  const points = 2 ** bits;
  return Float32Array.from({ length: points }, (_, i) => (2 * Math.PI * i) / points);
}
