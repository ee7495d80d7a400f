//! Plain data for kernels that is no tensor: indices, tables of parameters.

use crate::Result;
use crate::device::{Accelerator, DeviceAddress, DeviceAllocation};
use bytemuck::Pod;

/// A run of plain data in an accelerator's memory.
pub(crate) struct DeviceArray {
    allocation: DeviceAllocation,
}

impl DeviceArray {
    /// A copy of `values`.
    ///
    /// # Errors
    /// [`crate::Error::Device`] if the device has no room or the copy fails.
    pub fn of<P: Pod>(accelerator: &dyn Accelerator, values: &[P]) -> Result<Self> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let allocation = accelerator.allocate(bytes.len())?;
        accelerator.copy_to_device(bytes, &allocation)?;
        Ok(Self { allocation })
    }

    /// Room for `len` values of type `P`, with arbitrary content.
    ///
    /// # Errors
    /// [`crate::Error::Device`] if the device has no room.
    pub fn dirty<P: Pod>(accelerator: &dyn Accelerator, len: usize) -> Result<Self> {
        let allocation = accelerator.allocate(len * size_of::<P>())?;
        Ok(Self { allocation })
    }

    /// Where it begins.
    pub fn address(&self) -> DeviceAddress {
        self.allocation.address()
    }
}
