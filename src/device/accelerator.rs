//! The trait that every accelerator implements, and the memory it hands out.

use super::pool::in_mebibytes;
use super::tensor_map::{TensorBoxes, TensorMap};
use super::{Agreement, DeviceAddress, Signature};
use crate::{Error, Result};
use std::any::Any;
use std::fmt;

/// A device that computes: allocate, copy, launch.
///
/// All work of one accelerator is done in the order in which it was asked for, as on a single CUDA
/// stream: a copy sees what the launches before it wrote, and memory freed after a launch lives
/// until that launch is done. Only [`synchronize`](Self::synchronize) and
/// [`copy_to_host`](Self::copy_to_host) are sure to wait; a kernel's failure may be reported by any
/// later call.
pub trait Accelerator: Send + Sync {
    /// Name for messages, for example `cuda:0 (NVIDIA H200)`.
    fn name(&self) -> String;

    /// Compute capability, major and minor: which instructions its kernels may use.
    fn compute_capability(&self) -> (u32, u32);

    /// Bytes of shared memory that a block of a kernel may have at most.
    fn most_shared_bytes(&self) -> u32;

    /// Multiprocessors: how many blocks run at the same time at least.
    fn multiprocessors(&self) -> u32;

    /// The tensor map of these boxes, for a kernel's argument struct. The tensor must be memory of this accelerator, and
    /// live as long as the map is used.
    ///
    /// # Errors
    /// [`Error::Argument`] for boxes beyond the driver's limits; [`Error::Device`] if the device or its driver
    /// has no tensor maps.
    fn tensor_map(&self, boxes: &TensorBoxes) -> Result<TensorMap>;

    /// Whether the warpgroups' convolution was found to be right here; nothing on devices that do not have its
    /// instructions.
    fn warpgroups(&self) -> Option<&Agreement> {
        None
    }

    /// What a person should know about how this device is used, one line each; mostly nothing.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// How much memory is in use, and was at most.
    fn memory(&self) -> DeviceMemory;

    /// Bytes of the device's memory that no process has taken, if the driver tells.
    fn free_memory(&self) -> Option<usize> {
        None
    }

    /// Counts [`DeviceMemory::peak`] anew, from what is in use now.
    fn reset_peak_memory(&self);

    /// Memory for `bytes` bytes, at an address that suits every type, with arbitrary content;
    /// freed on drop, and then lent again (see [`Pool`](super::Pool)). Zero bytes are allowed.
    ///
    /// # Errors
    /// [`Error::Device`] if the device has no room or was lost.
    fn allocate(&self, bytes: usize) -> Result<DeviceAllocation>;

    /// Copies all of `from` to all of `to`.
    ///
    /// # Errors
    /// [`Error::Argument`] if the lengths differ or `to` is another accelerator's;
    /// [`Error::Device`] if the copy fails.
    fn copy_to_device(&self, from: &[u8], to: &DeviceAllocation) -> Result<()>;

    /// Copies all of `from` to all of `to`, after everything asked for before.
    ///
    /// # Errors
    /// As [`copy_to_device`](Self::copy_to_device).
    fn copy_to_host(&self, from: &DeviceAllocation, to: &mut [u8]) -> Result<()>;

    /// Copies all of `from` to all of `to`; the two must not be the same memory.
    ///
    /// # Errors
    /// As [`copy_to_device`](Self::copy_to_device).
    fn copy_on_device(&self, from: &DeviceAllocation, to: &DeviceAllocation) -> Result<()>;

    /// Starts a kernel with the bytes of its argument struct, which are copied before this
    /// returns. [`Kernel::launch`](super::Kernel::launch) is the typed way to call it.
    ///
    /// The addresses within `args` must be of live allocations of this accelerator, large enough
    /// for what the kernel does with them: nothing on the host can check that.
    ///
    /// # Errors
    /// [`Error::Argument`] if `args` is not as long as the kernel's struct; [`Error::Kernel`] if
    /// the kernel does not compile; [`Error::Device`] if the device refuses the launch.
    /// [`LaunchDims::shared_bytes`] beyond [`most_shared_bytes`](Self::most_shared_bytes) are an
    /// [`Error::Argument`].
    fn launch(&self, kernel: &Signature, dims: LaunchDims, args: &[u8]) -> Result<()>;

    /// Marks the moment at which everything asked for before is done.
    ///
    /// # Errors
    /// [`Error::Device`] if the device refuses.
    fn record(&self) -> Result<Event>;

    /// Milliseconds between two such moments, of which `start` was recorded first; waits for both.
    ///
    /// # Errors
    /// [`Error::Argument`] if either is another accelerator's; [`Error::Device`] if anything asked
    /// for before failed.
    fn elapsed_ms(&self, start: &Event, end: &Event) -> Result<f64>;

    /// Waits until everything asked for is done.
    ///
    /// # Errors
    /// [`Error::Device`] if anything of it failed.
    fn synchronize(&self) -> Result<()>;
}

/// Memory of an accelerator, freed on drop.
pub struct DeviceAllocation {
    address: DeviceAddress,
    bytes: usize,
    memory: Box<dyn Any + Send + Sync>,
}

impl DeviceAllocation {
    /// For implementations of [`Accelerator`]: `bytes` bytes at `address`, kept alive by `memory`,
    /// whose drop frees them.
    pub fn new(address: DeviceAddress, bytes: usize, memory: Box<dyn Any + Send + Sync>) -> Self {
        Self {
            address,
            bytes,
            memory,
        }
    }

    /// Where the memory begins on the device, for a kernel's argument struct. It says nothing
    /// about lifetime: keep the allocation until the launch that uses it was asked for.
    pub fn address(&self) -> DeviceAddress {
        self.address
    }

