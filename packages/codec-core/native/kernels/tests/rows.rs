//! Kernels over single rows and plain arrays: each instruction set gives the reference's bits, and the reference is
//! right by itself.
mod common;

use common::{Rng, bits, counts, dims, rows, simd};
use pith_kernels::{
    Isa, crc32c, first_non_finite, from_float16, int8_decode, int8_encode, int8_encode_finite, norms, to_float16,
    unit_rows,
};

fn all() -> &'static [Isa] {
    Isa::available()
}

#[test]
fn norms_are_the_reference_bits() {
    let mut rng = Rng(1);
    for dim in dims() {
        for count in counts() {
            let data = rows(&mut rng, count, dim);
            let mut expected = vec![0f32; count];
            norms(Isa::SCALAR, &data, dim, &mut expected).unwrap();
            for isa in simd() {
                let mut actual = vec![0f32; count];
                norms(isa, &data, dim, &mut actual).unwrap();
                assert_eq!(bits(&expected), bits(&actual), "{} dim {dim} count {count}", isa.name());
            }
        }
    }
}

#[test]
fn unit_rows_are_the_reference_bits() {
    let mut rng = Rng(9);
    for dim in dims() {
        let data = rows(&mut rng, 40, dim);
        let mut expected = vec![0f32; data.len()];
        unit_rows(Isa::SCALAR, &data, dim, &mut expected).unwrap();
        for row in expected.chunks(dim) {
            let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
            assert!((norm - 1.0).abs() < 1e-6 || row.iter().all(|&v| v == 0.0), "dim {dim}: {norm}");
        }
        for isa in simd() {
            let mut actual = vec![0f32; data.len()];
            unit_rows(isa, &data, dim, &mut actual).unwrap();
            assert_eq!(bits(&expected), bits(&actual), "{} dim {dim}", isa.name());
        }
    }
}

#[test]
fn norms_neither_overflow_nor_underflow() {
    let mut rng = Rng(2);
    for dim in [1, 2, 17, 384] {
        let data = rows(&mut rng, 200, dim);
        for &isa in all() {
            let mut out = vec![0f32; 200];
            norms(isa, &data, dim, &mut out).unwrap();
            for (row, norm) in data.chunks(dim).zip(out) {
                let exact = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
                let room = exact * f64::from(dim as u32 + 4) * 2f64.powi(-24) + 2f64.powi(-149);
                assert!((f64::from(norm) - exact).abs() <= room || exact > f64::from(f32::MAX), "{norm} {exact}");
            }
        }
    }
}

#[test]
fn int8_codes_are_the_reference_bytes() {
    let mut rng = Rng(3);
    for dim in dims() {
        for count in counts() {
            let data = rows(&mut rng, count, dim);
            for unit in [false, true] {
                let mut expected = vec![0u8; count * (dim + 4)];
                int8_encode(Isa::SCALAR, &data, dim, unit, &mut expected).unwrap();
                let mut decoded = vec![0f32; count * dim];
                int8_decode(Isa::SCALAR, &expected, dim, &mut decoded).unwrap();
                for isa in simd() {
                    // An odd place in memory.
                    let mut actual = vec![0u8; count * (dim + 4) + 1];
                    int8_encode(isa, &data, dim, unit, &mut actual[1..]).unwrap();
                    assert_eq!(expected, &actual[1..], "{} dim {dim} count {count} unit {unit}", isa.name());
                    let mut out = vec![0f32; count * dim];
                    int8_decode(isa, &actual[1..], dim, &mut out).unwrap();
                    assert_eq!(bits(&decoded), bits(&out), "{} dim {dim} count {count}", isa.name());
                }
            }
        }
    }
}

/// What isn't finite is seen wherever it stands, in rows of zeros and of numbers of any size.
#[test]
fn int8_encoding_sees_what_is_not_finite() {
    for &isa in all() {
        for dim in [1, 7, 16, 17, 33, 64] {
            for value in [0.0, 1e-42, -1e-38, 1.0, f32::MAX] {
                let mut data = vec![value; 3 * dim];
                let mut codes = vec![0; 3 * (dim + 4)];
                for unit in [false, true] {
                    let mut encode = |data: &[f32]| int8_encode_finite(isa, data, dim, unit, &mut codes);
                    assert_eq!(encode(&data), Ok(true), "{} dim {dim} of {value}", isa.name());
                    for at in 0..3 * dim {
                        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                            data[at] = bad;
                            assert_eq!(encode(&data), Ok(false), "{} dim {dim} {bad} of {value}", isa.name());
                            data[at] = value;
                        }
                    }
                    data[dim..2 * dim].fill(f32::NAN);
                    assert_eq!(encode(&data), Ok(false), "{} dim {dim}: a row of NaN", isa.name());
                    data.fill(value);
                }
            }
        }
    }
}

