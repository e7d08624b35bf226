/**
 * Rows as their K largest Fourier coefficients, in polar form, and one scalar. All arithmetic is float64 unless said, every
 * operation rounded once, sums in order; the bytes are stored in files, so changing this rule breaks them. How they lie:
 * dft-layout.ts; scores: dft-scores.ts.
 *
 * Encoding a row x:
 *   n2       sum of x_j x_j; where it is 0 the row is all bytes 0
 *   r_j      x_j - mean_j, under cosine x_j / sqrt(n2) - mean_j (mean 0 where there is none)
 *   Y        of the transform X of r (dft.ts) the bins 0 to F - 1; those that are their own conjugates, 0 and in even dims
 *            dim / 2, real and times sqrt(1/2): then |r|^2 = 2 / dim sum |Y_b|^2 (Parseval)
 *   e_b      Re^2 + Im^2; S their sum. The K bins of the greatest e_b are kept, of equals the lower
 *   phase    of P = 2^phaseBits sectors around 2 pi k / P the one that Y_b lies in: with a = |Re|, b = |Im| and q how many j
 *            from 0 to P / 4 - 1 have a tan(2 pi (j + 1/2) / P) <= b: q, in the other quadrants P / 2 - q (Re < 0 <= Im),
 *            P / 2 + q (both < 0), P - q modulo P (Im < 0 <= Re)
 *   magnitude  how many i from 0 on have t_i S <= e_b, t_i = ((level_i + level_i+1) / 2)^2: levels are relative to sqrt(S)
 *            Both are 0 where e_b is 0
 *   scalar   s = f32(S / P), P the sum over kept bins, ascending, of level (Re cos + Im sin) with cos and sin of the sector:
 *            the product of r with the decoded row is |r|^2. Below 2^-149 it is 2^-149, beyond float32 the largest
 *            float32. The place in a table is that of turbo.ts
 *   l2       f32(n2), at most the largest float32
 * Where S is 0 (x is the mean), the bins are 0 to K - 1, all else 0 and s the smallest there is.
 *
 * Decoding: V_b = 2 s level (cos, -sin), half of it and without a sine in bins that are their own conjugates, times sqrt(2)
 * there; f32(Re(transform of V)_j / dim + mean_j), kept within the finite floats. A row of scalar 0 is all zeros.
 *
 * After SpectraLTM (2026), which keeps the K largest coefficients in polar form; the scalar: Gao, Long, "RaBitQ", SIGMOD 2024.
 */
import { circlePoint } from "./circle.ts";
import { type Complex, complex, Dft } from "./dft.ts";
import {
  type DftLayout,
  dftBins,
  dftParts,
  dftRecord,
  dftStride,
  packDftParts,
  unpackDftParts,
} from "./dft-layout.ts";
import { placeOf } from "./turbo.ts";

/** The largest finite float32. */
const LARGEST: number = (2 - 2 ** -23) * 2 ** 127;
/** The smallest float32 above 0. */
const SMALLEST: number = 2 ** -149;

/** X_b of each row of `dim` floats, b = 0 to F - 1: real and imaginary part in turn, 2 F numbers a row. */
export function dftSpectra(data: Float32Array, dim: number, out: Float64Array): void {
  const bins = dftBins(dim);
  const dft = new Dft(dim);
  const x = complex(dim);
  for (let row = 0; row * dim < data.length; row++) {
    x.re.set(data.subarray(row * dim, (row + 1) * dim));
    const { re, im } = dft.transform(x);
    for (let b = 0; b < bins; b++) {
      out[2 * (row * bins + b)] = re[b];
      out[2 * (row * bins + b) + 1] = im[b];
    }
  }
}

/** cos and sin of the sectors' middles. */
export function sectors(phaseBits: number): Complex {
  const points = Array.from({ length: 2 ** phaseBits }, (_, k) => circlePoint(k, 2 ** phaseBits));
  return { re: Float64Array.from(points, (p) => p.cos), im: Float64Array.from(points, (p) => p.sin) };
}

/** Y of real rows: see the module. */
export class Spectrum {
  readonly bins: number;
  readonly #dim: number;
  readonly #dft: Dft;
  readonly #x: Complex;

  constructor(dim: number) {
    this.#dim = dim;
    this.bins = dftBins(dim);
    this.#dft = new Dft(dim);
    this.#x = complex(dim);
  }

