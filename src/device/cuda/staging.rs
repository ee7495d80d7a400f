//! Copies to the device that nobody waits for.
//!
//! Memory of the program may change or go as soon as a copy returns, and the driver only promises to have read it
//! by then where the pages are ordinary: where the device reads the program's memory itself it may come later.
//! Waiting for the stream after each copy would be safe and would make the device idle, since the next launches
//! are asked for only then. So small copies go through page-locked memory of our own, whose parts are used again
//! only after the stream has been waited for; large ones, which are rare, wait.

use cudarc::driver::{CudaStream, DriverError, result};
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

/// Page-locked memory for copies.
pub(super) struct Staging {
    stream: Arc<CudaStream>,
    begin: NonNull<u8>,
    ring: Mutex<Ring>,
}

// SAFETY: the memory belongs to the whole process, and is only written while the mutex is held.
unsafe impl Send for Staging {}
// SAFETY: as above.
unsafe impl Sync for Staging {}

impl Staging {
    /// Bytes of page-locked memory; larger copies go without.
    const BYTES: usize = 4 << 20;

    /// For copies in the order of `stream`.
    pub fn new(stream: &Arc<CudaStream>) -> Result<Self, DriverError> {
        stream.context().bind_to_thread()?;
        // SAFETY: takes numbers only; the memory is freed by `drop`.
        let begin = unsafe { result::malloc_host(Self::BYTES, 0) }?;
        let null = DriverError(cudarc::driver::sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY);
        Ok(Self {
            stream: Arc::clone(stream),
            begin: NonNull::new(begin.cast()).ok_or(null)?,
            ring: Mutex::new(Ring::new(Self::BYTES)),
        })
    }

    /// Copies `from` to `address`; `from` has been read when this returns.
    ///
    /// # Safety
    /// `address` is memory of the stream's context, live, and at least as long as `from`. That context is current
    /// in this thread.
    pub unsafe fn copy_to_device(&self, from: &[u8], address: u64) -> Result<(), DriverError> {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = ring.place(from.len()) else {
            // SAFETY: as promised by the caller; `from` stays borrowed until the stream has been waited for.
            unsafe { result::memcpy_htod_async(address, from, self.stream.cu_stream()) }?;
            return self.stream.synchronize();
        };
        if place.must_wait {
            self.stream.synchronize()?;
        }
        // SAFETY: the place lies within the memory, nothing else writes there while the ring is locked, and the
        // device has read what was there: all copies since the last wait went to other places.
        unsafe {
            let staged = self.begin.add(place.offset);
            staged.copy_from_nonoverlapping(NonNull::from(from).cast(), from.len());
            let staged = std::slice::from_raw_parts(staged.as_ptr(), from.len());
            result::memcpy_htod_async(address, staged, self.stream.cu_stream())
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let context = self.stream.context();
        context.record_err(self.stream.synchronize());
        // SAFETY: the memory was made by `malloc_host`; the copies that read it are done.
        context.record_err(unsafe { result::free_host(self.begin.as_ptr().cast::<c_void>()) });
    }
}

/// Which part of the memory comes next.
struct Ring {
    bytes: usize,
    used: usize,
}

/// Where a copy goes.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    offset: usize,
    /// Whether the copies that were placed before must be done first.
    must_wait: bool,
}

impl Ring {
    /// Begins of places are multiples of this.
    const ALIGNMENT: usize = 64;

    fn new(bytes: usize) -> Self {
        Self { bytes, used: 0 }
    }

    /// A place for `len` bytes; nothing if it would take more than a quarter of the memory.
    fn place(&mut self, len: usize) -> Option<Place> {
        if len > self.bytes / 4 {
            return None;
        }
        let must_wait = len > self.bytes - self.used;
        if must_wait {
            self.used = 0;
        }
        let offset = self.used;
        self.used = (offset + len).next_multiple_of(Self::ALIGNMENT).min(self.bytes);
        Some(Place { offset, must_wait })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_between_two_waits_do_not_overlap() {
        let mut ring = Ring::new(4096);
        let mut taken: Vec<std::ops::Range<usize>> = Vec::new();
        let mut waits = 0;
        for i in 0..1000 {
            let len = i * 37 % 1025;
            let place = ring.place(len).unwrap();
            if place.must_wait {
                taken.clear();
                waits += 1;
            }
            let range = place.offset..place.offset + len;
            assert!(
                range.end <= 4096 && place.offset.is_multiple_of(Ring::ALIGNMENT),
                "{range:?}"
            );
            let overlaps =
                |other: &std::ops::Range<usize>| range.start < other.end && other.start < range.end;
            assert!(!taken.iter().any(overlaps), "{range:?}");
            taken.push(range);
        }
        assert!((50..500).contains(&waits), "{waits}");
        assert_eq!(ring.place(1025), None);
    }
}