    /// Length in bytes, as asked for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// For implementations of [`Accelerator`]: what [`new`](Self::new) was given, if it is an `M`.
    pub fn memory<M: Any>(&self) -> Option<&M> {
        self.memory.downcast_ref()
    }

    /// Checks that a copy of `len` bytes fills this allocation exactly.
    ///
    /// # Errors
    /// [`Error::Argument`] naming the copy `op` and its argument `arg` if it does not.
    pub fn check_len(&self, op: &'static str, arg: &'static str, len: usize) -> Result<()> {
        if self.bytes == len {
            return Ok(());
        }
        let found = format!("{} bytes", self.bytes);
        Err(Error::argument(op, arg, format!("{len} bytes"), found))
    }
}

/// A moment in an accelerator's work, made by [`Accelerator::record`].
pub struct Event(Box<dyn Any + Send + Sync>);

impl Event {
    /// For implementations of [`Accelerator`]: their own event.
    pub fn new(event: impl Any + Send + Sync) -> Self {
        Self(Box::new(event))
    }

    /// For implementations of [`Accelerator`]: what [`new`](Self::new) was given, if it is an `E`.
    pub fn get<E: Any>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

/// Bytes of an accelerator's memory, each allocation rounded up to its [size class](super::pool).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceMemory {
    /// In use now.
    pub live: usize,
    /// The most that was in use at once.
    pub peak: usize,
    /// Taken from the device: in use, or free and kept to be lent again.
    pub reserved: usize,
    /// What the device has in all, if that is known.
    pub total: Option<usize>,
}

impl fmt::Display for DeviceMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [live, peak, reserved] = [self.live, self.peak, self.reserved].map(in_mebibytes);
        write!(f, "{live} in use, at most {peak} so far, {reserved} reserved")?;
        match self.total {
            Some(total) => write!(f, " of {}", in_mebibytes(total)),
            None => Ok(()),
        }
    }
}

/// How many threads a kernel is launched with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaunchDims {
    /// Blocks along x, y, z; each ≥ 1.
    pub grid: [u32; 3],
    /// Threads of a block along x, y, z; each ≥ 1, their product ≤ 1024.
    pub block: [u32; 3],
    /// Dynamic shared memory of a block, in bytes.
    pub shared_bytes: u32,
}

impl LaunchDims {
    /// One thread for each of `elements`, in blocks of 256. Kernels launched so walk over their
    /// elements in steps of the grid, so the largest grid that CUDA takes serves any number.
    pub fn for_elements(elements: usize) -> Self {
        const BLOCK: u32 = 256;
        Self {
            grid: [blocks(elements, BLOCK), 1, 1],
            block: [BLOCK, 1, 1],
            shared_bytes: 0,
        }
    }

    /// One block for each 32 of `channels`, with 16 threads for the rows of each channel and one
    /// float of shared memory per thread: for sums over rows.
    pub fn for_channels(channels: usize) -> Self {
        const CHANNELS: u32 = 32;
        const ROWS: u32 = 16;
        Self {
            grid: [blocks(channels, CHANNELS), 1, 1],
            block: [CHANNELS, ROWS, 1],
            shared_bytes: CHANNELS * ROWS * size_of::<f32>() as u32,
        }
    }

    /// The same for each of `parts` of the rows, along y; CUDA takes at most 65,535.
    pub fn in_parts(self, parts: u32) -> Self {
        let [x, _, z] = self.grid;
        Self {
            grid: [x, parts, z],
            ..self
        }
    }

    /// Checks that a block's shared memory is within `most` bytes, what `device` has.
    ///
    /// # Errors
    /// [`Error::Argument`] naming the kernel if it is not.
    pub fn check_shared_bytes(&self, kernel: &Signature, device: &str, most: u32) -> Result<()> {
        if self.shared_bytes <= most {
            return Ok(());
        }
        let expected = format!("at most {most}, which is what a block of {device} can have");
        let found = format!("{} for {}", self.shared_bytes, kernel.entry());
        Err(Error::argument("launch", "shared_bytes", expected, found))
    }

    /// One warp for each of `rows`, four to a block. The most rows are 2³³ − 4.
    pub fn for_rows(rows: usize) -> Self {
        const WARP: u32 = 32;
        const ROWS: u32 = 4;
        Self {
            grid: [blocks(rows, ROWS), 1, 1],
            block: [WARP, ROWS, 1],
            shared_bytes: 0,
        }
    }
}

/// Blocks of `each` that hold `count`: at least one, and at most as many as CUDA takes along x.
fn blocks(count: usize, each: u32) -> u32 {
    const MOST: u32 = i32::MAX as u32;
    u32::try_from(count.div_ceil(each as usize)).map_or(MOST, |blocks| blocks.clamp(1, MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_a_thread() {
        for (elements, blocks) in [(0, 1), (1, 1), (256, 1), (257, 2), (usize::MAX, i32::MAX as u32)] {
            assert_eq!(LaunchDims::for_elements(elements).grid, [blocks, 1, 1]);
        }
        assert_eq!(LaunchDims::for_channels(33).grid, [2, 1, 1]);
        assert_eq!(LaunchDims::for_rows(9).grid, [3, 1, 1]);
    }

    #[test]
    fn a_copy_must_fill_the_allocation() {
        let allocation = DeviceAllocation::new(DeviceAddress::NULL, 8, Box::new(()));
        assert!(allocation.check_len("copy_to_device", "to", 8).is_ok());
        let error = allocation.check_len("copy_to_device", "to", 12).unwrap_err();
        assert_eq!(
            error.to_string(),
            "copy_to_device: `to` is 8 bytes, expected 12 bytes"
        );
    }
}
