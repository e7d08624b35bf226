/**
 * Transforms of 2, 3, 4 and 5 numbers, b_k = sum_t a_t e^(-2 pi i k t / r), the steps of dft.ts:
 *   2   a0 + a1, a0 - a1
 *   4   with s = a0 + a2, d = a0 - a2, u = a1 + a3, v = a1 - a3: s + u, d - i v, s - u, d + i v
 *   3   with u = a1 + a2, v = f (a1 - a2), f = sin(1/3 turn), e = a0 - u / 2: a0 + u, e - i v, e + i v
 *   5   with s = a1 + a4, t = a2 + a3, d = a1 - a4, e = a2 - a3, and c, f the cosines, g, h the sines of 1/5 and 2/5 of a turn:
 *       x = (a0 + c s) + f t, y = (a0 + f s) + c t, u = g d + h e, v = h d - g e:
 *       (a0 + s) + t, x - i u, y - i v, y + i v, x + i u
 */
import { circlePoint } from "./circle.ts";

const { sin: F } = circlePoint(1, 3);
const { cos: C5, sin: G5 } = circlePoint(1, 5);
const { cos: F5, sin: H5 } = circlePoint(2, 5);

/** In place. */
export function butterfly(r: number, a: { readonly re: Float64Array; readonly im: Float64Array }): void {
  const { re, im } = a;
  if (r === 2) {
    const x = re[0];
    const y = im[0];
    re[0] = x + re[1];
    im[0] = y + im[1];
    re[1] = x - re[1];
    im[1] = y - im[1];
  } else if (r === 4) four(re, im);
  else if (r === 3) three(re, im);
  else five(re, im);
}

function four(re: Float64Array, im: Float64Array): void {
  const sr = re[0] + re[2];
  const si = im[0] + im[2];
  const dr = re[0] - re[2];
  const di = im[0] - im[2];
  const ur = re[1] + re[3];
  const ui = im[1] + im[3];
  const vr = re[1] - re[3];
  const vi = im[1] - im[3];
  re[0] = sr + ur;
  im[0] = si + ui;
  re[1] = dr + vi;
  im[1] = di - vr;
  re[2] = sr - ur;
  im[2] = si - ui;
  re[3] = dr - vi;
  im[3] = di + vr;
}

function three(re: Float64Array, im: Float64Array): void {
  const ur = re[1] + re[2];
  const ui = im[1] + im[2];
  const vr = F * (re[1] - re[2]);
  const vi = F * (im[1] - im[2]);
  const er = re[0] - ur * 0.5;
  const ei = im[0] - ui * 0.5;
  re[0] += ur;
  im[0] += ui;
  re[1] = er + vi;
  im[1] = ei - vr;
  re[2] = er - vi;
  im[2] = ei + vr;
}

function five(re: Float64Array, im: Float64Array): void {
  const sr = re[1] + re[4];
  const si = im[1] + im[4];
  const dr = re[1] - re[4];
  const di = im[1] - im[4];
  const tr = re[2] + re[3];
  const ti = im[2] + im[3];
  const er = re[2] - re[3];
  const ei = im[2] - im[3];
  const xr = re[0] + C5 * sr + F5 * tr;
  const xi = im[0] + C5 * si + F5 * ti;
  const yr = re[0] + F5 * sr + C5 * tr;
  const yi = im[0] + F5 * si + C5 * ti;
  const ur = G5 * dr + H5 * er;
  const ui = G5 * di + H5 * ei;
  const vr = H5 * dr - G5 * er;
  const vi = H5 * di - G5 * ei;
  re[0] = re[0] + sr + tr;
  im[0] = im[0] + si + ti;
  re[1] = xr + ui;
  im[1] = xi - ur;
  re[2] = yr + vi;
  im[2] = yi - vr;
  re[3] = yr - vi;
  im[3] = yi + vr;
  re[4] = xr - ui;
  im[4] = xi + ur;
}
