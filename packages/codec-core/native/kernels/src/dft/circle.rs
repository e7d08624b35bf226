//! Points of the unit circle, the same bits everywhere: cos and sin of whole fractions of a turn, by adds, multiplies and
//! divisions alone. The rule is in `src/kernels/circle.ts`.

/// Cosine and sine of k / n of a turn; k < n.
pub(super) fn circle_point(k: usize, n: usize) -> (f64, f64) {
    let t = 8 * k;
    let octant = t / n;
    let rest = if octant.is_multiple_of(2) { t - octant * n } else { n - (t - octant * n) };
    let a = std::f64::consts::FRAC_PI_4 * (rest as f64 / n as f64);
    let z = a * a;
    let inverse = inverse_factorials();
    let (mut c, mut s) = (inverse[16], inverse[15]);
    for i in (0..15).step_by(2).rev() {
        c = inverse[i] - z * c;
    }
    for i in (1..14).step_by(2).rev() {
        s = inverse[i] - z * s;
    }
    s *= a;
    let (x, y) = if (octant + 1) % 4 < 2 { (c, s) } else { (s, c) };
    (if (2..6).contains(&octant) { -x } else { x }, if octant >= 4 { -y } else { y })
}

/// 1 / i! for i up to 16.
fn inverse_factorials() -> [f64; 17] {
    let mut factorial = 1.0;
    std::array::from_fn(|i| {
        factorial *= i.max(1) as f64;
        1.0 / factorial
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_where_libraries_have_them() {
        for n in [1, 2, 3, 5, 7, 8, 12, 384, 1000, 65_537] {
            for k in 0..n.min(2000) {
                let (cos, sin) = circle_point(k, n);
                let angle = 2.0 * std::f64::consts::PI * k as f64 / n as f64;
                assert!((cos - angle.cos()).abs() < 2e-15 && (sin - angle.sin()).abs() < 2e-15, "{k} / {n}");
            }
        }
    }
}
