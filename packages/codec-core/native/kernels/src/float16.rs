//! IEEE 754 binary16 by bit arithmetic, and by the F16C instructions. Narrowing rounds half to even; from 65,520 on
//! it gives an infinity, below 2^-14 subnormals. A NaN keeps its sign and the top of its payload and becomes quiet
//! in both directions.

use crate::fault::{Fault, expect};
use crate::isa::Isa;
use crate::simd::{F32x16, Kernel, Simd, run};

/// float32 to float16 bits.
pub fn to_float16(isa: Isa, data: &[f32], out: &mut [u16]) -> Result<(), Fault> {
    expect("float16 numbers", data.len(), out.len())?;
    run(isa, Narrow { data, out });
    Ok(())
}

/// float16 bits to float32, exact.
pub fn from_float16(isa: Isa, bits: &[u16], out: &mut [f32]) -> Result<(), Fault> {
    expect("floats", bits.len(), out.len())?;
    run(isa, Widen { bits, out });
    Ok(())
}

struct Narrow<'a> {
    data: &'a [f32],
    out: &'a mut [u16],
}

impl Kernel for Narrow<'_> {
    type Output = ();

    fn scalar(self) {
        for (out, v) in self.out.iter_mut().zip(self.data) {
            *out = narrow(v.to_bits());
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let (data, data_rest) = self.data.as_chunks::<16>();
        let (out, out_rest) = self.out.as_chunks_mut::<16>();
        for (out, data) in out.iter_mut().zip(data) {
            // SAFETY: sixteen elements on each side.
            unsafe { S::F::load(data.as_ptr()).store_f16(out.as_mut_ptr()) };
        }
        Narrow { data: data_rest, out: out_rest }.scalar();
    }
}

struct Widen<'a> {
    bits: &'a [u16],
    out: &'a mut [f32],
}

impl Kernel for Widen<'_> {
    type Output = ();

    fn scalar(self) {
        for (out, &bits) in self.out.iter_mut().zip(self.bits) {
            *out = widen(bits);
        }
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let (bits, bits_rest) = self.bits.as_chunks::<16>();
        let (out, out_rest) = self.out.as_chunks_mut::<16>();
        for (out, bits) in out.iter_mut().zip(bits) {
            // SAFETY: sixteen elements on each side.
            unsafe { S::F::load_f16(bits.as_ptr()).store(out.as_mut_ptr()) };
        }
        Widen { bits: bits_rest, out: out_rest }.scalar();
    }
}

fn narrow(bits: u32) -> u16 {
    let sign = (bits >> 16) as u16 & 0x8000;
    let abs = bits & 0x7fff_ffff;
    if abs > 0x7f80_0000 {
        return sign | 0x7e00 | (abs >> 13) as u16 & 0x3ff;
    }
    // 65,520 is half way between 65,504, the largest float16, and 65,536.
    if abs >= 0x477f_f000 {
        return sign | 0x7c00;
    }
    // Adding just under half a unit, or half where the kept part is odd, makes the shift round half to even.
    if abs >= 0x3880_0000 {
        return sign | ((abs + 0xfff + (abs >> 13 & 1) - 0x3800_0000) >> 13) as u16;
    }
    let exponent = abs >> 23;
    // Below 2^-25, half of the smallest subnormal.
    if exponent < 102 {
        return sign;
    }
    let mantissa = abs & 0x7f_ffff | 0x80_0000;
    let shift = 126 - exponent;
    sign | ((mantissa + (1 << (shift - 1)) - 1 + (mantissa >> shift & 1)) >> shift) as u16
}

pub(crate) fn widen(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10 & 31);
    let mantissa = u32::from(bits & 0x3ff);
    f32::from_bits(match (exponent, mantissa) {
        (0, 0) => sign,
        (0, _) => {
            // A subnormal: mantissa * 2^-24, with its leading bit moved up to where float32 leaves it out.
            let shift = mantissa.leading_zeros() - 21;
            sign | (113 - shift) << 23 | (mantissa << shift & 0x3ff) << 13
        }
        (31, 0) => sign | 0x7f80_0000,
        (31, _) => sign | 0x7fc0_0000 | mantissa << 13,
        _ => sign | (exponent + 112) << 23 | mantissa << 13,
    })
}
