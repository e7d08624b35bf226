//! Files mapped into memory, as ArrayBuffers. A mapping is private: what is written to its memory stays in this process
//! and doesn't reach the file. It goes when the garbage collector takes the buffer and no task reads it any more; there
//! is no earlier way, for a view would then point at nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use napi::bindgen_prelude::ArrayBuffer;
use napi::{Env, Error, Result, Status};
use napi_derive::napi;

/// A mapped file.
pub struct Mapping {
    #[cfg(unix)]
    bytes: memmap2::MmapMut,
}

/// Mappings by the address after their last byte.
static MAPPINGS: Mutex<BTreeMap<usize, Weak<Mapping>>> = Mutex::new(BTreeMap::new());

/// The mapping that holds this memory.
pub fn holding(at: *const u8, length: usize) -> Option<Arc<Mapping>> {
    if length == 0 {
        return None;
    }
    let mappings = MAPPINGS.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, mapping) = mappings.range(at as usize + 1..).next()?;
    let mapping = mapping.upgrade()?;
    mapping.contains(at as usize).then_some(mapping)
}

#[cfg(unix)]
impl Mapping {
    fn contains(&self, at: usize) -> bool {
        let range = self.bytes.as_ptr_range();
        (range.start as usize..range.end as usize).contains(&at)
    }
}

#[cfg(not(unix))]
impl Mapping {
    fn contains(&self, _: usize) -> bool {
        false
    }
}

#[cfg(unix)]
impl Drop for Mapping {
    fn drop(&mut self) {
        let end = self.bytes.as_ptr_range().end as usize;
        MAPPINGS.lock().unwrap_or_else(PoisonError::into_inner).remove(&end);
    }
}

/// The first `length` bytes of an open file. Throws where the system refuses; the file is then to be read.
#[napi(catch_unwind)]
#[cfg(unix)]
pub fn map_file(env: &Env, fd: i32, length: f64) -> Result<ArrayBuffer<'_>> {
    use std::fs::File;
    use std::mem::ManuallyDrop;
    use std::os::fd::FromRawFd;

    let refused = |error: std::io::Error| Error::new(Status::GenericFailure, error.to_string());
    // SAFETY: JavaScript has the file open during this call, and keeps it.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
    let length = length as usize;
    // Memory beyond the end of a file can't be read.
    if length == 0 || file.metadata().map_err(refused)?.len() < length as u64 {
        return Err(Error::new(Status::InvalidArg, format!("the file has no {length} bytes")));
    }
    // SAFETY: a file that is cut while it is mapped ends the process: documented, and the caller's choice.
    // Nothing is reserved for the pages that nobody writes to: a file may be larger than memory.
    let bytes = unsafe { memmap2::MmapOptions::new().len(length).no_reserve_swap().map_copy(&*file) };
    let mut mapping = Mapping { bytes: bytes.map_err(refused)? };
    let (at, end) = (mapping.bytes.as_mut_ptr(), mapping.bytes.as_ptr_range().end as usize);
    let mapping = Arc::new(mapping);
    MAPPINGS.lock().unwrap_or_else(PoisonError::into_inner).insert(end, Arc::downgrade(&mapping));
    // SAFETY: the memory is there until the finalizer lets go of it.
    unsafe { ArrayBuffer::from_external(env, at, length, mapping, |_, mapping| drop(mapping)) }
}

#[napi(catch_unwind)]
#[cfg(not(unix))]
pub fn map_file(_env: &Env, _fd: i32, _length: f64) -> Result<ArrayBuffer<'_>> {
    Err(Error::new(Status::GenericFailure, "files are mapped on Unix alone".to_string()))
}
