/**
 * Scores of the codes of klt.ts whose components lie within nibbles: 1, 2 or 4 bits each, no trellis, none of them across a
 * nibble's end. A nibble then stands for one of sixteen numbers, whichever components it holds, so that a score is a sum of
 * as many table entries as the code has nibbles: what byte shuffles look up for whole registers of rows at once.
 *
 * A query is prepared as by klt-scores.ts: p_r, then bias, Q, unit. All arithmetic is float32, sums in order.
 *   value_n(v)  the sum over the components r of nibble n of f32(p_r level_r(v)); 0 where it holds none
 *   low_n, range_n = the least of the 16 values, and f32(the greatest - low_n);  G = the greatest range
 *   factor  f32(1020 / G);  x_n = f32(range_n factor)
 *   w_n     the nibble's weight: 1 where x_n is up to 255, 2 up to 510, 3 up to 765, else 4
 *   e_n(v)  f32(f32(value_n(v) - low_n) f32(factor / w_n)) rounded half to even, kept within 0 to 255
 *   base    the sum of low_n;  step = f32(G / 1020)
 * All entries and the step are 0 where G isn't above 0, or 1020 / G or G beyond float32. With S the sum of a row's w_n e_n, an
 * exact integer:
 *   product  f32(t f32(bias + f32(f32(base + f32(S step)) unit)))
 * and the score is made of it as in klt-scores.ts.
 *
 * Why weights: with one step for all, entries of a byte are too coarse for the many small components where a few are large
 * (a point of recall and more). So every nibble has 255 steps of its own or, the smallest ones, of a quarter of the largest's.
 *
 * Source: Andre, Kermarrec, Le Scouarnec, "Cache locality is not enough: high-performance nearest neighbor search with
 * product quantization fast scan", VLDB 2015, for tables of sixteen entries in registers.
 */
import { type KltLayout, kltRows } from "./klt-layout.ts";
import { kltLevels } from "./klt-tables.ts";
import type { RowScorer } from "./scan.ts";

/** The greatest entry. */
const ENTRY = 255;
/** The greatest product of an entry and its weight. */
const MOST = 1020;
/** Adding and taking away 1.5 * 2^52 rounds a float64 to an integer, half to even. */
const ROUND: number = 1.5 * 2 ** 52;

/** Whether all components lie within nibbles. `bits` ascend. */
export function isNibbled(trellis: boolean, bits: Uint8Array): boolean {
  const held = new Uint32Array(9);
  for (const width of bits) held[Math.min(width, 8)]++;
  return !trellis && held[1] + held[2] + held[4] === bits.length && held[1] % 4 === 0 && held[2] % 2 === 0;
}

/** The levels of 1, 2 and 4 bits, as the native kernels take them: 2, then 4, then 16. */
export const NIBBLE_LEVELS: Int8Array = Int8Array.from(
  [1, 2, 4].flatMap((bits) => [...kltLevels(false, bits)]),
);

export interface NibbleTables {
  /** 16 entries for each nibble, by its weight. */
  readonly entries: Uint16Array;
  readonly base: number;
  readonly step: number;
}

/** `query` is prepared; `nibbles` is how many a code has. */
export function nibbleTables(bits: Uint8Array, nibbles: number, query: Float32Array): NibbleTables {
  const values = new Float32Array(nibbles * 16);
  for (let r = 0, at = 0; r < bits.length; at += bits[r++]) {
    const levels = kltLevels(false, bits[r]);
    const [from, shift, mask] = [(at >>> 2) * 16, at & 3, 2 ** bits[r] - 1];
    for (let v = 0; v < 16; v++) values[from + v] += Math.fround(query[r] * levels[(v >>> shift) & mask]);
  }
  const [lows, ranges] = [new Float32Array(nibbles), new Float32Array(nibbles)];
  let [base, most] = [0, 0];
  for (let n = 0; n < nibbles; n++) {
    const own = values.subarray(n * 16, n * 16 + 16);
    lows[n] = own.reduce((a, b) => Math.min(a, b));
    const high = own.reduce((a, b) => Math.max(a, b));
    ranges[n] = high - lows[n];
    most = Math.max(most, ranges[n]);
    base = Math.fround(base + lows[n]);
  }
  const entries = new Uint16Array(nibbles * 16);
  const factor = Math.fround(MOST / most);
  if (!(most > 0 && most < Infinity && factor < Infinity)) return { entries, base, step: 0 };
  for (let n = 0; n < nibbles; n++) {
    const size = Math.fround(ranges[n] * factor);
    const weight = size > 3 * ENTRY ? 4 : size > 2 * ENTRY ? 3 : size > ENTRY ? 2 : 1;
    const own = Math.fround(factor / weight);
    for (let i = n * 16; i < n * 16 + 16; i++) {
      const entry = Math.fround(Math.fround(values[i] - lows[n]) * own) + ROUND - ROUND;
      entries[i] = weight * Math.min(Math.max(entry, 0), ENTRY); // of NaN 0
    }
  }
  return { entries, base, step: Math.fround(most / MOST) };
}

/** Scores the codes of a layout that is nibbled, by prepared queries. */
export function nibbleScorer(layout: KltLayout, codes: Uint8Array): RowScorer {
  const { metric, bits, codeBytes } = layout;
  const stride = codeBytes + 1 + (metric === "l2" ? 4 : 0);
  const components = bits.length;
  const rows = kltRows(layout, codes);
  const known = new Map<number, NibbleTables>();
  let [scalar, squares, start] = [0, 0, 0];
  return {
    count: rows.count,
    load(row) {
      scalar = rows.scalar(row);
      if (metric === "l2") squares = rows.squares(row);
      start = row * stride;
    },
    score(queries, at) {
      const [bias, own, unit] = queries.subarray(at + components, at + components + 3);
      if (scalar === 0) return metric === "l2" ? 0 - own : 0;
      // Each is made once, as long as all come from one array that stays as it is.
      let tables = known.get(at);
      if (!tables) known.set(at, (tables = nibbleTables(bits, 2 * codeBytes, queries.subarray(at))));
      const { entries, base, step } = tables;
      let sum = 0;
      for (let i = 0; i < codeBytes; i++) {
        const byte = codes[start + i];
        sum += entries[i * 32 + (byte & 15)] + entries[i * 32 + 16 + (byte >>> 4)];
      }
      const value = Math.fround(Math.fround(base + Math.fround(Math.fround(sum) * step)) * unit);
      const product = Math.fround(scalar * Math.fround(bias + value));
      if (metric !== "l2") return product;
      const both = Math.fround(own + squares);
      return 0 - Math.max(0, Math.fround(both - Math.fround(2 * product)));
    },
  };
}
