//! The driver as a source of memory.

use super::device_error;
use crate::Result;
use crate::device::DeviceAddress;
use crate::device::pool::MemorySource;
use cudarc::driver::{CudaSlice, CudaStream, DevicePtr, sys};
use std::sync::Arc;

/// Memory of the device of `stream`, in whose order it is freed.
pub(super) struct DriverMemory {
    pub device: String,
    pub stream: Arc<CudaStream>,
}

impl MemorySource for DriverMemory {
    /// Freed on drop, in the order of its stream; where the driver cannot do that, after all work on it.
    type Block = CudaSlice<u8>;

    fn reserve(&self, bytes: usize) -> Result<Option<Self::Block>> {
        // SAFETY: every bit pattern is a byte, and nothing on the host reads the memory but through copies.
        match unsafe { self.stream.alloc::<u8>(bytes) } {
            Ok(block) => Ok(Some(block)),
            Err(error) if error.0 == sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => Ok(None),
            Err(error) => Err(device_error(&self.device, "allocating memory", error)),
        }
    }

    fn settle(&self) -> Result<()> {
        // The driver's own pool keeps what is freed until the stream has been waited for.
        self.stream
            .synchronize()
            .map_err(|error| device_error(&self.device, "freeing memory", error))
    }

    fn lend(&self, block: &Self::Block, _bytes: usize) -> Result<DeviceAddress> {
        Ok(DeviceAddress(block.device_ptr(&self.stream).0))
    }

    fn take_back(&self, _block: &Self::Block, _address: DeviceAddress) {}
}
