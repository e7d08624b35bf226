//! The kernels of codecs whose rows share a layout.

use pith_kernels::{
    DftLayout, Isa, KltLayout, Metric, TrellisTables, TurboLayout, dft_decode, dft_encode, dft_queries, dft_scores,
    dft_top_k, klt_decode, klt_encode, klt_queries, klt_scores, klt_top_k, turbo_decode, turbo_encode, turbo_queries,
    turbo_scores, turbo_top_k,
};

use crate::case::{self, Buffer, Kind};
use crate::kernel::{Given, of_bytes, of_floats, query, room, search};
use crate::rng::Rng;

/// The kernels of rotated codes, with a layout that now and then doesn't fit.
pub fn turbo(isa: Isa, rng: &mut Rng, kernel: usize, metric: Metric, dim: usize, rows: usize, kind: Kind) -> Given {
    let bits = if rng.once_in(40) { rng.below(20) } else { rng.pick(&[1, 2, 3, 4, 4, 8]) };
    let trellis = rng.once_in(3);
    let sane = dim.min(65_536);
    let rounds = rng.pick(&[4, 4, 4, 0, 1]);
    let words = case::length(rng, 2 * sane.div_ceil(64) * rounds);
    let signs = Buffer::new(rng, words, 0, |rng| rng.next() as u32);
    let mean = rng.pick(&[0, sane]);
    let mean = case::length(rng, mean);
    let mean = case::floats(rng, mean, Kind::Finite);
    let table = if rng.below(2) == 0 { 0 } else { case::length(rng, 256) };
    let any = rng.below(2) == 0 && kernel != 12;
    let mut scalar = 0.0;
    let table = Buffer::new(rng, table, 0.5, |rng| {
        let given = scalar;
        scalar = scalar * 1.05 + 1e-4;
        if any && rng.once_in(4) { case::float(rng, kind, 1.0) } else { given }
    });
    let layout = TurboLayout { metric, bits, trellis, dim, signs: signs.get(), mean: mean.get(), table: table.get() };
    let behind = if table.get().is_empty() { 4 } else { 1 } + if metric == Metric::L2 { 4 } else { 0 };
    let stride = (sane * bits).div_ceil(8) + behind;
    let size = case::length(rng, rows * sane);
    let code_size = case::length(rng, rows * stride);
    let queries = sane + 3;
    match kernel {
        12 => {
            let data = case::floats(rng, size, Kind::Finite);
            let mut out = Buffer::new(rng, code_size, 0xa5, |_| 0x5a);
            return of_bytes(turbo_encode(isa, layout, data.get(), out.get_mut()), &out);
        }
        14 => {
            let data = case::floats(rng, size, Kind::Finite);
            let mut out = room(rng, rows * queries);
            return of_floats(turbo_queries(isa, layout, data.get(), out.get_mut()), &out);
        }
        _ => {}
    }
    let codes = case::codes(rng, code_size, stride.saturating_sub(4));
    match kernel {
        13 => {
            let mut out = room(rng, size);
            of_floats(turbo_decode(isa, layout, codes.get(), out.get_mut()), &out)
        }
        15 => {
            let query = query(rng, queries, 1, kind);
            let mut out = room(rng, rows);
            of_floats(turbo_scores(isa, layout, query.get(), codes.get(), out.get_mut()), &out)
        }
        _ => search(rng, queries, rows, kind, |queries, k, allow, out| {
            turbo_top_k(isa, layout, queries, codes.get(), k, allow, out)
        }),
    }
}

/// The kernels of codes in a learned basis, with a layout that now and then doesn't fit.
pub fn klt(isa: Isa, rng: &mut Rng, kernel: usize, metric: Metric, dim: usize, rows: usize, kind: Kind) -> Given {
    let sane = dim.min(65_536);
    // The columns of the largest dims would be all that a case does.
    let count = 1 + rng.below(if sane > 1000 { 20 } else { 150 });
    let widest = 1 + rng.below(7);
    let mut widths: Vec<u8> = (0..count).map(|_| 1 + rng.below(widest) as u8).collect();
    widths.sort_unstable();
    if rng.once_in(40) {
        widths[count - 1] = rng.below(12) as u8;
    }
    let sum: usize = widths.iter().map(|&bits| usize::from(bits)).sum();
    let code_bytes = case::length(rng, sum.div_ceil(8));
    widths.reverse();
    let bits = Buffer::new(rng, count, 0, |_| widths.pop().unwrap_or(0));
    let size = case::length(rng, sane * count);
    let columns = Buffer::new(rng, size, 0.5, |rng| rng.below(255) as f32 - 127.0);
    let mean = case::length(rng, sane);
    let mean = Buffer::new(rng, mean, 0.5, |rng| (rng.below(2001) as f32 - 1000.0) * 1e-3);
    let mut factors = || {
        let length = case::length(rng, count);
        Buffer::new(rng, length, 0.5, |rng| 2f32.powi(rng.below(24) as i32 - 16) * (1 + rng.below(99)) as f32)
    };
    let [forward, back, step, twice] = [factors(), factors(), factors(), factors()];
    let table = case::length(rng, 256);
    let any = rng.below(2) == 0 && kernel != 17;
    let mut scalar = 0.0;
    let table = Buffer::new(rng, table, 0.5, |rng| {
        let given = scalar;
        scalar = scalar * 1.05 + 1e-4;
        if any && rng.once_in(4) { case::float(rng, kind, 1.0) } else { given }
    });
    let layout = KltLayout {
        metric,
        dim,
        trellis: [None, Some(TrellisTables::Full), Some(TrellisTables::Separable)][rng.below(3)],
        code_bytes,
        bits: bits.get(),
        mean: mean.get(),
        columns: columns.get(),
        forward: forward.get(),
        back: back.get(),
        step: step.get(),
        twice: twice.get(),
        table: table.get(),
    };
    let stride = code_bytes.min(1 << 20) + if metric == Metric::L2 { 5 } else { 1 };
    let size = case::length(rng, rows * sane);
    let code_size = case::length(rng, rows * stride);
    let queries = count + 3;
    match kernel {
        17 => {
            let data = case::floats(rng, size, Kind::Finite);
            let mut out = Buffer::new(rng, code_size, 0xa5, |_| 0x5a);
            return of_bytes(klt_encode(isa, layout, data.get(), out.get_mut()), &out);
        }
        19 => {
            let data = case::floats(rng, size, Kind::Finite);
            let mut out = room(rng, rows * queries);
            return of_floats(klt_queries(isa, layout, data.get(), out.get_mut()), &out);
        }
        _ => {}
    }
    let codes = case::codes(rng, code_size, stride.saturating_sub(4));
    match kernel {
        18 => {
            let mut out = room(rng, size);
            of_floats(klt_decode(isa, layout, codes.get(), out.get_mut()), &out)
        }
        20 => {
            let query = query(rng, queries, 1, kind);
            let mut out = room(rng, rows);
            of_floats(klt_scores(isa, layout, query.get(), codes.get(), out.get_mut()), &out)
        }
        _ => search(rng, queries, rows, kind, |queries, k, allow, out| {
            klt_top_k(isa, layout, queries, codes.get(), k, allow, out)
        }),
    }
}

