//! Tensors made of the elements of others: rows, stacks, other orders of axes.

use super::launch::{self, End};
use super::place::{Place, place};
use super::walk::{Walk, contiguous_steps};
use crate::device::Accelerator;
use crate::tensor::{Buffer, Element, Tensor};
use crate::{Error, Result};
use std::sync::Arc;

impl<T: Element> Tensor<T> {
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
        match place("Tensor::rows", &[self])? {
            Place::Host => {
                let values = &self.host("Tensor::rows")?[first * row..(first + count) * row];
                Self::from_slice(self.shape.with_first(count), values)
            }
            Place::Device(device) => {
                let out = Self::dirty_on(device, self.shape.with_first(count))?;
                copy_run(device, self, first * row, &out, 0, out.len())?;
                Ok(out)
            }
        }
    }

    /// The rows of the outermost axis that `indices` name, in that order.
    ///
    /// # Errors
    /// [`Error::Argument`] if an index is out of range.
    pub fn select(&self, indices: &[usize]) -> Result<Self> {
        let n = self.shape.axis(0);
        check_rows("Tensor::select", "index", indices, n)?;
        if let Place::Device(device) = place("Tensor::select", &[self])? {
            return launch::gather_rows(device, self, indices);
        }
        let row = self.len() / n.max(1);
        let values = self.host("Tensor::select")?;
        let mut buffer = Buffer::dirty(row * indices.len());
        for (out, &index) in buffer.chunks_mut(row.max(1)).zip(indices) {
            out.copy_from_slice(&values[index * row..(index + 1) * row]);
        }
        Self::from_buffer(self.shape.with_first(indices.len()), buffer)
    }

    /// Copies the rows `sources` of `from` over the rows `targets` of this tensor, in place where the
    /// memory is not shared. Rows are those of the outermost axis.
    ///
    /// # Errors
    /// [`Error::Shape`] if the rows' shapes differ; [`Error::Argument`] if an index is out of range, a
    /// target is named twice, or there are more targets than sources or fewer.
    pub fn replace_rows(&mut self, targets: &[usize], from: &Tensor<T>, sources: &[usize]) -> Result<()> {
        const OP: &str = "Tensor::replace_rows";
        if from.shape.with_first(1) != self.shape.with_first(1) {
            return Err(Error::shape(
                OP,
                "from",
                format!("{} but for the first axis", self.shape),
                from.shape,
            ));
        }
        if targets.len() != sources.len() {
            let expected = format!("{}, one a target", targets.len());
            return Err(Error::argument(OP, "sources", expected, sources.len()));
        }
        check_rows(OP, "source", sources, from.shape.axis(0))?;
        check_rows(OP, "target", targets, self.shape.axis(0))?;
        let mut seen = vec![false; self.shape.axis(0)];
        for &target in targets {
            if std::mem::replace(&mut seen[target], true) {
                return Err(Error::argument(
                    OP,
                    "targets",
                    "distinct rows",
                    format!("{target} twice"),
                ));
            }
        }
        if targets.is_empty() {
            return Ok(());
        }
        if let Place::Device(device) = place(OP, &[from, self])? {
            let device = Arc::clone(device);
            self.make_own()?;
            return launch::replace_rows(&device, from, sources, self, targets);
        }
        let row = from.len() / from.shape.axis(0).max(1);
        let values = from.host(OP)?;
        let own = self.make_mut(OP)?;
        for (&target, &source) in targets.iter().zip(sources) {
            own[target * row..][..row].copy_from_slice(&values[source * row..][..row]);
        }
        Ok(())
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
        }
        let shape = first.shape.with_first(rows);
        let operands: Vec<_> = parts.iter().collect();
        match place("Tensor::stack_rows", &operands)? {
            Place::Host => {
                let mut values = Vec::with_capacity(shape.len());
                for part in parts {
                    values.extend_from_slice(part.host("Tensor::stack_rows")?);
                }
                Self::from_slice(shape, &values)
            }
            Place::Device(device) => {
                let out = Self::dirty_on(device, shape)?;
                let mut offset = 0;
                for part in parts {
                    copy_run(device, part, 0, &out, offset, part.len())?;
                    offset += part.len();
                }
                Ok(out)
            }
        }
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
        let strides = contiguous_steps(dims);
        let out_dims: Vec<usize> = order.iter().map(|&axis| dims[axis]).collect();
        let out_strides: Vec<usize> = order.iter().map(|&axis| strides[axis]).collect();
        if let Place::Device(device) = place("Tensor::permute", &[self])? {
            let out = Self::dirty_on(device, out_dims)?;
            let steps = out_strides.into_iter().zip(contiguous_steps(out.dims()));
            let axes = out.dims().iter().zip(steps);
            let walk = Walk::along(axes.map(|(&length, (from, to))| (length, [from, to])));
            let [from, to] = [self, &out].map(|tensor| End { tensor, first: 0 });
            launch::copy(device, &walk, out.len(), from, to, T::one())?;
            return Ok(out);
        }
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
}

/// Refuses numbers of rows that are not below `rows`.
fn check_rows(op: &'static str, arg: &'static str, indices: &[usize], rows: usize) -> Result<()> {
    match indices.iter().find(|&&index| index >= rows) {
        Some(index) => Err(Error::argument(op, arg, format!("below {rows}"), index)),
        None => Ok(()),
    }
}

/// Copies `len` elements that lie behind each other in both tensors.
fn copy_run<T: Element>(
    device: &Arc<dyn Accelerator>,
    from: &Tensor<T>,
    first: usize,
    to: &Tensor<T>,
    offset: usize,
    len: usize,
) -> Result<()> {
    let walk = Walk::along([(len, [1, 1])]);
    let from = End { tensor: from, first };
    let to = End {
        tensor: to,
        first: offset,
    };
    launch::copy(device, &walk, len, from, to, T::one())
}
