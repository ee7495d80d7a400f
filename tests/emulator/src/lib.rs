//! A CUDA device on the CPU, for tests: the kernels of `kernels/*.cu`, compiled as C++, with every
//! thread of a block as a fiber. What a GPU would punish, or silently do wrong, ends the launch with
//! a message; README.md lists it.
//!
//! The crate knows nothing of crossmax, whose tests wrap a [`Device`] in its trait `Accelerator`.

#![deny(unsafe_code)]
#![warn(missing_docs)]

mod ffi;
pub mod mutations;
mod tensor_map;

pub use tensor_map::TensorMap;

use std::ffi::CString;

/// An emulated device.
pub struct Device {
    handle: ffi::DeviceHandle,
}

/// A kernel that was compiled into this crate.
#[derive(Clone, Copy)]
pub struct Kernel {
    handle: ffi::KernelHandle,
}

/// How a kernel is launched.
#[derive(Clone, Copy, Debug)]
pub struct Launch {
    /// Blocks along x, y, z.
    pub grid: [u32; 3],
    /// Threads of a block along x, y, z.
    pub block: [u32; 3],
    /// Dynamic shared memory of a block.
    pub shared_bytes: u32,
    /// CPU time after which the launch fails, in milliseconds; 0: none.
    pub time_limit_ms: u32,
}

impl Kernel {
    /// The kernel `entry` of the file `source`: as it stands if `variant` is empty, otherwise with
    /// the [mutation](mutations) of that name.
    pub fn find(variant: &str, source: &str, entry: &str) -> Option<Self> {
        let text = |text: &str| CString::new(text).ok();
        let handle = ffi::KernelHandle::find(&text(variant)?, &text(source)?, &text(entry)?)?;
        Some(Self { handle })
    }

    /// Size of its argument struct.
    pub fn args_bytes(&self) -> usize {
        self.handle.args_bytes() as usize
    }
}

impl Device {
    /// A device with `memory_bytes` of memory. The order of threads and blocks, the moments of
    /// asynchronous copies and the layout of memory are drawn from `seed`: what depends on them
    /// gives different results for different seeds.
    ///
    /// # Errors
    /// A message if the system has no room for it.
    pub fn new(seed: u64, memory_bytes: u64) -> Result<Self, String> {
        let handle = ffi::DeviceHandle::new(seed, memory_bytes);
        let handle = handle.ok_or("the system has no room for an emulated device")?;
        Ok(Self { handle })
    }

    /// Address of `bytes` bytes, aligned to 16 and filled with NaN, or `None` if there is no room.
    pub fn allocate(&self, bytes: usize) -> Option<u64> {
        match self.handle.allocate(bytes as u64) {
            0 => None,
            address => Some(address),
        }
    }

    /// Frees an allocation.
    ///
    /// # Errors
    /// A message if none begins at `address`.
    pub fn free(&self, address: u64) -> Result<(), String> {
        check(self.handle.free(address), address)
    }

    /// Copies `from` to the device.
    ///
    /// # Errors
    /// A message if the target does not lie in one allocation.
    pub fn write(&self, to: u64, from: &[u8]) -> Result<(), String> {
        check(self.handle.write(to, from), to)
    }

    /// Copies from the device to `to`.
    ///
    /// # Errors
    /// A message if the source does not lie in one allocation.
    pub fn read(&self, to: &mut [u8], from: u64) -> Result<(), String> {
        check(self.handle.read(to, from), from)
    }

    /// Runs a kernel to its end, with a copy of the bytes of its argument struct.
    ///
    /// # Errors
    /// A message if the sizes are beyond CUDA's limits, or the kernel did what a GPU would punish.
    pub fn launch(&self, kernel: Kernel, launch: Launch, args: &[u8]) -> Result<(), String> {
        let Launch {
            grid,
            block,
            shared_bytes,
            time_limit_ms,
        } = launch;
        self.handle
            .launch(kernel.handle, grid, block, shared_bytes, time_limit_ms, args)
    }
}

fn check(done: bool, address: u64) -> Result<(), String> {
    done.then_some(())
        .ok_or_else(|| format!("{address:#x} is no allocation's, or not for so many bytes"))
}
