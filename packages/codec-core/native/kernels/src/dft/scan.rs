//! The scan: rows of coefficients are unpacked a block at a time, and each query looks up its products with them.

use super::DftLayout;
use super::query::Table;
use super::record::{Record, Unpacker};
use crate::allowed::Allowed;
use crate::fault::{Fault, expect, row_count};
use crate::float_scan::Metric;
use crate::isa::Isa;
use crate::simd::{F32x16, Kernel, Simd, run};
use crate::topk::{TopK, TopKOutput, ranked};

const LANES: usize = 16;
/// Rows that are unpacked at once.
const BLOCK: usize = 32;
/// Bytes of the tables of the queries that share a pass over the rows: what the second cache holds.
const TABLE_BYTES: usize = 1 << 20;

/// Rows of codes.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) layout: DftLayout<'a>,
    bytes: &'a [u8],
    stride: usize,
    stream_bytes: usize,
}

impl<'a> Rows<'a> {
    pub(super) fn new(layout: DftLayout<'a>, bytes: &'a [u8]) -> Result<Rows<'a>, Fault> {
        layout.check()?;
        let stride = layout.stride();
        row_count("bytes of the codes", bytes.len(), stride)?;
        Ok(Rows { layout, bytes, stride, stream_bytes: Record::of(&layout).stream_bytes })
    }

    pub(super) fn count(&self) -> usize {
        self.bytes.len() / self.stride
    }

    /// A row and, behind its stream, seven bytes or more: by way of `memory` at the end.
    #[inline(always)]
    pub(super) fn padded<'b>(&'b self, row: usize, memory: &'b mut Vec<u8>) -> &'b [u8] {
        let from = row * self.stride;
        if let Some(row) = self.bytes.get(from..from + self.stream_bytes + 7) {
            return row;
        }
        memory.clear();
        memory.extend_from_slice(&self.bytes[from..from + self.stream_bytes]);
        memory.extend_from_slice(&[0; 7]);
        memory
    }

    #[inline(always)]
    pub(super) fn scalar(&self, row: usize) -> f32 {
        let at = row * self.stride + self.stream_bytes;
        if self.layout.table.is_empty() { self.float(at) } else { self.layout.table[usize::from(self.bytes[at])] }
    }

    /// |x|^2, under l2.
    #[inline(always)]
    fn squares(&self, row: usize) -> f32 {
        if self.layout.metric == Metric::L2 { self.float((row + 1) * self.stride - 4) } else { 0.0 }
    }

    #[inline(always)]
    fn float(&self, at: usize) -> f32 {
        f32::from_le_bytes(*self.bytes[at..].first_chunk().expect("four bytes"))
    }
}

/// Score of each row with one prepared query.
pub fn dft_scores(isa: Isa, layout: DftLayout, query: &[f32], codes: &[u8], out: &mut [f32]) -> Result<(), Fault> {
    let rows = Rows::new(layout, codes)?;
    expect("floats of the query", layout.query_floats(), query.len())?;
    expect("scores", rows.count(), out.len())?;
    run(isa, Scan { rows, queries: query, allowed: Allowed::all(rows.count()), found: Found::Scores(out) });
    Ok(())
}

/// The k best allowed rows for each query; scores are those of [`dft_scores`].
pub fn dft_top_k(
    isa: Isa,
    layout: DftLayout,
    queries: &[f32],
    codes: &[u8],
    k: usize,
    allow: Option<&[u32]>,
    out: TopKOutput,
) -> Result<(), Fault> {
    let rows = Rows::new(layout, codes)?;
    let count = row_count("floats of the queries", queries.len(), layout.query_floats())?;
    let allowed = Allowed::new(rows.count(), allow)?;
    if count == 0 {
        return Ok(());
    }
    out.check(count, k, &allowed)?;
    run(isa, Scan { rows, queries, allowed, found: Found::Hits(k, out) });
    Ok(())
}

/// What becomes of scores.
enum Found<'a> {
    Scores(&'a mut [f32]),
    Hits(usize, TopKOutput<'a>),
}

struct Scan<'a> {
    rows: Rows<'a>,
    queries: &'a [f32],
    allowed: Allowed<'a>,
    found: Found<'a>,
}

/// A block of rows, unpacked.
struct Block {
    slots: [u32; BLOCK],
    /// Of each row whole registers; behind its coefficients the place of a zero.
    places: Vec<u32>,
    /// As many magnitudes.
    weights: Vec<f32>,
    scalars: [f32; BLOCK],
    squares: [f32; BLOCK],
}

