/**
 * How codes of klt.ts lie in memory, and what their indices stand for: everything that encoding, decoding and scoring
 * share. The rule, with its sources, is in klt.ts.
 */
import type { Metric } from "../contract/metric.ts";
import { isWindowed, type KltTrellis, kltLevels } from "./klt-tables.ts";

/**
 * What all rows of one codec share: a mean, and R components in the order of the stream, of ascending variance. Component r
 * is an axis q_r of dim whole numbers; its unit vector is q_r / |q_r|, its standard deviation sigma_r, its levels U_r to a
 * standard deviation (klt-tables.ts). The factors are rounded to float32 from float64.
 */
export interface KltLayout {
  readonly metric: Metric;
  readonly dim: number;
  /** Levels by the windows of trellis.ts, up to 4 bits, of these tables, rather than by each index alone. */
  readonly trellis: KltTrellis;
  /** Bytes of the stream of bits: ceil of the sum of `bits` / 8. */
  readonly codeBytes: number;
  /** Bits of each component, 1 to 7, ascending: R of them. */
  readonly bits: Uint8Array;
  /** dim floats within 2^50. */
  readonly mean: Float32Array;
  /** dim x R whole numbers from -127 to 127, as floats: element j of component r at j R + r. */
  readonly columns: Float32Array;
  /** U_r / (sigma_r |q_r|): from a product with q_r to levels. */
  readonly forward: Float32Array;
  /** sigma_r / (U_r |q_r|): what a level stands for, in units of q_r. */
  readonly back: Float32Array;
  /** sigma_r / U_r: what a level stands for, in units of length. */
  readonly step: Float32Array;
  /** 2 <mean, q_r> / |q_r|. */
  readonly twice: Float32Array;
  /** 256 floats: 0, then ascending ones above 0. */
  readonly table: Float32Array;
}

/** Bytes of a code: the stream, the scalar's place, and under l2 |x|^2. */
export function kltStride({ metric, codeBytes }: KltLayout): number {
  return codeBytes + 1 + (metric === "l2" ? 4 : 0);
}

/** Rows of a block of kltBlocks. */
const BLOCK = 64;

/** Bytes of the blocks that rows of nibbles can stand in: those of their codes, to whole fours, and two more for each block. */
export function kltBlockBytes({ metric, codeBytes }: KltLayout, rows: number): number {
  const row = 4 * Math.ceil(codeBytes / 4) + 1 + (metric === "l2" ? 4 : 0);
  return Math.ceil(rows / BLOCK) * (BLOCK * row + 2);
}

/** Codes, read row by row. */
export interface KltRows {
  readonly count: number;
  scalar(row: number): number;
  /** |x|^2 under l2. */
  squares(row: number): number;
  /** The R levels of a row, into `out`. */
  levels(row: number, out: Float32Array | Int16Array): void;
}

export function kltRows(layout: KltLayout, codes: Uint8Array): KltRows {
  const { bits, table, codeBytes, trellis } = layout;
  const stride = kltStride(layout);
  const view = new DataView(codes.buffer, codes.byteOffset, codes.length);
  const levels = kltLevelTables(layout);
  return {
    count: codes.length / stride,
    scalar: (row) => table[codes[row * stride + codeBytes]],
    squares: (row) => view.getFloat32(row * stride + codeBytes + 1, true),
    levels(row, out) {
      let [held, count, at, window] = [0, 0, row * stride, 0];
      for (let r = 0; r < bits.length; r++) {
        const width = bits[r];
        if (count < width) {
          held |= codes[at++] << count;
          count += 8;
        }
        const symbol = held & (2 ** width - 1);
        window = isWindowed(trellis, width) ? (window >>> width) | (symbol << (8 - width)) : symbol;
        out[r] = levels[width][window];
        held >>>= width;
        count -= width;
      }
    },
  };
}

/** The levels of each width that there is: by window, or by index. */
export function kltLevelTables({ bits, trellis }: KltLayout): { readonly [bits: number]: Int8Array } {
  return Object.fromEntries(Array.from(new Set(bits), (width) => [width, kltLevels(trellis, width)]));
}
