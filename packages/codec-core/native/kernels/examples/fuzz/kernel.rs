//! One kernel with the arguments of a case, and what came of it as words that can be compared.

use pith_kernels::{
    Fault, FloatRows, Isa, Metric, TopKOutput, crc32c, first_non_finite, float_scores, float_top_k, from_float16,
    int8_decode, int8_encode, int8_scores, int8_top_k, norms, to_float16,
};

use crate::case::{self, Buffer, Kind};
use crate::layouts;
use crate::rng::Rng;

pub const NAMES: [&str; 27] = [
    "crc32c",
    "first_non_finite",
    "to_float16",
    "from_float16",
    "norms",
    "float_scores f32",
    "float_scores f16",
    "float_top_k",
    "int8_encode",
    "int8_decode",
    "int8_scores",
    "int8_top_k",
    "turbo_encode",
    "turbo_decode",
    "turbo_queries",
    "turbo_scores",
    "turbo_top_k",
    "klt_encode",
    "klt_decode",
    "klt_queries",
    "klt_scores",
    "klt_top_k",
    "dft_encode",
    "dft_decode",
    "dft_queries",
    "dft_scores",
    "dft_top_k",
];
pub const COUNT: usize = NAMES.len();

/// Searches and scans come more often than what is simple.
const CHOICE: [usize; 46] = [
    0, 1, 2, 3, 4, 5, 5, 6, 7, 7, 8, 8, 9, 10, 10, 11, 11, 11, 11, 11, 12, 12, 13, 14, 15, 15, 16, 16, 16, 17, 17, 18,
    19, 20, 20, 21, 21, 21, 22, 22, 23, 24, 25, 25, 26, 26,
];

pub fn index(rng: &mut Rng) -> usize {
    rng.pick(&CHOICE)
}

pub fn name(rng: &mut Rng) -> &'static str {
    NAMES[index(rng)]
}

/// What a kernel gave: its outputs as bits, all NaN alike (which NaN comes out isn't promised).
pub struct Given {
    pub fault: Option<Fault>,
    pub words: Vec<u32>,
}

impl Given {
    pub fn differing(&self, other: &Given) -> String {
        let at = self.words.iter().zip(&other.words).position(|(a, b)| a != b);
        match at {
            Some(at) => format!("word {at} of {}: {:#x}, {:#x}", self.words.len(), self.words[at], other.words[at]),
            None => format!("lengths {}, {}", self.words.len(), other.words.len()),
        }
    }
}

/// What outputs hold before a kernel runs.
const UNWRITTEN: f32 = -3.25;

pub fn of_floats(result: Result<(), Fault>, out: &Buffer<f32>) -> Given {
    out.check();
    assert!(result.is_ok() || out.get().iter().all(|&v| v == UNWRITTEN), "a refused call wrote something");
    Given { fault: result.err(), words: out.get().iter().map(|&v| bits(v)).collect() }
}

fn bits(v: f32) -> u32 {
    if v.is_nan() { f32::NAN.to_bits() } else { v.to_bits() }
}

pub fn of_bytes(result: Result<(), Fault>, out: &Buffer<u8>) -> Given {
    out.check();
    assert!(result.is_ok() || out.get().iter().all(|&b| b == 0x5a), "a refused call wrote something");
    Given { fault: result.err(), words: out.get().iter().map(|&b| b.into()).collect() }
}

