/**
 * Codes in a learned basis: a row as its mean and R components of unequal bits, times one scalar,
 *   x ~ t (mean + sum over r of step_r level_r q_r / |q_r|).
 * All arithmetic is float32, every operation rounded once, unless said; the bytes are stored in files, so changing this rule
 * breaks them. The layout is in klt-layout.ts, the tables of levels in klt-tables.ts, scores in klt-scores.ts.
 *
 * A code is `codeBytes` bytes: the components' indices as one stream in ascending order of their bits, component 0 in the
 * lowest bits, unused bits of the last byte zero; then one byte, the scalar's place in `table`; then under l2 |x|^2 as
 * float32, little-endian.
 *
 * An index of a component of b bits stands for a whole number, its level: with a trellis and b up to 4 the value of its
 * window (trellis.ts, by trellis-tables.ts or separable-tables.ts; windows are shifted by the bits of each component), else that of kltLevels(b), in ascending order.
 *
 * Encoding a row x:
 *   zero     a row of zeros is all bytes 0
 *   cosine   x is divided by its norm (norms.ts)
 *   mean     y_j = x_j - mean_j, kept within 2^100
 *   project  w_r = f32(s_r forward_r), s_r = the sum over j, in order, of f32(y_j q_rj)
 *   trellis  components of up to 4 bits: w_r rounded half to even and kept within +-127; the windows of least squared error
 *            (trellis.ts) over these components alone, which come first; the indices are the symbols
 *   index    other components: how many thresholds, midpoints of neighbouring levels, are at most w_r
 *   length   e_r = f32(step_r level_r);  v = f32(m + striped sum of f32(e_r f32(e_r + twice_r))), m the striped sum of
 *            mean_j mean_j: what the squared length of the decoded row is, for axes at right angles
 *   scalar   t = f32(n / f32(sqrt(v))), n = 1 under cosine, else the norm of x (norms.ts): decoded rows have the length
 *            that they had. Where v isn't above 0 and finite, and below 2^-149, it is 2^-149; beyond float32 the largest
 *   place    1 + how many i from 1 to 254 have f32(f32(table_i + table_{i+1}) / 2) <= t; place 0 is for zero rows alone
 *   l2       striped sum of x_j x_j, at most the largest float32
 *
 * Decoding: t f32(mean_j + striped sum over r of f32(f32(back_r level_r) q_rj)), kept within the finite floats. A row of
 * place 0 is all zeros.
 *
 * Sources: the transform: Karhunen, Ann. Acad. Sci. Fennicae 1947, and Loeve, "Probability theory", 1955; unequal bits:
 * Huang, Schultheiss, "Block quantization of correlated Gaussian random variables", IEEE Trans. Commun. Syst. 1963; the
 * trellis: trellis.ts.
 */
import { type KltLayout, kltLevelTables, kltRows, kltStride } from "./klt-layout.ts";
import { isWindowed, windowTable } from "./klt-tables.ts";
import { norms, unitRows } from "./norms.ts";
import { dot, squaredNorm } from "./stripes.ts";
import { trellisSearch } from "./trellis.ts";

/** The largest finite float32. */
const LARGEST: number = (2 - 2 ** -23) * 2 ** 127;
/** The smallest float32 above 0. */
const SMALLEST: number = 2 ** -149;
/** What rows less their mean are kept within: no sum of their products with an axis overflows. */
const MOST: number = 2 ** 100;
/** Adding and taking away 1.5 * 2^52 rounds a float64 to an integer, half to even. */
const ROUND: number = 1.5 * 2 ** 52;

