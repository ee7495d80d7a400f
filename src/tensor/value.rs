//! The tensor itself.

use super::storage::{DeviceBuffer, Storage};
use crate::device::{Accelerator, DeviceAddress};
use crate::tensor::{Buffer, Element, Shape};
use crate::{Error, Result};
use std::fmt;
use std::sync::Arc;

/// An immutable-by-sharing array: a [`Shape`] and its elements, contiguous, outermost axis first.
///
/// Cloning shares the memory; [`Tensor::make_mut`] copies it only if it is shared.
pub struct Tensor<T = f32> {
    shape: Shape,
    storage: Storage<T>,
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

    /// The accelerator that the elements are on; nothing if they are in host memory.
    pub fn accelerator(&self) -> Option<&Arc<dyn Accelerator>> {
        match &self.storage {
            Storage::Host(_) => None,
            Storage::Device(buffer) => Some(&buffer.accelerator),
        }
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
    /// [`Error::Device`] if the device has no room.
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

    /// Rows `first..first + count` of the outermost axis, copied.
    ///
    /// # Errors
    /// [`Error::Argument`] if the tensor has fewer rows.
    pub fn rows(&self, first: usize, count: usize) -> Result<Self> {
        let n = self.shape.axis(0);
        if first.checked_add(count).is_none_or(|end| end > n) {
            return Err(Error::argument(
                "Tensor::rows",
                "range",
                format!("within 0..{n}"),
                format!("{count} rows from {first}"),
            ));
        }
        let row = self.len() / n.max(1);
        let values = &self.host("Tensor::rows")?[first * row..(first + count) * row];
        Self::from_slice(self.shape.with_first(count), values)
    }

    /// The rows of the outermost axis that `indices` name, in that order.
    ///
    /// # Errors
    /// [`Error::Argument`] if an index is out of range.
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        let n = self.shape.axis(0);
        let row = self.len() / n.max(1);
        let values = self.host("Tensor::select")?;
        let mut buffer = Buffer::dirty(row * indices.len());
        for (out, &index) in buffer.chunks_mut(row.max(1)).zip(indices) {
            let from = values
                .get(index * row..(index + 1) * row)
                .ok_or_else(|| Error::argument("Tensor::select", "index", format!("below {n}"), index))?;
            out.copy_from_slice(from);
        }
        Self::from_buffer(self.shape.with_first(indices.len()), buffer)
    }

    /// Tensors of equal shape laid behind each other along the outermost axis.
    ///
    /// # Errors
    /// [`Error::Shape`] if the inner axes differ or there is no tensor.
    pub fn stack_rows(parts: &[Tensor<T>]) -> Result<Self> {
        let first = parts
            .first()
            .ok_or_else(|| Error::argument("Tensor::stack_rows", "parts", "at least one", 0))?;
        let mut rows = 0;
        let mut values = Vec::new();
        for part in parts {
            if part.shape.with_first(1) != first.shape.with_first(1) {
                return Err(Error::shape(
                    "Tensor::stack_rows",
                    "part",
                    format!("{} but for the first axis", first.shape),
                    part.shape,
                ));
            }
            rows += part.shape.axis(0);
            values.extend_from_slice(part.host("Tensor::stack_rows")?);
        }
        Self::from_slice(first.shape.with_first(rows), &values)
    }

    /// A copy with the axes in the order `order` (axis i of the result is axis `order[i]` of this).
    ///
    /// # Errors
    /// [`Error::Argument`] if `order` is not a permutation of the axes.
    pub fn permute(&self, order: &[usize]) -> Result<Self> {
        let rank = self.shape.rank();
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if sorted != (0..rank).collect::<Vec<_>>() {
            return Err(Error::argument(
                "Tensor::permute",
                "order",
                format!("a permutation of 0..{rank}"),
                format!("{order:?}"),
            ));
        }
        let dims = self.dims();
        let mut strides = vec![1usize; rank];
        for axis in (1..rank).rev() {
            strides[axis - 1] = strides[axis] * dims[axis];
        }
        let out_dims: Vec<usize> = order.iter().map(|&axis| dims[axis]).collect();
        let out_strides: Vec<usize> = order.iter().map(|&axis| strides[axis]).collect();
        let values = self.host("Tensor::permute")?;
        let mut buffer = Buffer::dirty(values.len());
        let mut index = vec![0usize; rank];
        let mut offset = 0;
        for out in buffer.iter_mut() {
            *out = values[offset];
            for axis in (0..rank).rev() {
                index[axis] += 1;
                offset += out_strides[axis];
                if index[axis] < out_dims[axis] {
                    break;
                }
                offset -= out_strides[axis] * out_dims[axis];
                index[axis] = 0;
            }
        }
        Self::from_buffer(out_dims, buffer)
    }

    /// From PyTorch's N,C,H,W to this crate's N,H,W,C (also O,I,H,W to K,R,S,C).
    ///
    /// # Errors
    /// [`Error::Argument`] if the tensor does not have four axes.
    pub fn nchw_to_nhwc(&self) -> Result<Self> {
        self.permute(&[0, 2, 3, 1])
    }

    /// From this crate's N,H,W,C to PyTorch's N,C,H,W (also K,R,S,C to O,I,H,W).
    ///
    /// # Errors
    /// [`Error::Argument`] if the tensor does not have four axes.
    pub fn nhwc_to_nchw(&self) -> Result<Self> {
        self.permute(&[0, 3, 1, 2])
    }

    /// The elements converted to another type, rounded to nearest.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if they are on a device.
    pub fn cast<U: Element>(&self) -> Result<Tensor<U>> {
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
        let from = other.host("accumulate")?;
        for (a, &b) in self.make_mut("accumulate")?.iter_mut().zip(from) {
            *a += b;
        }
        Ok(())
    }

    /// A copy of the elements in `accelerator`'s memory.
    ///
    /// # Errors
    /// [`Error::Device`] if the device has no room or the copy fails.
    pub fn to_device(&self, accelerator: &Arc<dyn Accelerator>) -> Result<Self> {
        let values = self.to_vec()?;
        let bytes: &[u8] = bytemuck::cast_slice(&values);
        let copy = Self::dirty_on(accelerator, self.shape)?;
        if let Storage::Device(buffer) = &copy.storage {
            accelerator.copy_to_device(bytes, &buffer.allocation)?;
        }
        Ok(copy)
    }

    /// The same tensor in host memory.
    ///
    /// # Errors
    /// [`Error::Device`] if the copy from a device fails.
    pub fn to_host(&self) -> Result<Self> {
        match &self.storage {
            Storage::Host(_) => Ok(self.clone()),
            Storage::Device(_) => Self::from_slice(self.shape, &self.to_vec()?),
        }
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
