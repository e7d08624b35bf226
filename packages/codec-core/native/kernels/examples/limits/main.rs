//! What this machine allows: bytes a second that threads read from memory, and int8 multiply-adds a second of one
//! thread. No scan can beat the first divided by the bytes of its codes, no batch of int8 products the second.
//!
//! ```text
//! cargo run --release --example limits -- [--seconds S] [--threads LIST] [--mebibytes LIST]
//! ```
//!
//! Reading: each thread ORs its own part of the bytes, 512 at a time, in pages of 2 MiB where the system gives them; plainly,
//! with prefetches that leave the caches alone, and as two streams, for machines differ in what they read fastest.
//! Multiply-adds: twelve independent chains of `vpdpbusd` on registers alone, 64 products each; null where the CPU has no
//! AVX-512 VNNI. The best pass counts, for it is a ceiling. Prints JSON.

#[cfg(target_arch = "x86_64")]
mod x86;

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;
const HUGE_PAGE: usize = 2 * MIB;
/// Bytes that a step of the loops reads.
const STEP: usize = 512;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).map_or(default.to_string(), String::clone)
    };
    let list = |text: String| text.split(',').map(|n| n.parse::<usize>().expect("a number")).collect::<Vec<_>>();
    let seconds = option("--seconds", "0.3").parse::<f64>().expect("a number");
    let (threads, sizes) = (list(option("--threads", "1")), list(option("--mebibytes", "24,96,192,512")));

    let limit = Duration::from_secs_f64(seconds);
    let mut read = Vec::new();
    for &threads in &threads {
        for &mebibytes in &sizes {
            let (bytes, rate) = (mebibytes * MIB, read_rate(mebibytes * MIB, threads.max(1), limit));
            read.push(format!(r#"{{"bytes":{bytes},"threads":{threads},"bytesPerSecond":{rate:.0}}}"#));
        }
    }
    let products = products_rate(limit).map_or("null".to_string(), |rate| format!("{rate:.0}"));
    println!(r#"{{"read":[{}],"multiplyAddsPerSecond":{products}}}"#, read.join(","));
}

/// Bytes a second that `threads` threads read together, of `bytes` in all.
fn read_rate(bytes: usize, threads: usize, limit: Duration) -> f64 {
    let part = bytes / threads / STEP * STEP;
    let barrier = Barrier::new(threads);
    let parts = thread::scope(|scope| {
        let work: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let memory = Memory::filled(part);
                    let rates = [Order::Plain, Order::Prefetched, Order::TwoStreams].map(|order| {
                        black_box(or_all(memory.bytes(), order));
                        barrier.wait();
                        best_rate(part, limit / 3, || {
                            black_box(or_all(memory.bytes(), order));
                        })
                    });
                    rates.into_iter().fold(0.0, f64::max)
                })
            })
            .collect();
        work.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<f64>>()
    });
    parts.iter().sum()
}

/// Things a second in the best pass: at least three, and as many as fit `limit`.
fn best_rate(things: usize, limit: Duration, mut pass: impl FnMut()) -> f64 {
    let (begin, mut least, mut passes) = (Instant::now(), Duration::MAX, 0);
    while passes < 3 || begin.elapsed() < limit {
        let start = Instant::now();
        pass();
        least = least.min(start.elapsed());
        passes += 1;
    }
    things as f64 / least.as_secs_f64()
}

/// Memory from a boundary of 2 MiB, each byte written once.
struct Memory {
    start: *mut u8,
    layout: Layout,
}

impl Memory {
    fn filled(bytes: usize) -> Memory {
        let layout = Layout::from_size_align(bytes.max(1), HUGE_PAGE).expect("a size");
        // SAFETY: the layout isn't empty.
        let start = unsafe { alloc(layout) };
        if start.is_null() {
            handle_alloc_error(layout);
        }
        ask_for_huge_pages(start, bytes);
        // SAFETY: `start` has `bytes` bytes, which nobody else knows of.
        unsafe { start.write_bytes(1, bytes) };
        Memory { start, layout }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: written in full when it was made, and never again.
        unsafe { std::slice::from_raw_parts(self.start, self.layout.size()) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.start, self.layout) };
    }
}

#[cfg(target_os = "linux")]
fn ask_for_huge_pages(start: *mut u8, bytes: usize) {
    const MADV_HUGEPAGE: i32 = 14;
    unsafe extern "C" {
        fn madvise(start: *mut u8, bytes: usize, advice: i32) -> i32;
    }
    // SAFETY: advice about memory of our own, whole pages of it; a refusal changes nothing.
    unsafe { madvise(start, bytes, MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages(_: *mut u8, _: usize) {}

/// How a buffer is read.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Plain,
    /// With non-temporal prefetches a little ahead.
    Prefetched,
    /// Two places of a huge page in turn.
    TwoStreams,
}

/// The OR of all bytes: a loop of loads and little else.
fn or_all(bytes: &[u8], order: Order) -> u64 {
    if order == Order::TwoStreams {
        let pages = bytes.chunks_exact(HUGE_PAGE);
        let rest = or_stream(pages.remainder(), Order::Plain);
        return pages.fold(rest, |or, page| or | or_two(page.split_at(HUGE_PAGE / 2)));
    }
    or_stream(bytes, order)
}

fn or_stream(bytes: &[u8], order: Order) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            let ahead = order == Order::Prefetched;
            // SAFETY: the CPU has AVX-512F.
            return unsafe { if ahead { x86::or_avx512::<true>(bytes) } else { x86::or_avx512::<false>(bytes) } };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU has AVX2.
            return unsafe { x86::or_avx2(bytes) };
        }
    }
    let _ = order;
    bytes.chunks_exact(8).fold(0, |or, eight| or | u64::from_ne_bytes(eight.try_into().expect("eight bytes")))
}

fn or_two((left, right): (&[u8], &[u8])) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has AVX-512F.
        return unsafe { x86::or_two_avx512(left, right) };
    }
    or_stream(left, Order::Plain) | or_stream(right, Order::Plain)
}

/// int8 multiply-adds a second of this thread's `vpdpbusd` on 512 bits.
fn products_rate(limit: Duration) -> Option<f64> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
        // SAFETY: the CPU has AVX-512F and VNNI.
        return Some(best_rate(x86::PRODUCTS, limit, || unsafe { x86::multiply_add() }));
    }
    let _ = limit;
    None
}