/// The kernels of Fourier codes, with a layout that now and then doesn't fit.
pub fn dft(isa: Isa, rng: &mut Rng, kernel: usize, metric: Metric, dim: usize, rows: usize, kind: Kind) -> Given {
    let sane = dim.min(65_536);
    let bins = sane / 2 + 1;
    let top_k = if rng.once_in(40) { rng.pick(&[0, bins + 1]) } else { 1 + rng.below(bins) };
    let top_k = if rng.once_in(8) { bins } else { top_k };
    let mag_bits = if rng.once_in(40) { rng.below(12) } else { rng.below(9) };
    let phase_bits = if rng.once_in(40) { rng.below(12) } else { 2 + rng.below(7) };
    let mean = rng.pick(&[0, sane]);
    let mean = case::length(rng, mean);
    let mean = case::floats(rng, mean, Kind::Finite);
    let levels = case::length(rng, 1 << mag_bits);
    let mut level = 0.0;
    let levels = Buffer::new(rng, levels, 0.5, |rng| {
        level += 0.01 + rng.normal().abs();
        level
    });
    let table = if rng.below(2) == 0 { 0 } else { case::length(rng, 256) };
    let any = rng.below(2) == 0 && kernel != 22;
    let mut scalar = 0.0;
    let table = Buffer::new(rng, table, 0.5, |rng| {
        let given = scalar;
        scalar = scalar * 1.05 + 1e-4;
        if any && rng.once_in(4) { case::float(rng, kind, 1.0) } else { given }
    });
    let (mean, levels, table) = (mean.get(), levels.get(), table.get());
    let layout = DftLayout { metric, dim, top_k, mag_bits, phase_bits, mean, levels, table };
    let behind = if table.is_empty() { 4 } else { 1 } + if metric == Metric::L2 { 4 } else { 0 };
    let stride = (top_k * (mag_bits + phase_bits) + bits_of_bins(bins, top_k)).div_ceil(8) + behind;
    let size = case::length(rng, rows * sane);
    let code_size = case::length(rng, rows * stride);
    let queries = 2 * bins + 2;
    match kernel {
        22 => {
            let data = case::floats(rng, size, Kind::Finite);
            let mut out = Buffer::new(rng, code_size, 0xa5, |_| 0x5a);
            return of_bytes(dft_encode(isa, layout, data.get(), out.get_mut()), &out);
        }
        24 => {
            let data = case::floats(rng, size, Kind::Finite);
            let mut out = room(rng, rows * queries);
            return of_floats(dft_queries(isa, layout, data.get(), out.get_mut()), &out);
        }
        _ => {}
    }
    // Any bytes, which seldom have a map of K bits, or codes of rows.
    let mut codes = case::codes(rng, code_size, stride.saturating_sub(4));
    if rng.below(2) == 0 {
        let data = case::floats(rng, rows * sane, Kind::Finite);
        // Where it is refused codes stay as they are.
        let _ = dft_encode(Isa::SCALAR, layout, data.get(), codes.get_mut());
    }
    match kernel {
        23 => {
            let mut out = room(rng, size);
            of_floats(dft_decode(isa, layout, codes.get(), out.get_mut()), &out)
        }
        25 => {
            let query = query(rng, queries, 1, kind);
            let mut out = room(rng, rows);
            of_floats(dft_scores(isa, layout, query.get(), codes.get(), out.get_mut()), &out)
        }
        _ => search(rng, queries, rows, kind, |queries, k, allow, out| {
            dft_top_k(isa, layout, queries, codes.get(), k, allow, out)
        }),
    }
}

/// Bits of a row that say which coefficients were kept, the fewest of the ways there are.
fn bits_of_bins(bins: usize, top_k: usize) -> usize {
    if top_k == bins {
        return 0;
    }
    let width = bins.next_power_of_two().ilog2() as usize;
    (1..width).map(|low| top_k + ((bins - 1) >> low) + top_k * low).fold(bins.min(top_k * width), usize::min)
}
