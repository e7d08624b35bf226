//! Lengths that don't fit are refused, and nothing is written.

use pith_kernels::{
    FloatRows, Isa, Metric, TopKOutput, float_scores, float_top_k, from_float16, int8_decode, int8_encode, int8_scores,
    int8_top_k, norms, to_float16,
};

#[test]
fn wrong_lengths_and_dims() {
    for &isa in Isa::available() {
        let mut out = [7f32; 5];
        assert_eq!(norms(isa, &[0.0; 9], 2, &mut out).unwrap_err().code, "LENGTH_MISMATCH");
        assert_eq!(norms(isa, &[0.0; 9], 0, &mut out).unwrap_err().code, "DIM_UNSUPPORTED");
        assert_eq!(norms(isa, &[0.0; 9], 65_537, &mut out).unwrap_err().code, "DIM_UNSUPPORTED");
        assert_eq!(norms(isa, &[0.0; 9], usize::MAX, &mut out).unwrap_err().code, "DIM_UNSUPPORTED");
        assert!(from_float16(isa, &[0; 4], &mut out).is_err());
        assert!(to_float16(isa, &[0.0; 4], &mut [0; 5]).is_err());
        assert!(int8_encode(isa, &[0.0; 9], 3, false, &mut [0; 20]).is_err());
        assert!(int8_encode(isa, &[0.0; 8], 3, false, &mut [0; 21]).is_err());
        assert!(int8_decode(isa, &[0; 14], 3, &mut out).is_err());
        assert!(int8_decode(isa, &[0; 13], 3, &mut out).is_err());
        assert!(int8_scores(isa, Metric::Dot, &[0.0; 2], &[0; 35], 3, &mut out).is_err());
        assert!(int8_scores(isa, Metric::Dot, &[0.0; 3], &[0; 28], 3, &mut out).is_err());
        assert!(float_scores(isa, Metric::Dot, &[0.0; 3], FloatRows::F32(&[0.0; 14]), 3, &mut out).is_err());
        assert!(float_scores(isa, Metric::Dot, &[0.0; 3], FloatRows::F16(&[0; 12]), 3, &mut out).is_err());
        assert_eq!(out, [7.0; 5]);
    }
}

#[test]
fn searches_that_cannot_be() {
    for &isa in Isa::available() {
        let (mut slots, mut scores) = ([9u32; 4], [9f32; 4]);
        let mut int8 = |queries: usize, k: usize, allow: Option<&[u32]>| {
            let out = TopKOutput { slots: &mut slots, scores: &mut scores };
            int8_top_k(isa, Metric::Dot, &vec![0.0; queries], &[0; 24], 4, k, allow, out).map_err(|fault| fault.code)
        };
        assert_eq!(int8(8, 0, None), Err("INVALID_ARGUMENT"));
        assert_eq!(int8(8, 4, None), Err("INVALID_ARGUMENT"));
        assert_eq!(int8(8, 3, None), Err("LENGTH_MISMATCH"));
        assert_eq!(int8(7, 2, None), Err("LENGTH_MISMATCH"));
        assert_eq!(int8(8, 2, Some(&[])), Err("LENGTH_MISMATCH"));
        assert_eq!(int8(8, 2, Some(&[0b1001])), Err("INVALID_ARGUMENT"));
        assert_eq!(int8(0, 2, None), Ok(()));
        let mut float = |queries: usize, k: usize, allow: Option<&[u32]>| {
            let out = TopKOutput { slots: &mut slots, scores: &mut scores };
            float_top_k(isa, Metric::L2, &vec![0.0; queries], FloatRows::F32(&[0.0; 12]), 4, k, allow, out)
                .map_err(|fault| fault.code)
        };
        assert_eq!(float(8, usize::MAX, None), Err("INVALID_ARGUMENT"));
        assert_eq!(float(8, 3, None), Err("LENGTH_MISMATCH"));
        assert_eq!(float(9, 2, None), Err("LENGTH_MISMATCH"));
        assert_eq!(float(8, 2, Some(&[1, 1])), Err("LENGTH_MISMATCH"));
        assert_eq!((slots, scores), ([9; 4], [9.0; 4]));
    }
}