export function kltEncode(layout: KltLayout, data: Float32Array, out: Uint8Array): void {
  const { metric, dim, mean, forward, step, twice, table, codeBytes } = layout;
  const stride = kltStride(layout);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const quantize = quantizer(layout);
  const meanSquare = squaredNorm(mean, 0, dim);
  const y = new Float32Array(dim);
  const w = new Float32Array(forward.length);
  const levels = new Float32Array(forward.length);
  const grown = new Float32Array(forward.length);
  const norm = Float32Array.of(1);
  out.fill(0);
  for (let at = 0, to = 0; at < data.length; at += dim, to += stride) {
    const row = data.subarray(at, at + dim);
    if (row.every((x) => x === 0)) continue;
    if (metric === "cosine") unitRows(row, dim, y);
    else {
      y.set(row);
      norms(row, dim, norm);
    }
    for (let j = 0; j < dim; j++) y[j] = Math.min(Math.max(Math.fround(y[j] - mean[j]), -MOST), MOST);
    kltProject(layout, y, w);
    for (let r = 0; r < w.length; r++) w[r] *= forward[r];
    quantize(w, levels, out, to);
    for (let r = 0; r < w.length; r++) {
      levels[r] *= step[r];
      grown[r] = levels[r] + twice[r];
    }
    const square = Math.fround(meanSquare + dot(levels, 0, grown, 0, w.length));
    const t =
      square > 0 && square < Infinity ? Math.fround(norm[0] / Math.fround(Math.sqrt(square))) : SMALLEST;
    out[to + codeBytes] = placeOf(Math.min(Math.max(t, SMALLEST), LARGEST), table);
    if (metric === "l2")
      view.setFloat32(to + codeBytes + 1, Math.min(squaredNorm(row, 0, dim), LARGEST), true);
  }
}

/** Products of a row with every axis, each summed over the elements in order. */
export function kltProject({ columns }: KltLayout, y: Float32Array, out: Float32Array): void {
  const count = out.length;
  out.fill(0);
  for (let j = 0, at = 0; j < y.length; j++, at += count) {
    const factor = y[j];
    for (let r = 0; r < count; r++) out[r] += Math.fround(factor * columns[at + r]);
  }
}

/** Fills the levels of coordinates w, and writes their indices to out[to ...]. */
function quantizer(
  layout: KltLayout,
): (w: Float32Array, levels: Float32Array, out: Uint8Array, to: number) => void {
  const { bits, trellis } = layout;
  const tables = kltLevelTables(layout);
  const windowed = bits.filter((width) => isWindowed(trellis, width));
  const search = trellisSearch(windowed, windowTable(trellis));
  const whole = new Int8Array(windowed.length);
  const windows = new Uint8Array(windowed.length);
  const indices = new Uint8Array(bits.length);
  return (w, levels, out, to) => {
    for (let r = 0; r < whole.length; r++) whole[r] = Math.min(Math.max(w[r] + ROUND - ROUND, -127), 127);
    search(whole, windows);
    for (let r = 0; r < bits.length; r++) {
      const table = tables[bits[r]];
      const index = r < windows.length ? windows[r] : indexOf(w[r], table);
      levels[r] = table[index];
      indices[r] = r < windows.length ? index >>> (8 - bits[r]) : index;
    }
    pack(indices, bits, out, to);
  };
}

/** How many midpoints of neighbouring levels are at most w. */
function indexOf(w: number, levels: Int8Array): number {
  let index = 0;
  while (index + 1 < levels.length && (levels[index] + levels[index + 1]) / 2 <= w) index++;
  return index;
}

function pack(indices: Uint8Array, bits: Uint8Array, out: Uint8Array, to: number): void {
  let [held, count, at] = [0, 0, to];
  for (let r = 0; r < bits.length; r++) {
    held |= indices[r] << count;
    count += bits[r];
    if (count < 8) continue;
    out[at++] = held; // a store keeps the low 8 bits
    held >>>= 8;
    count -= 8;
  }
  if (count > 0) out[at] = held;
}

/** The place of a scalar above 0. */
function placeOf(t: number, table: Float32Array): number {
  let place = 1;
  while (place < 255 && Math.fround(table[place] + table[place + 1]) / 2 <= t) place++;
  return place;
}

export function kltDecode(layout: KltLayout, codes: Uint8Array, out: Float32Array): void {
  const { dim, mean, columns, back } = layout;
  const rows = kltRows(layout, codes);
  const e = new Float32Array(back.length);
  for (let row = 0, at = 0; row < rows.count; row++, at += dim) {
    const t = rows.scalar(row);
    if (t === 0) {
      out.fill(0, at, at + dim);
      continue;
    }
    rows.levels(row, e);
    for (let r = 0; r < e.length; r++) e[r] *= back[r];
    for (let j = 0; j < dim; j++) {
      const x = Math.fround(mean[j] + dot(e, 0, columns, j * e.length, e.length));
      out[at + j] = Math.min(Math.max(Math.fround(t * x), -LARGEST), LARGEST);
    }
  }
}
