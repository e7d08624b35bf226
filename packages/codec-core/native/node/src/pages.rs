//! How the system is to back large outputs. A new array of JavaScript is memory that isn't there yet: each of its pages
//! is made when it is first written to, by a trap that takes as long as encoding several rows does. Linux makes pages
//! of 2 MiB where it is asked to, and smaller ones all at once, before they are written to. Large pages serve the scans
//! to come as well: the hardware reads ahead no further than to the end of a page.
//!
//! These are wishes: where the system refuses or doesn't know them, everything works as before.

/// Asks for large pages behind `bytes`, if that pays.
pub fn large<T>(bytes: &mut [T]) {
    if size_of_val(bytes) >= 2 * HUGE {
        advise(bytes, ADVICE_HUGE);
    }
}

/// As `large`, for an array that was never written to; one that is too small gets its pages now.
pub fn fresh<T>(bytes: &mut [T]) {
    match size_of_val(bytes) {
        size if size >= 2 * HUGE => advise(bytes, ADVICE_HUGE),
        size if size >= 4 * PAGE => advise(bytes, ADVICE_POPULATE),
        _ => (),
    }
}

const PAGE: usize = 4096;
/// The least that holds a large page wherever it begins.
const HUGE: usize = 2 << 20;

/// MADV_HUGEPAGE and MADV_POPULATE_WRITE of Linux; the latter since 5.14.
const ADVICE_HUGE: i32 = 14;
const ADVICE_POPULATE: i32 = 23;

/// Gives an advice for the whole pages of `bytes`.
#[cfg(target_os = "linux")]
fn advise<T>(bytes: &mut [T], advice: i32) {
    unsafe extern "C" {
        fn madvise(at: *mut std::ffi::c_void, length: usize, advice: i32) -> i32;
    }
    let range = bytes.as_mut_ptr_range();
    let from = (range.start as usize).next_multiple_of(PAGE);
    let to = range.end as usize / PAGE * PAGE;
    if from < to {
        // SAFETY: pages of `bytes` alone, whose contents neither advice changes. Where pages are larger than PAGE the
        // system refuses what isn't a multiple.
        unsafe { madvise(from as *mut _, to - from, advice) };
    }
}

#[cfg(not(target_os = "linux"))]
fn advise<T>(_: &mut [T], _: i32) {}
