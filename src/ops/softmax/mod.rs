//! Softmax and its logarithm over the innermost axis.

mod cpu;
mod cuda;
#[cfg(test)]
mod tests;

pub(crate) use cpu::log_softmax_rows;

use crate::Result;
use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};

impl<T: Element> Var<T> {
    /// exp(x)/Σ exp over the last axis, without overflow.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if there are more rows than a device counts;
    /// [`crate::Error::Device`] if a device fails.
    pub fn softmax(&self) -> Result<Var<T>> {
        let value = match place("softmax", &[self.value()])? {
            Place::Host => cpu::softmax(self.value())?,
            Place::Device(device) => cuda::softmax(device, self.value())?,
        };
        let y = value.clone();
        Ok(Var::from_op("softmax", &[self], value, || {
            move |dy: Tensor<T>, _| {
                let dx = match place("softmax", &[&dy, &y])? {
                    Place::Host => cpu::softmax_backward(dy, &y)?,
                    Place::Device(device) => cuda::softmax_backward(device, &dy, &y)?,
                };
                Ok(vec![Some(dx)])
            }
        }))
    }

    /// ln softmax over the last axis, without overflow.
    ///
    /// # Errors
    /// As [`Var::softmax`].
    pub fn log_softmax(&self) -> Result<Var<T>> {
        let value = match place("log_softmax", &[self.value()])? {
            Place::Host => cpu::log_softmax(self.value())?,
            Place::Device(device) => cuda::log_softmax(device, self.value())?,
        };
        let y = value.clone();
        Ok(Var::from_op("log_softmax", &[self], value, || {
            move |dy: Tensor<T>, _| {
                let dx = match place("log_softmax", &[&dy, &y])? {
                    Place::Host => cpu::log_softmax_backward(dy, &y)?,
                    Place::Device(device) => cuda::log_softmax_backward(device, &dy, &y)?,
                };
                Ok(vec![Some(dx)])
            }
        }))
    }
}
