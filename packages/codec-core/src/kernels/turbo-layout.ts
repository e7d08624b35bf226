/**
 * How codes of turbo.ts lie in memory, and what their indices stand for: everything that encoding, decoding and scoring
 * share. The rule, with its sources, is in turbo.ts.
 */
import type { Metric } from "../contract/metric.ts";
import { trellisTable } from "./trellis-tables.ts";

/** What all rows of one codec share. */
export interface TurboLayout {
  readonly metric: Metric;
  readonly dim: number;
  /** 1, 2, 3, 4 or 8. */
  readonly bits: number;
  /** Levels by the windows of trellis.ts, up to 4 bits, rather than by each index alone. */
  readonly trellis: boolean;
  /** Whole rounds of 2 ceil(dim / 64) words of sign bits (hadamard.ts). */
  readonly signs: Uint32Array;
  /** dim floats, or none. */
  readonly mean: Float32Array;
  /** 256 floats: 0, then ascending ones above 0; or none, and scalars are floats. */
  readonly table: Float32Array;
}

export interface Grid {
  /** Levels of the indices from 2^(bits - 1) on. */
  readonly magnitudes: readonly number[];
  /** Midpoints of neighbouring magnitudes, halves up. */
  readonly thresholds: readonly number[];
  /** The largest magnitude, in standard deviations: 127 / SIGMA. */
  readonly sigma: number;
  /** Factors of SIGMA that are tried for each row. */
  readonly grids: Float32Array;
}

export const GRIDS: { readonly [bits: number]: Grid } = {
  1: { magnitudes: [1], thresholds: [], sigma: 1, grids: Float32Array.of(1) },
  2: {
    magnitudes: [38, 127],
    thresholds: [83],
    sigma: Math.fround(127 / 1.5104),
    grids: Float32Array.of(1),
  },
  3: {
    magnitudes: [14, 44, 79, 127],
    thresholds: [29, 62, 103],
    sigma: Math.fround(127 / 2.1519),
    grids: Float32Array.of(1, 0.9, 1.1),
  },
  4: {
    magnitudes: [6, 18, 31, 44, 58, 75, 96, 127],
    thresholds: [12, 25, 38, 51, 67, 86, 112],
    sigma: Math.fround(127 / 2.7326),
    grids: Float32Array.of(1, 0.9, 1.1),
  },
};

/** The level of each index. */
export function turboLevels(bits: number): Int16Array {
  const half = 2 ** (bits - 1);
  return Int16Array.from({ length: 2 * half }, (_, i) => {
    if (bits === 8) return i - half;
    const { magnitudes } = GRIDS[bits];
    return i >= half ? magnitudes[i - half] : -magnitudes[half - 1 - i];
  });
}

/** Bytes of the indices of a row. */
export function turboIndexBytes({ dim, bits }: TurboLayout): number {
  return Math.ceil((dim * bits) / 8);
}

export function turboStride(layout: TurboLayout): number {
  const scalar = layout.table.length > 0 ? 1 : 4;
  return turboIndexBytes(layout) + scalar + (layout.metric === "l2" ? 4 : 0);
}

/** Codes, read row by row. */
export interface TurboRows {
  readonly count: number;
  scalar(row: number): number;
  /** |x|^2 under l2. */
  squares(row: number): number;
  /** The dim levels of a row, into `out`. */
  levels(row: number, out: Float32Array | Int16Array): void;
}

export function turboRows(layout: TurboLayout, codes: Uint8Array): TurboRows {
  const { bits, table, trellis } = layout;
  const stride = turboStride(layout);
  const scalarAt = turboIndexBytes(layout);
  const squaresAt = scalarAt + (table.length > 0 ? 1 : 4);
  const view = new DataView(codes.buffer, codes.byteOffset, codes.length);
  // An index is a window of its own bits alone.
  const width = trellis ? 8 : bits;
  const levels = trellis ? trellisTable(bits) : turboLevels(bits);
  return {
    count: codes.length / stride,
    scalar: (row) =>
      table.length > 0
        ? table[codes[row * stride + scalarAt]]
        : view.getFloat32(row * stride + scalarAt, true),
    squares: (row) => view.getFloat32(row * stride + squaresAt, true),
    levels(row, out) {
      let [held, count, at, window] = [0, 0, row * stride, 0];
      for (let j = 0; j < out.length; j++) {
        if (count < bits) {
          held |= codes[at++] << count;
          count += 8;
        }
        window = (window >>> bits) | ((held & (2 ** bits - 1)) << (width - bits));
        out[j] = levels[window];
        held >>>= bits;
        count -= bits;
      }
    },
  };
}