  /** The answer lasts until the next call. */
  of(row: (j: number) => number): Complex {
    for (let j = 0; j < this.#dim; j++) this.#x.re[j] = row(j);
    const { re, im } = this.#dft.transform(this.#x);
    for (let b = 0; b < this.bins; b++)
      if (isOwnConjugate(b, this.#dim)) {
        re[b] *= Math.SQRT1_2;
        im[b] = 0;
      }
    return { re, im };
  }
}

export function isOwnConjugate(bin: number, dim: number): boolean {
  return bin === 0 || 2 * bin === dim;
}

export function dftEncode(layout: DftLayout, data: Float32Array, out: Uint8Array): void {
  const { metric, dim, topK, phaseBits, mean, levels, table } = layout;
  const record = dftRecord(layout);
  const stride = dftStride(layout);
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const spectrum = new Spectrum(dim);
  const energies = new Float64Array(spectrum.bins);
  const parts = dftParts(topK);
  const { re: cos, im: sin } = sectors(phaseBits);
  const tangents = Array.from({ length: 2 ** phaseBits / 4 }, (_, j) =>
    tangent(2 * j + 1, 2 ** (phaseBits + 1)),
  );
  const thresholds = Array.from(levels.subarray(1), (level, i) => ((levels[i] + level) / 2) ** 2);
  out.fill(0);
  for (let row = 0; row * dim < data.length; row++) {
    const at = row * dim;
    const to = row * stride;
    let n2 = 0;
    for (let j = 0; j < dim; j++) n2 += data[at + j] * data[at + j];
    if (n2 === 0) continue;
    const norm = metric === "cosine" ? Math.sqrt(n2) : 1;
    const { re, im } = spectrum.of((j) => data[at + j] / norm - (mean.length > 0 ? mean[j] : 0));
    let total = 0;
    for (let b = 0; b < energies.length; b++) total += energies[b] = re[b] * re[b] + im[b] * im[b];
    choose(energies, parts.bins);
    let product = 0;
    parts.bins.forEach((b, i) => {
      const phase = energies[b] > 0 ? sectorOf(re[b], im[b], tangents, phaseBits) : 0;
      const magnitude = energies[b] > 0 ? countUpTo(thresholds, total, energies[b]) : 0;
      parts.phases[i] = phase;
      parts.magnitudes[i] = magnitude;
      product += levels[magnitude] * (re[b] * cos[phase] + im[b] * sin[phase]);
    });
    packDftParts(layout, record, parts, out, to);
    const s = total > 0 ? Math.min(Math.max(Math.fround(total / product), SMALLEST), LARGEST) : SMALLEST;
    if (table.length > 0) out[to + record.streamBytes] = placeOf(s, table);
    else view.setFloat32(to + record.streamBytes, s, true);
    if (metric === "l2") view.setFloat32(to + stride - 4, Math.min(Math.fround(n2), LARGEST), true);
  }
}

/** The bins of the greatest energies, of equals the lower, in ascending order. */
function choose(energies: Float64Array, bins: Uint32Array): void {
  const least = energies.slice().sort()[energies.length - bins.length];
  let above = 0;
  for (const e of energies) if (e > least) above++;
  let [equals, n] = [bins.length - above, 0];
  energies.forEach((e, b) => {
    if (e > least || (e === least && equals-- > 0)) bins[n++] = b;
  });
}

function tangent(k: number, n: number): number {
  const { cos, sin } = circlePoint(k, n);
  return sin / cos;
}

function sectorOf(re: number, im: number, tangents: readonly number[], phaseBits: number): number {
  const q = countUpTo(tangents, Math.abs(re), Math.abs(im));
  const half = 2 ** (phaseBits - 1);
  if (re < 0) return im < 0 ? half + q : half - q;
  return im < 0 && q > 0 ? 2 * half - q : q;
}

/** How many of ascending marks, times a factor, are at most x. */
function countUpTo(marks: readonly number[], factor: number, x: number): number {
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (factor * marks[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function dftDecode(layout: DftLayout, codes: Uint8Array, out: Float32Array): void {
  const { dim, topK, phaseBits, mean, levels } = layout;
  const record = dftRecord(layout);
  const stride = dftStride(layout);
  const rows = dftScalars(layout, codes);
  const dft = new Dft(dim);
  const v = complex(dim);
  const parts = dftParts(topK);
  const { re: cos, im: sin } = sectors(phaseBits);
  const bins = dftBins(dim);
  out.fill(0);
  for (let row = 0; row * dim < out.length; row++) {
    const s = rows.scalar(row);
    if (s === 0 || !unpackDftParts(layout, record, codes, row * stride, parts)) continue;
    v.re.fill(0);
    v.im.fill(0);
    for (let i = 0; i < topK; i++) {
      const b = parts.bins[i];
      if (b >= bins) continue;
      const own = isOwnConjugate(b, dim);
      const size = s * levels[parts.magnitudes[i]] * (own ? Math.SQRT2 : 2);
      v.re[b] += size * cos[parts.phases[i]];
      if (!own) v.im[b] -= size * sin[parts.phases[i]];
    }
    const { re } = dft.transform(v);
    for (let j = 0; j < dim; j++) out[row * dim + j] = finite(re[j] / dim + (mean.length > 0 ? mean[j] : 0));
  }
}

/** The scalars of codes. */
export interface DftScalars {
  readonly count: number;
  scalar(row: number): number;
  /** |x|^2 under l2. */
  squares(row: number): number;
}

export function dftScalars(layout: DftLayout, codes: Uint8Array): DftScalars {
  const { table } = layout;
  const stride = dftStride(layout);
  const at = dftRecord(layout).streamBytes;
  const view = new DataView(codes.buffer, codes.byteOffset, codes.length);
  return {
    count: codes.length / stride,
    scalar: (row) =>
      table.length > 0 ? table[codes[row * stride + at]] : view.getFloat32(row * stride + at, true),
    squares: (row) => view.getFloat32((row + 1) * stride - 4, true),
  };
}

/** Infinities become the largest float32; NaN (of codes that no encoder wrote) stays. */
function finite(x: number): number {
  return Math.min(Math.max(x, -LARGEST), LARGEST);
}