#[test]
fn int8_error_is_half_a_step() {
    let mut rng = Rng(4);
    let (dim, count) = (33, 300);
    let data = rows(&mut rng, count, dim);
    for unit in [false, true] {
        let mut codes = vec![0u8; count * (dim + 4)];
        int8_encode(Isa::SCALAR, &data, dim, unit, &mut codes).unwrap();
        let mut decoded = vec![0f32; count * dim];
        int8_decode(Isa::SCALAR, &codes, dim, &mut decoded).unwrap();
        for (i, row) in data.chunks(dim).enumerate() {
            let scale = f32::from_le_bytes(codes[i * (dim + 4) + dim..][..4].try_into().unwrap());
            let max = row.iter().fold(0f32, |max, v| max.max(v.abs()));
            let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
            if max < 2f32.powi(-120) {
                assert_eq!(scale, 1.0);
                assert!(decoded[i * dim..][..dim].iter().all(|&v| v == 0.0));
                continue;
            }
            for (&v, &d) in row.iter().zip(&decoded[i * dim..]) {
                let target = if unit { f64::from(v) / norm } else { f64::from(v) };
                assert!((target - f64::from(d)).abs() <= f64::from(scale) * 0.5001, "{target} {d} {scale}");
            }
        }
    }
}

#[test]
fn float16_of_all_bit_patterns() {
    let patterns: Vec<u16> = (0..=u16::MAX).collect();
    for &isa in all() {
        let mut wide = vec![0f32; patterns.len()];
        from_float16(isa, &patterns, &mut wide).unwrap();
        let mut back = vec![0u16; patterns.len()];
        to_float16(isa, &wide, &mut back).unwrap();
        for (&pattern, (&wide, &back)) in patterns.iter().zip(wide.iter().zip(&back)) {
            let (exponent, mantissa) = (i32::from(pattern >> 10 & 31), f64::from(pattern & 0x3ff));
            let magnitude = match exponent {
                0 => mantissa * 2f64.powi(-24),
                31 if mantissa == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                _ => (1024.0 + mantissa) * 2f64.powi(exponent - 25),
            };
            let quiet = if magnitude.is_nan() { 0x200 } else { 0 };
            assert_eq!(back, pattern | quiet, "{}", isa.name());
            assert!(f64::from(wide.abs()) == magnitude || (wide.is_nan() && magnitude.is_nan()));
            assert_eq!(wide.is_sign_negative(), pattern >> 15 == 1);
        }
    }
}

#[test]
fn float16_rounds_half_to_even() {
    let mut rng = Rng(5);
    // All points half way between neighbours and their neighbours in float32, and random bits.
    let mut data = Vec::new();
    for pattern in 0..0x7c00u16 {
        let mut pair = [0f32; 2];
        from_float16(Isa::SCALAR, &[pattern, pattern + 1], &mut pair).unwrap();
        let middle = if pattern == 0x7bff { 65_520.0 } else { (pair[0] + pair[1]) / 2.0 };
        data.extend([middle, middle.next_up(), middle.next_down(), -middle]);
        let mut out = [0u16; 3];
        to_float16(Isa::SCALAR, &[middle, middle.next_up(), middle.next_down()], &mut out).unwrap();
        assert_eq!(out, [pattern + (pattern & 1), pattern + 1, pattern]);
    }
    data.extend((0..200_003).map(|_| f32::from_bits(rng.next() as u32)));
    let mut expected = vec![0u16; data.len()];
    to_float16(Isa::SCALAR, &data, &mut expected).unwrap();
    for isa in simd() {
        let mut actual = vec![0u16; data.len()];
        to_float16(isa, &data, &mut actual).unwrap();
        assert!(expected == actual, "{}", isa.name());
    }
}

#[test]
fn crc32c_of_known_bytes() {
    // RFC 3720, B.4.
    let cases: [(&[u8], u32); 5] = [
        (b"", 0),
        (b"123456789", 0xe306_9283),
        (&[0; 32], 0x8a91_36aa),
        (&[0xff; 32], 0x62a8_ab43),
        (&std::array::from_fn::<u8, 32, _>(|i| i as u8), 0x46dd_794e),
    ];
    for &isa in all() {
        for (bytes, crc) in cases {
            assert_eq!(crc32c(isa, bytes, 0), crc);
        }
    }
}

#[test]
fn crc32c_continues_anywhere() {
    let mut rng = Rng(6);
    let bytes: Vec<u8> = (0..1000).map(|_| rng.next() as u8).collect();
    for from in 0..20 {
        for length in (0..70).chain([500, 900]) {
            let part = &bytes[from..from + length];
            let expected = crc32c(Isa::SCALAR, part, 0);
            for &isa in all() {
                let (a, b) = part.split_at(length / 3);
                assert_eq!(crc32c(isa, b, crc32c(isa, a, 0)), expected);
            }
        }
    }
}

#[test]
fn the_first_number_that_is_not_finite() {
    for &isa in all() {
        for length in 0..200 {
            let mut data = vec![f32::MAX; length];
            assert_eq!(first_non_finite(isa, &data), None);
            for at in 0..length {
                for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    data[at] = bad;
                    assert_eq!(first_non_finite(isa, &data), Some(at));
                }
                data[at] = -f32::MIN_POSITIVE / 2.0;
            }
        }
    }
}