pub fn run(isa: Isa, rng: &mut Rng) -> Given {
    let kernel = index(rng);
    let metric = rng.pick(&[Metric::Cosine, Metric::Dot, Metric::L2]);
    let kind = if rng.below(4) == 0 { Kind::Bits } else { Kind::Finite };
    let dim = case::dim(rng);
    let rows = case::count(rng, dim);
    let size = case::length(rng, rows.saturating_mul(dim));
    let code_size = case::length(rng, rows.saturating_mul(dim.saturating_add(4)));
    match kernel {
        0 => {
            let bytes = Buffer::new(rng, size, 0, |rng| rng.next() as u8);
            Given { fault: None, words: vec![crc32c(isa, bytes.get(), rng.next() as u32)] }
        }
        1 => {
            let mostly = if rng.below(2) == 0 { Kind::Finite } else { kind };
            let data = case::floats(rng, size, mostly);
            Given { fault: None, words: vec![first_non_finite(isa, data.get()).map_or(u32::MAX, |at| at as u32)] }
        }
        2 => {
            let data = case::floats(rng, size, kind);
            let room = case::length(rng, size);
            let mut out = Buffer::new(rng, room, 0x1234u16, |_| 0x4321);
            let result = to_float16(isa, data.get(), out.get_mut());
            out.check();
            let nan = |half: u16| half & 0x7c00 == 0x7c00 && half & 0x3ff != 0;
            let words = out.get().iter().map(|&half| if nan(half) { 0x7e00 } else { half.into() }).collect();
            Given { fault: result.err(), words }
        }
        3 => {
            let halves = Buffer::new(rng, size, 0, |rng| rng.next() as u16);
            let mut out = room(rng, size);
            of_floats(from_float16(isa, halves.get(), out.get_mut()), &out)
        }
        4 => {
            let data = case::floats(rng, size, kind);
            let mut out = room(rng, rows);
            of_floats(norms(isa, data.get(), dim, out.get_mut()), &out)
        }
        5 | 6 => {
            let query = query(rng, dim, 1, kind);
            let mut out = room(rng, rows);
            let (floats, halves) = float_rows(rng, size, kind);
            let rows = if kernel == 5 { FloatRows::F32(floats.get()) } else { FloatRows::F16(halves.get()) };
            of_floats(float_scores(isa, metric, query.get(), rows, dim, out.get_mut()), &out)
        }
        7 => {
            let (floats, halves) = float_rows(rng, size, kind);
            let rows_in = if rng.below(2) == 0 { FloatRows::F32(floats.get()) } else { FloatRows::F16(halves.get()) };
            search(rng, dim, rows, kind, |queries, k, allow, out| {
                float_top_k(isa, metric, queries, rows_in, dim, k, allow, out)
            })
        }
        8 => {
            // The binding's callers have checked that floats are finite; what other floats become isn't promised.
            let data = case::floats(rng, size, Kind::Finite);
            let room = case::length(rng, code_size);
            let mut out = Buffer::new(rng, room, 0xa5, |_| 0x5a);
            let unit = rng.below(2) == 0;
            of_bytes(int8_encode(isa, data.get(), dim, unit, out.get_mut()), &out)
        }
        9 => {
            let codes = case::codes(rng, code_size, dim);
            let mut out = room(rng, size);
            of_floats(int8_decode(isa, codes.get(), dim, out.get_mut()), &out)
        }
        10 => {
            let codes = case::codes(rng, code_size, dim);
            let query = query(rng, dim, 1, kind);
            let mut out = room(rng, rows);
            of_floats(int8_scores(isa, metric, query.get(), codes.get(), dim, out.get_mut()), &out)
        }
        11 => {
            let codes = case::codes(rng, code_size, dim);
            search(rng, dim, rows, kind, |queries, k, allow, out| {
                int8_top_k(isa, metric, queries, codes.get(), dim, k, allow, out)
            })
        }
        12..=16 => layouts::turbo(isa, rng, kernel, metric, dim, rows, kind),
        17..=21 => layouts::klt(isa, rng, kernel, metric, dim, rows, kind),
        _ => layouts::dft(isa, rng, kernel, metric, dim, rows, kind),
    }
}

/// Room for about `length` floats, of a value that shows what wasn't written.
pub fn room(rng: &mut Rng, length: usize) -> Buffer<f32> {
    let length = case::length(rng, length);
    Buffer::new(rng, length, 7.5, |_| UNWRITTEN)
}

pub fn query(rng: &mut Rng, dim: usize, count: usize, kind: Kind) -> Buffer<f32> {
    let length = case::length(rng, dim.saturating_mul(count));
    case::floats(rng, length, kind)
}

fn float_rows(rng: &mut Rng, size: usize, kind: Kind) -> (Buffer<f32>, Buffer<u16>) {
    let floats = case::floats(rng, size, kind);
    let finite = kind == Kind::Finite;
    let halves = Buffer::new(rng, size, 0, |rng| (rng.next() as u16) & if finite { 0xbfff } else { 0xffff });
    (floats, halves)
}

/// Queries, k, an allow-list and room for hits, and the search that is run with them.
pub fn search(
    rng: &mut Rng,
    dim: usize,
    rows: usize,
    kind: Kind,
    run: impl FnOnce(&[f32], usize, Option<&[u32]>, TopKOutput) -> Result<(), Fault>,
) -> Given {
    let count = rng.pick(&[0, 1, 1, 1, 2, 3, 8, 17, 33]);
    let queries = query(rng, dim, if dim > 1000 { count.min(3) } else { count }, kind);
    let allow = case::allow_list(rng, rows);
    let allowed = |i: usize| match &allow {
        None => true,
        Some(words) => words.get().get(i / 32).is_some_and(|word| word >> (i % 32) & 1 == 1),
    };
    let found = (0..rows).filter(|&i| allowed(i)).count();
    let k = case::k(rng, found);
    let hits = (queries.get().len() / dim.max(1)).saturating_mul(k);
    let (slots_room, scores_room) = (case::length(rng, hits), case::length(rng, hits));
    let mut slots = Buffer::new(rng, slots_room, 77, |_| 99);
    let mut scores = Buffer::new(rng, scores_room, 7.5, |_| UNWRITTEN);
    let out = TopKOutput { slots: slots.get_mut(), scores: scores.get_mut() };
    let result = run(queries.get(), k, allow.as_ref().map(|words| words.get()), out);
    slots.check();
    assert!(result.is_ok() || slots.get().iter().all(|&slot| slot == 99), "a refused call wrote something");
    let mut given = of_floats(result, &scores);
    given.words.extend(slots.get());
    given
}
