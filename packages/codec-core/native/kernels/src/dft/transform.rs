//! The discrete Fourier transform of any length in float64, eight rows side by side. The rule, to the bit, with its sources,
//! is in `src/kernels/dft.ts`: Stockham's passes of 4, 2, 3 and 5, other lengths by Bluestein's convolution.

use super::circle::circle_point;

/// Rows side by side.
pub(super) const ROWS: usize = 8;

/// A number of each row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lanes(pub(super) [f64; ROWS]);

impl Lanes {
    pub(super) const ZERO: Lanes = Lanes([0.0; ROWS]);

    #[inline(always)]
    pub(super) fn map2(self, other: Lanes, f: impl Fn(f64, f64) -> f64) -> Lanes {
        let mut out = self;
        for i in 0..ROWS {
            out.0[i] = f(self.0[i], other.0[i]);
        }
        out
    }

    #[inline(always)]
    pub(super) fn times(self, by: f64) -> Lanes {
        self.map2(self, |x, _| x * by)
    }
}

impl std::ops::Add for Lanes {
    type Output = Lanes;
    #[inline(always)]
    fn add(self, other: Lanes) -> Lanes {
        self.map2(other, |x, y| x + y)
    }
}

impl std::ops::Sub for Lanes {
    type Output = Lanes;
    #[inline(always)]
    fn sub(self, other: Lanes) -> Lanes {
        self.map2(other, |x, y| x - y)
    }
}

/// Real and imaginary parts.
#[derive(Clone, Debug)]
pub(super) struct Complex {
    pub(super) re: Vec<Lanes>,
    pub(super) im: Vec<Lanes>,
}

impl Complex {
    pub(super) fn zeros(n: usize) -> Complex {
        Complex { re: vec![Lanes::ZERO; n], im: vec![Lanes::ZERO; n] }
    }
}

struct Stage {
    r: usize,
    m: usize,
    s: usize,
    /// w^(p k) of p < m, k < r.
    w: Vec<(f64, f64)>,
}

struct Chirp {
    c: Vec<(f64, f64)>,
    /// The transform of conj(c), wrapped around.
    filter: Vec<(f64, f64)>,
    inner: Dft,
    long: Complex,
}

/// Transforms of one length.
pub(super) struct Dft {
    n: usize,
    stages: Vec<Stage>,
    chirp: Option<Box<Chirp>>,
    other: Complex,
}

impl Dft {
    pub(super) fn new(n: usize) -> Dft {
        let factors = factors(n);
        let stages = factors.as_deref().map_or_else(Vec::new, |factors| stages(n, factors));
        let chirp = factors.is_none().then(|| Box::new(Chirp::new(n)));
        Dft { n, stages, chirp, other: Complex::zeros(n) }
    }

    /// Transforms `x`, `n` numbers of each row, in place.
    #[inline(always)]
    pub(super) fn transform(&mut self, x: &mut Complex) {
        match &mut self.chirp {
            None => self.passes(x),
            Some(chirp) => chirp.convolve(self.n, x),
        }
    }

    #[inline(always)]
    fn passes(&mut self, x: &mut Complex) {
        let [third, fifth, fifths] = [circle_point(1, 3), circle_point(1, 5), circle_point(2, 5)];
        for stage in &self.stages {
            let to = &mut self.other;
            match stage.r {
                2 => stage.pass(x, to, two),
                3 => stage.pass(
                    x,
                    to,
                    #[inline(always)]
                    |a| three(a, third.1),
                ),
                4 => stage.pass(x, to, four),
                _ => stage.pass(
                    x,
                    to,
                    #[inline(always)]
                    |a| five(a, fifth, fifths),
                ),
            }
            std::mem::swap(x, &mut self.other);
        }
    }
}

/// 4, 2, 3 and 5 whose product is n.
fn factors(n: usize) -> Option<Vec<usize>> {
    let (mut found, mut rest) = (Vec::new(), n);
    for r in [4, 2, 3, 5] {
        while rest.is_multiple_of(r) {
            found.push(r);
            rest /= r;
        }
    }
    (rest == 1).then_some(found)
}

fn stages(n: usize, factors: &[usize]) -> Vec<Stage> {
    let mut c = n;
    factors
        .iter()
        .map(|&r| {
            let m = c / r;
            let point = |p: usize, k: usize| {
                let (cos, sin) = circle_point(p * k, c);
                (cos, -sin)
            };
            let w = (0..m).flat_map(|p| (0..r).map(move |k| point(p, k))).collect();
            let stage = Stage { r, m, s: n / c, w };
            c = m;
            stage
        })
        .collect()
}

type Pair = (Lanes, Lanes);

