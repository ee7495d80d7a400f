//! The tensor itself.

use super::launch;
use super::place::{Place, place};
use super::storage::Storage;
use crate::tensor::{Buffer, Element, Shape};
use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;

/// An immutable-by-sharing array: a [`Shape`] and its elements, contiguous, outermost axis first.
///
/// Cloning shares the memory; [`Tensor::make_mut`] copies it only if it is shared.
pub struct Tensor<T = f32> {
    pub(super) shape: Shape,
    pub(super) storage: Storage<T>,
}

impl<T> Clone for Tensor<T> {
    fn clone(&self) -> Self {
        Self {
            shape: self.shape,
            storage: self.storage.clone(),
        }
    }
}

impl<T: Element> Tensor<T> {
    /// A tensor of `shape` from host memory.
    ///
    /// # Errors
    /// [`Error::Shape`] if the number of elements differs from the shape's.
    pub fn from_buffer(shape: impl Into<Shape>, buffer: Buffer<T>) -> Result<Self> {
        let shape = shape.into();
        if buffer.len() != shape.len() {
            return Err(Error::shape(
                "Tensor::from_buffer",
                "buffer",
                format!("{} elements for shape {shape}", shape.len()),
                format!("{} elements", buffer.len()),
            ));
        }
        Ok(Self {
            shape,
            storage: Storage::Host(Arc::new(buffer)),
        })
    }

    /// A tensor of `shape` with a copy of `values`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the number of elements differs from the shape's.
    pub fn from_slice(shape: impl Into<Shape>, values: &[T]) -> Result<Self> {
        Self::from_buffer(shape, Buffer::copy_of(values))
    }

    /// A tensor whose elements are all `value`.
    pub fn full(shape: impl Into<Shape>, value: T) -> Self {
        let shape = shape.into();
        Self {
            shape,
            storage: Storage::Host(Arc::new(Buffer::filled(shape.len(), value))),
        }
    }

    /// A tensor of zeros.
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::full(shape, T::zero())
    }

    /// A tensor without axes.
    pub fn scalar(value: T) -> Self {
        Self::full(Shape::SCALAR, value)
    }

    /// A tensor whose element at flat index i is `f(i)`.
    pub fn from_fn(shape: impl Into<Shape>, mut f: impl FnMut(usize) -> T) -> Self {
        let shape = shape.into();
        let mut buffer = Buffer::dirty(shape.len());
        for (i, value) in buffer.iter_mut().enumerate() {
            *value = f(i);
        }
        Self {
            shape,
            storage: Storage::Host(Arc::new(buffer)),
        }
    }

    /// Lengths of the axes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The axes as a slice.
    pub fn dims(&self) -> &[usize] {
        self.shape.dims()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.shape.is_empty()
    }

    /// The elements, if they are in host memory; `op` is who asks.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if they are on a device.
    pub fn host(&self, op: &'static str) -> Result<&[T]> {
        match &self.storage {
            Storage::Host(buffer) => Ok(buffer),
            Storage::Device(buffer) => Err(Error::Unsupported {
                op,
                device: buffer.accelerator.name(),
            }),
        }
    }

    /// A copy of the elements, from wherever they are.
    ///
    /// # Errors
    /// [`Error::Device`] if the copy from a device fails.
    pub fn to_vec(&self) -> Result<Vec<T>> {
        match &self.storage {
            Storage::Host(buffer) => Ok(buffer.to_vec()),
            Storage::Device(buffer) => {
                let mut values = vec![T::zero(); self.len()];
                buffer
                    .accelerator
                    .copy_to_host(&buffer.allocation, bytemuck::cast_slice_mut(&mut values))?;
                Ok(values)
            }
        }
    }

    /// The only element of a tensor that has one.
    ///
    /// # Errors
    /// [`Error::Shape`] if it has more or none.
    pub fn item(&self) -> Result<T> {
        match self.to_vec()?.as_slice() {
            [value] => Ok(*value),
            _ => Err(Error::shape("Tensor::item", "self", "one element", self.shape)),
        }
    }

    /// The elements for writing; copied first if other tensors share them.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if they are on a device.
    pub fn make_mut(&mut self, op: &'static str) -> Result<&mut [T]> {
        if let Storage::Host(buffer) = &self.storage
            && Arc::strong_count(buffer) > 1
        {
            self.storage = Storage::Host(Arc::new(Buffer::copy_of(buffer)));
        }
        match &mut self.storage {
            Storage::Host(buffer) => Arc::get_mut(buffer)
                .map(|buffer| &mut **buffer)
                .ok_or_else(|| Error::argument(op, "self", "memory of its own", "shared memory")),
            Storage::Device(buffer) => Err(Error::Unsupported {
                op,
                device: buffer.accelerator.name(),
            }),
        }
    }

    /// The same elements under another shape.
    ///
    /// # Errors
    /// [`Error::Shape`] if the number of elements differs.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Self> {
        let shape = shape.into();
        if shape.len() != self.len() {
            return Err(Error::shape(
                "reshape",
                "self",
                format!("{} elements for {shape}", shape.len()),
                self.shape,
            ));
        }
        Ok(Self {
            shape,
            storage: self.storage.clone(),
        })
    }

    /// The elements converted to another type, rounded to nearest. A device has f32 only: there the
    /// one conversion is from f32 to itself, which shares the memory.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if they are on a device and either type is not f32.
    pub fn cast<U: Element>(&self) -> Result<Tensor<U>> {
        if let Storage::Device(buffer) = &self.storage
            && [T::NAME, U::NAME] == [f32::NAME; 2]
        {
            return Ok(Tensor {
                shape: self.shape,
                storage: Storage::Device(Arc::clone(buffer)),
            });
        }
        let values = self.host("Tensor::cast")?;
        Ok(Tensor::from_fn(self.shape, |i| U::of(values[i].as_f64())))
    }

    /// Adds `other` to this tensor, in place where the memory is not shared.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes differ.
    pub fn accumulate(&mut self, other: &Tensor<T>) -> Result<()> {
        if self.shape != other.shape {
            return Err(Error::shape("accumulate", "other", self.shape, other.shape));
        }
        if let Place::Device(device) = place("accumulate", &[self, other])? {
            if self.is_alone() {
                return launch::add(device, self, other, self);
            }
            let sum = Self::dirty_on(device, self.shape)?;
            launch::add(device, self, other, &sum)?;
            *self = sum;
            return Ok(());
        }
        let from = other.host("accumulate")?;
        for (a, &b) in self.make_mut("accumulate")?.iter_mut().zip(from) {
            *a += b;
        }
        Ok(())
    }
}

impl<T: Element> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor<{}>{}", T::NAME, self.shape)?;
        match self.host("Debug") {
            Ok(values) if values.len() <= 16 => write!(f, " {values:?}"),
            Ok(values) => write!(f, " {:?}…", &values[..16]),
            Err(_) => write!(f, " (on a device)"),
        }
    }
}
