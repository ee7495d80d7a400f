//! Reused memory of a device, for implementations of [`Accelerator`](super::Accelerator).
//!
//! A training or attack step asks for the same sizes again and again, and asking the driver each time costs
//! more than many a kernel. So freed blocks are kept by size class and lent again, at once: all work of an
//! accelerator is done in one order, so whatever used the memory before is done before its next owner's work
//! begins. In a steady state nothing is asked of the device at all.
//!
//! # Size classes
//! Eight for each doubling of the size, at least 512 bytes and at most 2 MiB apart. A block is therefore at
//! most an eighth larger than what was asked for, but for at most 511 bytes of small ones, and never by 2 MiB
//! or more. A block is only lent for its own class.
//!
//! # For memory checkers
//! Blocks that are lent again hide mistakes from tools like `compute-sanitizer`: an access behind an allocation's end
//! may hit its block, and one after its end the next owner. A pool made by [`Pool::exact`] asks the device for every
//! allocation, of just its length, and keeps nothing.

use super::{DeviceAddress, DeviceAllocation, DeviceMemory};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Least distance of two size classes, in bytes; also the alignment of every class's size.
const LEAST_STEP: usize = 512;
/// Most distance of two size classes, in bytes.
const MOST_STEP: usize = 2 << 20;
/// Size classes for each doubling.
const CLASSES: usize = 8;

/// Where a [`Pool`] gets its blocks from: the device itself.
pub trait MemorySource: Send + Sync + 'static {
    /// Memory of the device. Its drop gives it back, after the work that was asked for before.
    type Block: Send + Sync + 'static;

    /// A block of `bytes` bytes, at an address that suits every type; nothing if the device has no room.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed otherwise.
    fn reserve(&self, bytes: usize) -> Result<Option<Self::Block>>;

    /// Waits until the device has back what was dropped.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    fn settle(&self) -> Result<()>;

    /// The address of the first `bytes` bytes of a block, for a new owner.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    fn lend(&self, block: &Self::Block, bytes: usize) -> Result<DeviceAddress>;

    /// The owner that was lent `address` has given it back.
    fn take_back(&self, block: &Self::Block, address: DeviceAddress);
}

/// Memory of one device, lent as [`DeviceAllocation`]s.
pub struct Pool<S: MemorySource> {
    device: String,
    total: Option<usize>,
    source: S,
    exact: bool,
    state: Mutex<State<S::Block>>,
}

/// Free blocks by their size, and what is counted, all in bytes.
struct State<B> {
    free: BTreeMap<usize, Vec<B>>,
    live: usize,
    peak: usize,
    reserved: usize,
}

impl<S: MemorySource> Pool<S> {
    /// An empty pool. `device` is the name for messages, `total` the bytes that the device has in all.
    pub fn new(device: impl Into<String>, total: Option<usize>, source: S) -> Arc<Self> {
        Self::of_kind(device.into(), total, source, false)
    }

    /// The same, but without size classes, and nothing is kept to be lent again.
    pub fn exact(device: impl Into<String>, total: Option<usize>, source: S) -> Arc<Self> {
        Self::of_kind(device.into(), total, source, true)
    }

    /// Whether it was made by [`Pool::exact`].
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    fn of_kind(device: String, total: Option<usize>, source: S, exact: bool) -> Arc<Self> {
        Arc::new(Self {
            device,
            total,
            source,
            exact,
            state: Mutex::new(State {
                free: BTreeMap::new(),
                live: 0,
                peak: 0,
                reserved: 0,
            }),
        })
    }

    /// Memory for `bytes` bytes with arbitrary content, given back to the pool on drop.
    ///
    /// # Errors
    /// [`Error::Device`] if the device has no room, even without the pool's free blocks, or failed.
    pub fn allocate(self: &Arc<Self>, bytes: usize) -> Result<DeviceAllocation> {
        let class = match self.exact {
            true => Some(bytes.max(1)),
            false => size_class(bytes),
        };
        let class = class.ok_or_else(|| self.no_room(bytes, &self.memory()))?;
        let mut state = self.state();
        let block = match state.take_free(class) {
            Some(block) => block,
            None => self.reserve(&mut state, class, bytes)?,
        };
        let address = match self.source.lend(&block, bytes) {
            Ok(address) => address,
            Err(error) => {
                self.take_back(&mut state, class, block);
                return Err(error);
            }
        };
        state.live += class;
        state.peak = state.peak.max(state.live);
        let loan = Loan {
            pool: Arc::clone(self),
            class,
            address,
            block: Some(block),
        };
        Ok(DeviceAllocation::new(address, bytes, Box::new(loan)))
    }