impl Stage {
    #[inline(always)]
    fn pass<const R: usize>(&self, from: &Complex, to: &mut Complex, butterfly: impl Fn([Pair; R]) -> [Pair; R]) {
        let (m, s) = (self.m, self.s);
        for p in 0..m {
            let w: &[(f64, f64); R] = self.w[p * R..][..R].first_chunk().expect("R numbers");
            for q in 0..s {
                let a: [Pair; R] = std::array::from_fn(
                    #[inline(always)]
                    |t| {
                        let at = q + s * (p + m * t);
                        (from.re[at], from.im[at])
                    },
                );
                let b = butterfly(a);
                for k in 0..R {
                    let at = q + s * (R * p + k);
                    (to.re[at], to.im[at]) = times(b[k], w[k]);
                }
            }
        }
    }
}

#[inline(always)]
fn times((x, y): Pair, (u, v): (f64, f64)) -> Pair {
    (x.times(u) - y.times(v), x.times(v) + y.times(u))
}

#[inline(always)]
fn plus(a: Pair, b: Pair) -> Pair {
    (a.0 + b.0, a.1 + b.1)
}

#[inline(always)]
fn minus(a: Pair, b: Pair) -> Pair {
    (a.0 - b.0, a.1 - b.1)
}

#[inline(always)]
fn scaled(a: Pair, by: f64) -> Pair {
    (a.0.times(by), a.1.times(by))
}

/// a + i b.
#[inline(always)]
fn plus_i(a: Pair, b: Pair) -> Pair {
    (a.0 - b.1, a.1 + b.0)
}

/// a - i b.
#[inline(always)]
fn minus_i(a: Pair, b: Pair) -> Pair {
    (a.0 + b.1, a.1 - b.0)
}

#[inline(always)]
fn two([a, b]: [Pair; 2]) -> [Pair; 2] {
    [plus(a, b), minus(a, b)]
}

#[inline(always)]
fn three([a, b, c]: [Pair; 3], f: f64) -> [Pair; 3] {
    let u = plus(b, c);
    let v = scaled(minus(b, c), f);
    let e = minus(a, scaled(u, 0.5));
    [plus(a, u), minus_i(e, v), plus_i(e, v)]
}

#[inline(always)]
fn four([a, b, c, d]: [Pair; 4]) -> [Pair; 4] {
    let (s, e) = (plus(a, c), minus(a, c));
    let (u, v) = (plus(b, d), minus(b, d));
    [plus(s, u), minus_i(e, v), minus(s, u), plus_i(e, v)]
}

#[inline(always)]
fn five([a, b, c, d, e]: [Pair; 5], (c1, s1): (f64, f64), (c2, s2): (f64, f64)) -> [Pair; 5] {
    let (s, f) = (plus(b, e), minus(b, e));
    let (t, g) = (plus(c, d), minus(c, d));
    let x = plus(plus(a, scaled(s, c1)), scaled(t, c2));
    let y = plus(plus(a, scaled(s, c2)), scaled(t, c1));
    let u = plus(scaled(f, s1), scaled(g, s2));
    let v = minus(scaled(f, s2), scaled(g, s1));
    [plus(plus(a, s), t), minus_i(x, u), minus_i(y, v), plus_i(y, v), plus_i(x, u)]
}

impl Chirp {
    fn new(n: usize) -> Chirp {
        let c: Vec<_> = (0..n)
            .map(|j| {
                let (cos, sin) = circle_point(j * j % (2 * n), 2 * n);
                (cos, -sin)
            })
            .collect();
        let length = (2 * n - 1).next_power_of_two();
        let mut inner = Dft::new(length);
        let mut wrapped = Complex::zeros(length);
        for (j, &(re, im)) in c.iter().enumerate() {
            for at in [j, (length - j) % length] {
                (wrapped.re[at].0[0], wrapped.im[at].0[0]) = (re, -im);
            }
        }
        inner.transform(&mut wrapped);
        let filter = wrapped.re.iter().zip(&wrapped.im).map(|(re, im)| (re.0[0], im.0[0])).collect();
        Chirp { c, filter, inner, long: Complex::zeros(length) }
    }

    #[inline(always)]
    fn convolve(&mut self, n: usize, x: &mut Complex) {
        let Chirp { c, filter, inner, long } = self;
        for j in 0..n {
            (long.re[j], long.im[j]) = times((x.re[j], x.im[j]), c[j]);
        }
        long.re[n..].fill(Lanes::ZERO);
        long.im[n..].fill(Lanes::ZERO);
        inner.passes(long);
        // The inverse transform is the transform with the parts exchanged, before and after, by the length.
        for j in 0..inner.n {
            (long.im[j], long.re[j]) = times((long.re[j], long.im[j]), filter[j]);
        }
        inner.passes(long);
        for j in 0..n {
            let (re, im) = times((long.im[j], long.re[j]), c[j]);
            let by = inner.n as f64;
            (x.re[j], x.im[j]) = (re.map2(re, |x, _| x / by), im.map2(im, |x, _| x / by));
        }
    }
}
