//! Where a tensor's elements are.

use crate::device::{Accelerator, DeviceAllocation};
use crate::tensor::Buffer;
use std::sync::Arc;

/// Elements on the host or on a device; shared, and copied only when written while shared.
pub(super) enum Storage<T> {
    /// Host memory.
    Host(Arc<Buffer<T>>),
    /// Memory of an accelerator.
    Device(Arc<DeviceBuffer>),
}

impl<T> Clone for Storage<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Host(buffer) => Self::Host(Arc::clone(buffer)),
            Self::Device(buffer) => Self::Device(Arc::clone(buffer)),
        }
    }
}

/// Memory of an accelerator together with the accelerator it belongs to.
pub struct DeviceBuffer {
    /// The memory; freed on drop.
    pub allocation: DeviceAllocation,
    /// Its owner.
    pub accelerator: Arc<dyn Accelerator>,
}
