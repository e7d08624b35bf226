//! What this machine allows: bytes a second that threads read from memory, and int8 multiply-adds a second of one
//! thread. No scan can beat the first divided by the bytes of its codes, no batch of int8 products the second.
//!
//! ```text
//! cargo run --release --example limits -- [--seconds S] [--threads LIST] [--mebibytes LIST]
//! ```
//!
//! Reading: each thread ORs its own part of the bytes, 512 at a time, in pages of 2 MiB where the system gives them; plainly,
//! and with prefetches that leave the caches alone, which some machines read faster with.
//! Multiply-adds: twelve independent chains of `vpdpbusd` on registers alone, 64 products each; null where the CPU has no
//! AVX-512 VNNI. The best pass counts, for it is a ceiling. Prints JSON.

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
                    black_box(or_all(memory.bytes(), false));
                    let rates = [false, true].map(|ahead| {
                        barrier.wait();
                        best_rate(part, limit / 2, || {
                            black_box(or_all(memory.bytes(), ahead));
                        })
                    });
                    rates[0].max(rates[1])
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

/// The OR of all bytes: a loop of loads and little else, with `ahead` of non-temporal prefetches too.
fn or_all(bytes: &[u8], ahead: bool) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the CPU has AVX-512F.
            return unsafe {
                if ahead { x86::or_all_avx512::<true>(bytes) } else { x86::or_all_avx512::<false>(bytes) }
            };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU has AVX2.
            return unsafe { x86::or_all_avx2(bytes) };
        }
    }
    let _ = ahead;
    bytes.chunks_exact(8).fold(0, |or, eight| or | u64::from_ne_bytes(eight.try_into().expect("eight bytes")))
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

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::STEP;
    use std::arch::asm;
    use std::arch::x86_64::{
        __m256i, __m512i, _MM_HINT_NTA, _mm_prefetch, _mm256_load_si256, _mm256_or_si256, _mm256_setzero_si256,
        _mm512_load_si512, _mm512_or_si512, _mm512_reduce_or_epi64, _mm512_setzero_si512,
    };

    const CHAINS: usize = 12;
    const TURNS: usize = 1_000_000;
    /// Bytes between a prefetch and the load that it is for.
    const DISTANCE: usize = 1024;
    /// Products of a call of `multiply_add`.
    pub const PRODUCTS: usize = TURNS * CHAINS * 64;

    /// `bytes` begins on a boundary of 64.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn or_all_avx512<const AHEAD: bool>(bytes: &[u8]) -> u64 {
        let mut or = [_mm512_setzero_si512(); STEP / 64];
        for step in bytes.chunks_exact(STEP) {
            for (i, or) in or.iter_mut().enumerate() {
                if AHEAD {
                    _mm_prefetch::<_MM_HINT_NTA>(step.as_ptr().wrapping_add(DISTANCE + 64 * i).cast());
                }
                // SAFETY: within the step.
                *or = _mm512_or_si512(*or, unsafe { _mm512_load_si512(step.as_ptr().add(64 * i).cast::<__m512i>()) });
            }
        }
        let all = or.into_iter().fold(_mm512_setzero_si512(), |a, b| _mm512_or_si512(a, b));
        _mm512_reduce_or_epi64(all) as u64
    }

    /// `bytes` begins on a boundary of 32.
    #[target_feature(enable = "avx2")]
    pub unsafe fn or_all_avx2(bytes: &[u8]) -> u64 {
        let mut or = [_mm256_setzero_si256(); 8];
        for step in bytes.chunks_exact(256) {
            for (i, or) in or.iter_mut().enumerate() {
                // SAFETY: within the step.
                *or = _mm256_or_si256(*or, unsafe { _mm256_load_si256(step.as_ptr().add(32 * i).cast::<__m256i>()) });
            }
        }
        let all = or.into_iter().fold(_mm256_setzero_si256(), |a, b| _mm256_or_si256(a, b));
        // SAFETY: 32 bytes either way.
        let words: [u64; 4] = unsafe { std::mem::transmute(all) };
        words.into_iter().fold(0, |a, b| a | b)
    }

    /// Chains that don't wait for each other, of whatever stands in the registers; their sums are of no use.
    #[target_feature(enable = "avx512f,avx512vnni")]
    pub unsafe fn multiply_add() {
        // SAFETY: registers only.
        unsafe {
            asm!(
                "2:",
                "vpdpbusd zmm0, zmm12, zmm12",
                "vpdpbusd zmm1, zmm12, zmm12",
                "vpdpbusd zmm2, zmm12, zmm12",
                "vpdpbusd zmm3, zmm12, zmm12",
                "vpdpbusd zmm4, zmm12, zmm12",
                "vpdpbusd zmm5, zmm12, zmm12",
                "vpdpbusd zmm6, zmm12, zmm12",
                "vpdpbusd zmm7, zmm12, zmm12",
                "vpdpbusd zmm8, zmm12, zmm12",
                "vpdpbusd zmm9, zmm12, zmm12",
                "vpdpbusd zmm10, zmm12, zmm12",
                "vpdpbusd zmm11, zmm12, zmm12",
                "sub {turns}, 1",
                "jnz 2b",
                turns = inout(reg) TURNS => _,
                out("zmm0") _, out("zmm1") _, out("zmm2") _, out("zmm3") _, out("zmm4") _, out("zmm5") _,
                out("zmm6") _, out("zmm7") _, out("zmm8") _, out("zmm9") _, out("zmm10") _, out("zmm11") _,
                out("zmm12") _,
                options(nomem, nostack),
            );
        }
    }
}