    /// Where an allocation begins, if this pool lent it.
    ///
    /// # Errors
    /// [`Error::Argument`] naming the argument `arg` of `op` if it is another's.
    pub fn address_of(
        self: &Arc<Self>,
        allocation: &DeviceAllocation,
        op: &'static str,
        arg: &'static str,
    ) -> Result<DeviceAddress> {
        // Only memory that was lent here counts: any other address could be the host's.
        let loan = allocation.memory::<Loan<S>>();
        let own = loan.filter(|loan| Arc::ptr_eq(&loan.pool, self));
        own.map(|loan| loan.address).ok_or_else(|| {
            let expected = format!("memory of {}", self.device);
            Error::argument(op, arg, expected, "another device's")
        })
    }

    /// What is in use and what is kept.
    pub fn memory(&self) -> DeviceMemory {
        let state = self.state();
        DeviceMemory {
            live: state.live,
            peak: state.peak,
            reserved: state.reserved,
            total: self.total,
        }
    }

    /// Counts the peak anew, from what is in use now.
    pub fn reset_peak(&self) {
        let mut state = self.state();
        state.peak = state.live;
    }

    /// Gives all free blocks back to the device, for what else needs its memory, and waits until it has them.
    ///
    /// # Errors
    /// [`Error::Device`] if the device failed.
    pub fn trim(&self) -> Result<()> {
        self.trim_state(&mut self.state())
    }

    fn trim_state(&self, state: &mut State<S::Block>) -> Result<()> {
        state.free.clear();
        state.reserved = state.live;
        self.source.settle()
    }

    /// A new block from the device; if it has no room, all free ones go back to it first.
    fn reserve(&self, state: &mut State<S::Block>, class: usize, bytes: usize) -> Result<S::Block> {
        let mut block = self.source.reserve(class)?;
        if block.is_none() {
            self.trim_state(state)?;
            block = self.source.reserve(class)?;
        }
        let memory = DeviceMemory {
            live: state.live,
            peak: state.peak,
            reserved: state.reserved,
            total: self.total,
        };
        let block = block.ok_or_else(|| self.no_room(bytes, &memory))?;
        state.reserved += class;
        Ok(block)
    }

    /// Keeps a free block, or drops it.
    fn take_back(&self, state: &mut State<S::Block>, class: usize, block: S::Block) {
        match self.exact {
            true => state.reserved -= class,
            false => state.keep(class, block),
        }
    }

    fn no_room(&self, bytes: usize, memory: &DeviceMemory) -> Error {
        Error::Device {
            device: self.device.clone(),
            doing: format!("allocating {}", in_mebibytes(bytes)),
            reason: format!("the device has no room ({memory})"),
            advice: "use smaller batches, or end other programs that use the device's memory".to_owned(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<S::Block>> {
        // The counts are changed together with the lists, so they hold even after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> State<B> {
    fn take_free(&mut self, class: usize) -> Option<B> {
        self.free.get_mut(&class).and_then(Vec::pop)
    }

    fn keep(&mut self, class: usize, block: B) {
        self.free.entry(class).or_default().push(block);
    }
}

/// A block in the hands of an allocation.
struct Loan<S: MemorySource> {
    pool: Arc<Pool<S>>,
    class: usize,
    address: DeviceAddress,
    block: Option<S::Block>,
}

impl<S: MemorySource> Drop for Loan<S> {
    fn drop(&mut self) {
        if let Some(block) = self.block.take() {
            self.pool.source.take_back(&block, self.address);
            let mut state = self.pool.state();
            state.live -= self.class;
            self.pool.take_back(&mut state, self.class, block);
        }
    }
}

/// Size of the blocks that `bytes` bytes are lent from; nothing if there is no such size.
fn size_class(bytes: usize) -> Option<usize> {
    let bytes = bytes.max(1);
    // Sizes in (2ᵏ, 2ᵏ⁺¹] are 2ᵏ/8 apart.
    let step = bytes.checked_next_power_of_two()? / (2 * CLASSES);
    bytes.checked_next_multiple_of(step.clamp(LEAST_STEP, MOST_STEP))
}

/// For people: `12.5 MiB`, and bytes where that would be nothing.
pub(super) fn in_mebibytes(bytes: usize) -> String {
    const MEBIBYTE: usize = 1 << 20;
    if bytes < MEBIBYTE / 10 {
        return format!("{bytes} bytes");
    }
    format!("{:.1} MiB", bytes as f64 / MEBIBYTE as f64)
}

#[cfg(test)]
mod tests;
