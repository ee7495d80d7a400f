//! Launching the emulator's own test kernels (`tests/emulator/probes`, `wrong_kernels`).

use bytemuck::{AnyBitPattern, NoUninit};
use crossmax_emulator::{Device, Kernel, Launch};

/// A device for kernels that have no handle in the library.
pub struct TestDevice {
    pub device: Device,
}

/// A block of so many threads, with so many bytes of shared memory, `blocks` times.
pub fn launch_of(blocks: u32, threads: u32, shared_bytes: u32) -> Launch {
    Launch {
        grid: [blocks, 1, 1],
        block: [threads, 1, 1],
        shared_bytes,
        time_limit_ms: 10_000,
    }
}

impl TestDevice {
    pub fn new(seed: u64) -> Self {
        let device = Device::new(seed, 1 << 24).expect("an emulated device");
        Self { device }
    }

    /// Fresh memory for `count` values.
    pub fn fresh<T>(&self, count: usize) -> u64 {
        let address = self.device.allocate(count * size_of::<T>());
        address.expect("room on the device")
    }

    /// Memory with these values.
    pub fn put<T: NoUninit>(&self, values: &[T]) -> u64 {
        let address = self.fresh::<T>(values.len());
        let written = self.device.write(address, bytemuck::cast_slice(values));
        written.expect("an allocation of that size");
        address
    }

    pub fn get<T: AnyBitPattern + NoUninit>(&self, address: u64, count: usize) -> Vec<T> {
        let mut values = vec![T::zeroed(); count];
        let read = self.device.read(bytemuck::cast_slice_mut(&mut values), address);
        read.expect("an allocation of that size");
        values
    }

    /// Runs a kernel whose struct consists of these words: addresses, 64-bit numbers, or two 32-bit
    /// numbers as [`pair`].
    pub fn run(&self, source: &str, entry: &str, launch: Launch, words: &[u64]) -> Result<(), String> {
        let kernel = Kernel::find("", source, entry);
        let kernel = kernel.unwrap_or_else(|| panic!("{source} has no {entry}"));
        self.device.launch(kernel, launch, bytemuck::cast_slice(words))
    }
}

/// Two numbers of a struct as one word.
pub fn pair(first: u32, second: u32) -> u64 {
    u64::from(second) << 32 | u64::from(first)
}