impl Kernel for Scan<'_> {
    type Output = ();

    fn scalar(self) {
        self.all(|table, places, weights| {
            let mut partials = [0f32; LANES];
            for (i, (&place, weight)) in places.iter().zip(weights).enumerate() {
                partials[i % LANES] += weight * table[place as usize];
            }
            for half in [8, 4, 2, 1] {
                for i in 0..half {
                    partials[i] += partials[i + half];
                }
            }
            partials[0]
        });
    }

    #[inline(always)]
    unsafe fn simd<S: Simd>(self) {
        let weighted = self.rows.layout.levels != [1.0];
        self.all(
            #[inline(always)]
            |table, places, weights| {
                // SAFETY: run() has the instruction set; places and weights are whole registers, and all places stand in
                // the table (`Unpacker`: bins are below `named`).
                unsafe {
                    let mut sum = S::F::splat(0.0);
                    for i in (0..places.len()).step_by(LANES) {
                        let products = S::F::gather(table.as_ptr(), places.as_ptr().add(i));
                        let products =
                            if weighted { S::F::load(weights.as_ptr().add(i)).mul(products) } else { products };
                        sum = sum.add(products);
                    }
                    sum.fold()
                }
            },
        );
    }
}

impl Scan<'_> {
    /// `sum`: the striped sum over a table's floats at places, times weights.
    #[inline(always)]
    fn all(self, sum: impl Fn(&[f32], &[u32], &[f32]) -> f32) {
        let Scan { rows, queries, allowed, mut found } = self;
        let layout = rows.layout;
        let record = Record::of(&layout);
        let zero = (record.named << layout.phase_bits) as u32;
        let width = layout.top_k.next_multiple_of(LANES);
        let mut block = Block {
            slots: [0; BLOCK],
            places: vec![zero; BLOCK * width],
            weights: vec![layout.levels[0]; BLOCK * width],
            scalars: [0.0; BLOCK],
            squares: [0.0; BLOCK],
        };
        let unpacker = Unpacker::new(&layout);
        let positions = vec![0; BLOCK * unpacker.room()];
        let mut reader = Reader { rows, unpacker, width, positions, memory: Vec::new() };
        let floats = layout.query_floats();
        let group = (TABLE_BYTES / (4 * zero as usize + 4)).max(1);
        for (g, queries) in queries.chunks(group * floats).enumerate() {
            let tables: Vec<Table> =
                queries.chunks_exact(floats).map(|query| Table::new(&layout, &record, query)).collect();
            let mut heaps: Vec<TopK> = match &found {
                Found::Hits(k, _) => tables.iter().map(|_| TopK::new(*k)).collect(),
                Found::Scores(_) => Vec::new(),
            };
            let mut blocks = allowed.blocks();
            loop {
                let n = blocks.fill(&mut block.slots);
                if n == 0 {
                    break;
                }
                reader.fill(&mut block, n);
                for (q, table) in tables.iter().enumerate() {
                    for i in 0..n {
                        let of_row = i * width..(i + 1) * width;
                        let sum = sum(&table.products, &block.places[of_row.clone()], &block.weights[of_row]);
                        let score = ranked(score(layout.metric, table, sum, block.scalars[i], block.squares[i]));
                        match &mut found {
                            Found::Scores(out) => out[block.slots[i] as usize] = score,
                            Found::Hits(..) => {
                                if score >= heaps[q].threshold() {
                                    heaps[q].push(block.slots[i], score);
                                }
                            }
                        }
                    }
                }
            }
            if let Found::Hits(k, out) = &mut found {
                for (q, heap) in heaps.into_iter().enumerate() {
                    out.write(g * group + q, *k, heap.into_hits());
                }
            }
        }
    }
}

#[inline(always)]
fn score(metric: Metric, table: &Table, sum: f32, scalar: f32, squares: f32) -> f32 {
    let l2 = metric == Metric::L2;
    if scalar == 0.0 {
        return if l2 { 0.0 - table.squares } else { 0.0 };
    }
    let product = table.bias + sum * scalar;
    if !l2 {
        return product;
    }
    let distance = table.squares + squares - 2.0 * product;
    // Not max(): a NaN has to stay one.
    0.0 - if distance < 0.0 { 0.0 } else { distance }
}

/// Fills blocks.
struct Reader<'a> {
    rows: Rows<'a>,
    unpacker: Unpacker,
    width: usize,
    /// What was found of each row of a block.
    positions: Vec<u16>,
    memory: Vec<u8>,
}

impl Reader<'_> {
    #[inline(always)]
    fn fill(&mut self, block: &mut Block, n: usize) {
        let Reader { rows, unpacker, width, positions, memory } = self;
        let room = unpacker.room();
        for i in 0..n {
            let row = block.slots[i] as usize;
            let found = unpacker.find(rows.padded(row, memory), &mut positions[i * room..][..room]);
            block.scalars[i] = if found { rows.scalar(row) } else { 0.0 };
            block.squares[i] = rows.squares(row);
        }
        for i in 0..n {
            let (places, weights) = (&mut block.places[i * *width..], &mut block.weights[i * *width..]);
            if block.scalars[i] == 0.0 {
                places[..rows.layout.top_k].fill(0);
                continue;
            }
            let row = rows.padded(block.slots[i] as usize, memory);
            unpacker.place(row, &positions[i * room..][..room], places, weights);
        }
    }
}
