//! Sums and means.

use super::{around, cpu, cuda, replaced};
use crate::Result;
use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Shape, Tensor};

impl<T: Element> Var<T> {
    /// Sum along `axis`, which is removed.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if the axis does not exist or is empty.
    pub fn sum(&self, axis: usize) -> Result<Var<T>> {
        self.scaled_sum("sum", axis, |_| T::one())
    }

    /// Mean along `axis`, which is removed.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if the axis does not exist or is empty.
    pub fn mean(&self, axis: usize) -> Result<Var<T>> {
        self.scaled_sum("mean", axis, |length| T::of(1.0 / length as f64))
    }

    /// Sum of all elements, a scalar.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if there are none.
    pub fn sum_all(&self) -> Result<Var<T>> {
        self.reshape([self.shape().len()])?.sum(0)
    }

    /// Mean of all elements, a scalar.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if there are none.
    pub fn mean_all(&self) -> Result<Var<T>> {
        self.reshape([self.shape().len()])?.mean(0)
    }

    fn scaled_sum(&self, op: &'static str, axis: usize, scale: impl Fn(usize) -> T) -> Result<Var<T>> {
        let shape = *self.shape();
        let view = around(op, &shape, axis)?;
        let scale = scale(view.1);
        let value = sum_along(op, self.value(), view, replaced(&shape, axis, None), scale)?;
        Ok(Var::from_op(op, &[self], value, || {
            move |dy: Tensor<T>, _| Ok(vec![Some(repeat(op, &dy, shape, view, scale)?)])
        }))
    }
}

fn sum_along<T: Element>(
    op: &'static str,
    x: &Tensor<T>,
    view: (usize, usize, usize),
    shape: Shape,
    scale: T,
) -> Result<Tensor<T>> {
    match place(op, &[x])? {
        Place::Host => cpu::sum_along(op, x, view, shape, scale),
        Place::Device(device) => cuda::sum_along(device, x, view, shape, scale),
    }
}

/// scale · `dy` repeated along the summed axis.
fn repeat<T: Element>(
    op: &'static str,
    dy: &Tensor<T>,
    shape: Shape,
    view: (usize, usize, usize),
    scale: T,
) -> Result<Tensor<T>> {
    match place(op, &[dy])? {
        Place::Host => cpu::repeat(op, dy, shape, view, scale),
        Place::Device(device) => cuda::repeat(device, dy, shape, view, scale),
    }
}
