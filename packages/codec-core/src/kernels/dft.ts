/**
 * The discrete Fourier transform of any length, X_k = sum_j x_j e^(-2 pi i j k / n), in float64: every operation is rounded
 * once, in the order of this file, so that all backends give the same bits.
 *
 * Lengths whose prime factors are 2, 3 and 5: Stockham's form of the fast transform, which sorts itself. For each factor r
 * (4 as often as it goes, then 2, 3, 5), with c the length that is left (first n, then c / r), m = c / r and s = n / c,
 * w = e^(-2 pi i / c):
 *   y[q + s (r p + k)] = w^(p k) sum_t x[q + s (p + m t)] e^(-2 pi i k t / r)   for p < m, q < s, k < r
 * Other lengths by Bluestein's identity j k = (j^2 + k^2 - (k - j)^2) / 2: with c_j = e^(-pi i j^2 / n),
 *   X_k = c_k sum_j (x_j c_j) conj(c_(k-j)),
 * a convolution of length M, the least power of two from 2 n - 1, through three transforms of that length.
 *
 * Sources: Cooley, Tukey, Math. Comp. 1965; Stockham's order after Van Loan, "Computational Frameworks for the Fast Fourier
 * Transform", 1992; Bluestein, "A linear filtering approach to the computation of the discrete Fourier transform", 1970.
 */
import { butterfly } from "./butterfly.ts";
import { circlePoint } from "./circle.ts";

/** Complex numbers: real parts, then as many imaginary ones. */
export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

interface Stage {
  readonly r: number;
  readonly m: number;
  readonly s: number;
  /** w^(p k) of p < m, k < r. */
  readonly w: Complex;
}

interface Chirp {
  /** c_j of j < n. */
  readonly c: Complex;
  /** The transform of conj(c), of length M, wrapped around. */
  readonly filter: Complex;
  readonly inner: Dft;
}

export function complex(n: number): Complex {
  return { re: new Float64Array(n), im: new Float64Array(n) };
}

/** Transforms of length n; holds tables and room, both some times as long as n. */
export class Dft {
  readonly n: number;
  readonly #stages: readonly Stage[];
  readonly #chirp: Chirp | undefined;
  #from: Complex;
  #to: Complex;

  constructor(n: number) {
    this.n = n;
    const factors = factorsOf(n);
    this.#stages = factors ? stagesOf(n, factors) : [];
    this.#chirp = factors ? undefined : chirpOf(n);
    this.#from = complex(n);
    this.#to = complex(n);
  }

  /** The transform of `x`, n long, which stays as it is. The answer lasts until the next call. */
  transform(x: Complex): Complex {
    if (this.#chirp) return this.#convolve(x, this.#chirp);
    this.#from.re.set(x.re);
    this.#from.im.set(x.im);
    for (const stage of this.#stages) {
      pass(stage, this.#from, this.#to);
      [this.#from, this.#to] = [this.#to, this.#from];
    }
    return this.#from;
  }

  #convolve(x: Complex, { c, filter, inner }: Chirp): Complex {
    const { n } = this;
    const long = complex(inner.n);
    multiply(x, c, n, long);
    const product = complex(inner.n);
    multiply(inner.transform(long), filter, inner.n, product);
    // The inverse transform is the transform with the parts exchanged, before and after, by the length.
    const back = inner.transform({ re: product.im, im: product.re });
    const sum = { re: back.im, im: back.re };
    multiply(sum, c, n, this.#to);
    for (let k = 0; k < n; k++) {
      this.#to.re[k] /= inner.n;
      this.#to.im[k] /= inner.n;
    }
    return this.#to;
  }
}

/** 4, 2, 3 and 5 whose product is n, undefined where there are none such. */
function factorsOf(n: number): number[] | undefined {
  const factors: number[] = [];
  let rest = n;
  for (const r of [4, 2, 3, 5])
    while (rest % r === 0) {
      factors.push(r);
      rest /= r;
    }
  return rest === 1 ? factors : undefined;
}

function stagesOf(n: number, factors: readonly number[]): Stage[] {
  let c = n;
  return factors.map((r) => {
    const m = c / r;
    const w = complex(m * r);
    for (let p = 0; p < m; p++)
      for (let k = 0; k < r; k++) {
        const { cos, sin } = circlePoint(p * k, c);
        w.re[p * r + k] = cos;
        w.im[p * r + k] = -sin;
      }
    const stage = { r, m, s: n / c, w };
    c = m;
    return stage;
  });
}

function chirpOf(n: number): Chirp {
  const c = complex(n);
  for (let j = 0; j < n; j++) {
    const { cos, sin } = circlePoint((j * j) % (2 * n), 2 * n);
    c.re[j] = cos;
    c.im[j] = -sin;
  }
  const length = 2 ** Math.ceil(Math.log2(2 * n - 1));
  const inner = new Dft(length);
  const wrapped = complex(length);
  for (let j = 0; j < n; j++)
    for (const at of j === 0 ? [0] : [j, length - j]) {
      wrapped.re[at] = c.re[j];
      wrapped.im[at] = -c.im[j];
    }
  const { re, im } = inner.transform(wrapped);
  return { c, filter: { re: re.slice(), im: im.slice() }, inner };
}

/** a_j b_j of j < n into `out`. */
function multiply(a: Complex, b: Complex, n: number, out: Complex): void {
  for (let j = 0; j < n; j++) {
    const x = a.re[j];
    const y = a.im[j];
    out.re[j] = x * b.re[j] - y * b.im[j];
    out.im[j] = x * b.im[j] + y * b.re[j];
  }
}

function pass({ r, m, s, w }: Stage, from: Complex, to: Complex): void {
  const a = { re: new Float64Array(r), im: new Float64Array(r) };
  for (let p = 0; p < m; p++)
    for (let q = 0; q < s; q++) {
      for (let t = 0; t < r; t++) {
        a.re[t] = from.re[q + s * (p + m * t)];
        a.im[t] = from.im[q + s * (p + m * t)];
      }
      butterfly(r, a);
      for (let k = 0; k < r; k++) {
        const at = q + s * (r * p + k);
        const x = a.re[k];
        const y = a.im[k];
        const u = w.re[p * r + k];
        const v = w.im[p * r + k];
        to.re[at] = x * u - y * v;
        to.im[at] = x * v + y * u;
      }
    }
}
