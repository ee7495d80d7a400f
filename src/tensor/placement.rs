//! Where the elements of tensors are, and moving them.

use super::launch;
use super::place::{Place, place};
use super::storage::{DeviceBuffer, Storage};
use crate::Result;
use crate::device::{Accelerator, Device, DeviceAddress};
use crate::tensor::{Element, Shape, Tensor};
use std::sync::Arc;

impl<T: Element> Tensor<T> {
    /// The accelerator that the elements are on; nothing if they are in host memory.
    pub fn accelerator(&self) -> Option<&Arc<dyn Accelerator>> {
        match &self.storage {
            Storage::Host(_) => None,
            Storage::Device(buffer) => Some(&buffer.accelerator),
        }
    }

    /// The device that the elements are on.
    pub fn device(&self) -> Device {
        self.accelerator()
            .cloned()
            .map_or(Device::Cpu, Device::Accelerator)
    }

    /// Where the elements begin on their device, for a kernel's arguments; null if they are in host memory.
    pub(crate) fn address(&self) -> DeviceAddress {
        match &self.storage {
            Storage::Host(_) => DeviceAddress::NULL,
            Storage::Device(buffer) => buffer.allocation.address(),
        }
    }

    /// A tensor of `shape` in `accelerator`'s memory, with arbitrary content.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device has no room.
    pub(crate) fn dirty_on(accelerator: &Arc<dyn Accelerator>, shape: impl Into<Shape>) -> Result<Self> {
        let shape = shape.into();
        let allocation = accelerator.allocate(shape.len() * size_of::<T>())?;
        Ok(Self {
            shape,
            storage: Storage::Device(Arc::new(DeviceBuffer {
                allocation,
                accelerator: Arc::clone(accelerator),
            })),
        })
    }

    /// Whether no other tensor shares the memory.
    pub(crate) fn is_alone(&self) -> bool {
        match &self.storage {
            Storage::Host(buffer) => Arc::strong_count(buffer) == 1,
            Storage::Device(buffer) => Arc::strong_count(buffer) == 1,
        }
    }

    /// A copy of the elements in `accelerator`'s memory.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device has no room or the copy fails.
    pub fn to_device(&self, accelerator: &Arc<dyn Accelerator>) -> Result<Self> {
        let here = self.to_host()?;
        let bytes: &[u8] = bytemuck::cast_slice(here.host("Tensor::to_device")?);
        let copy = Self::dirty_on(accelerator, self.shape)?;
        if let Storage::Device(buffer) = &copy.storage {
            accelerator.copy_to_device(bytes, &buffer.allocation)?;
        }
        Ok(copy)
    }

    /// The same tensor in host memory.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the copy from a device fails.
    pub fn to_host(&self) -> Result<Self> {
        match &self.storage {
            Storage::Host(_) => Ok(self.clone()),
            Storage::Device(_) => Self::from_slice(self.shape, &self.to_vec()?),
        }
    }

    /// The same values on `device`; shares the memory if they are there already.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if the device has no room or a copy fails.
    pub fn on(&self, device: &Device) -> Result<Self> {
        match (device.accelerator(), self.accelerator()) {
            (None, _) => self.to_host(),
            (Some(there), Some(here)) if Arc::ptr_eq(there, here) => Ok(self.clone()),
            (Some(there), _) => self.to_device(there),
        }
    }

    /// The same values where `other` is: in host memory, or on the same accelerator.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device)(crate::Error::Device) if the device has no room or the copy fails.
    pub(crate) fn beside<U: Element>(&self, other: &Tensor<U>) -> Result<Self> {
        self.on(&other.device())
    }

    /// Whether both are in host memory, or on the same accelerator.
    pub(crate) fn is_beside<U: Element>(&self, other: &Tensor<U>) -> bool {
        match (other.accelerator(), self.accelerator()) {
            (None, None) => true,
            (Some(there), Some(here)) => Arc::ptr_eq(there, here),
            _ => false,
        }
    }

    /// A tensor of `shape` where this one is, whose elements are all `value`.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device)(crate::Error::Device) if the device has no room;
    /// [`Error::Unsupported`](crate::Error::Unsupported) if this tensor is there and not f32.
    pub(crate) fn full_beside(&self, shape: impl Into<Shape>, value: T) -> Result<Self> {
        match place("Tensor::full_beside", &[self])? {
            Place::Host => Ok(Self::full(shape, value)),
            Place::Device(device) => launch::full(device, shape.into(), value),
        }
    }

    /// Gives a tensor on a device memory of its own, for a kernel that writes it in place: copies the
    /// elements if other tensors share them. In host memory [`Tensor::make_mut`] does it.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device)(crate::Error::Device) if the device has no room or the copy fails.
    pub(crate) fn make_own(&mut self) -> Result<()> {
        if let Storage::Device(buffer) = &self.storage
            && Arc::strong_count(buffer) > 1
        {
            let copy = Self::dirty_on(&buffer.accelerator, self.shape)?;
            if let Storage::Device(own) = &copy.storage {
                buffer
                    .accelerator
                    .copy_on_device(&buffer.allocation, &own.allocation)?;
            }
            *self = copy;
        }
        Ok(())
    }
}
