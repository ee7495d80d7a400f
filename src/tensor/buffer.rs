//! Host memory of tensors, reused through a pool.
//!
//! A training or attack step allocates the same sizes again and again. Returning them to the
//! system each time costs page faults that rival the arithmetic of a small network, so freed
//! buffers are kept by size class and handed out again. Where a size is missing, buffers of other sizes are
//! given up for it: the process holds hardly more than its tensors needed at their worst moment.

use bytemuck::{Pod, Zeroable};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A quarter of a cache line. Buffers are made of these, since the system gives zeros aligned to 16 bytes without
/// touching them: what of a size class is never used never becomes resident.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(16))]
struct Quarter([u8; 16]);

/// Bytes of a cache line; every buffer starts on such a boundary.
const LINE: usize = 64;

/// Quarters before the first boundary, at most.
const LEAD: usize = LINE / size_of::<Quarter>() - 1;

/// Memory of a size class: its lines, and room to begin on a boundary.
type Block = Box<[Quarter]>;

/// Bytes that a block counts.
fn bytes_of(block: &Block) -> usize {
    (block.len() - LEAD) * size_of::<Quarter>()
}

/// Bytes by which tensors and free buffers together may exceed `peak`, the most that tensors had at once: room for
/// the size classes of another part of a step. What is free beyond goes back to the system.
///
/// A training step of ResNet152 holds activations, then gradients, which have sizes of their own: with less than a
/// fifth each gave the other's memory up, and it cost a sixth of the step to be given it again.
fn slack(peak: usize) -> usize {
    (peak / 5).max(64 << 20)
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    free: BTreeMap::new(),
    bytes: 0,
});
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Free blocks by the bytes that they count.
struct Pool {
    free: BTreeMap<usize, Vec<Block>>,
    bytes: usize,
}

impl Pool {
    /// A free block of a size class of so many bytes, if there is one.
    fn take(&mut self, bytes: usize) -> Option<Block> {
        let block = self.free.get_mut(&bytes)?.pop()?;
        self.bytes -= bytes;
        Some(block)
    }

    /// Gives buffers back to the system, the largest first, until at most `most` bytes are kept.
    fn trim(&mut self, most: usize) {
        while self.bytes > most {
            let Some(mut largest) = self.free.last_entry() else {
                return;
            };
            match largest.get_mut().pop() {
                Some(block) => self.bytes -= bytes_of(&block),
                None => drop(largest.remove()),
            }
        }
    }
}

fn pool() -> MutexGuard<'static, Pool> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes of tensor memory on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryUse {
    /// Bytes in use by tensors now.
    pub live: usize,
    /// The most bytes that were in use at once.
    pub peak: usize,
    /// Bytes that are free and kept for reuse.
    pub pooled: usize,
}

/// The present use of host memory by tensors.
pub fn memory_use() -> MemoryUse {
    MemoryUse {
        live: LIVE.load(Ordering::Relaxed),
        peak: PEAK.load(Ordering::Relaxed),
        pooled: pool().bytes,
    }
}

/// Gives all free buffers back to the system.
pub fn release_pool() {
    let mut pool = pool();
    pool.free.clear();
    pool.bytes = 0;
}

/// Number of lines of the size class that holds `lines`: powers of two with three steps between,
/// so that at most a quarter is wasted.
fn size_class(lines: usize) -> usize {
    let lines = lines.max(1);
    let step = (lines.next_power_of_two() / 8).max(1);
    lines.div_ceil(step) * step
}

/// Bytes that memory for `bytes` bytes takes, as its size class has them.
pub(crate) fn pooled_bytes(bytes: usize) -> usize {
    size_class(bytes.div_ceil(LINE)) * LINE
}

/// Contiguous host memory for `len` elements, 64-byte aligned, returned to the pool on drop.
pub struct Buffer<T> {
    block: Block,
    /// Quarters of the block before the first boundary.
    lead: usize,
    len: usize,
    element: PhantomData<T>,
}

impl<T: Pod> Buffer<T> {
    /// Memory whose content is arbitrary (but initialised); the caller writes all of it.
    pub fn dirty(len: usize) -> Self {
        let bytes = pooled_bytes(len * size_of::<T>());
        let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let peak = PEAK.fetch_max(live, Ordering::Relaxed).max(live);
        let reused = {
            let mut pool = pool();
            let reused = pool.take(bytes);
            if reused.is_none() {
                pool.trim(peak - live + slack(peak));
            }
            reused
        };
        let block: Block = reused
            .unwrap_or_else(|| bytemuck::allocation::zeroed_slice_box(bytes / size_of::<Quarter>() + LEAD));
        let past = block.as_ptr().addr() % LINE / size_of::<Quarter>();
        Self {
            block,
            lead: if past == 0 { 0 } else { LEAD + 1 - past },
            len,
            element: PhantomData,
        }
    }

    /// Memory filled with `value`.
    pub fn filled(len: usize, value: T) -> Self {
        let mut buffer = Self::dirty(len);
        buffer.fill(value);
        buffer
    }

    /// A copy of `values`.
    pub fn copy_of(values: &[T]) -> Self {
        let mut buffer = Self::dirty(values.len());
        buffer.copy_from_slice(values);
        buffer
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        let block = std::mem::take(&mut self.block);
        let bytes = bytes_of(&block);
        LIVE.fetch_sub(bytes, Ordering::Relaxed);
        let mut pool = pool();
        pool.bytes += bytes;
        pool.free.entry(bytes).or_default().push(block);
    }
}

impl<T: Pod> Deref for Buffer<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &bytemuck::cast_slice(&self.block[self.lead..])[..self.len]
    }
}

impl<T: Pod> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.block[self.lead..])[..self.len]
    }
}
