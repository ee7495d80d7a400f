//! What optimisers remember between steps.

use crate::device::DeviceAddress;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Steps done, and named tensors (`<parameter>/<what>`), in PyTorch-independent form.
#[derive(Clone, Default)]
pub struct OptimiserState<T = f32> {
    /// Number of steps done.
    pub steps: u64,
    /// Moments and velocities in memory layout.
    pub tensors: BTreeMap<String, Tensor<T>>,
}

impl<T: Element> OptimiserState<T> {
    /// Takes out the tensor `what` of parameter `name`, to where `like` is: zeros of its shape at
    /// first use.
    ///
    /// # Errors
    /// [`Error::Shape`] if it has another shape, as from a foreign checkpoint; [`Error::Device`] if a
    /// copy to a device fails.
    pub(super) fn take(&mut self, name: &str, what: &str, like: &Tensor<T>) -> Result<Tensor<T>> {
        match self.tensors.remove(&key(name, what)) {
            None => like.full_beside(*like.shape(), T::zero()),
            Some(tensor) if tensor.shape() == like.shape() => tensor.beside(like),
            Some(tensor) => Err(Error::shape("optimiser", "state", like.shape(), tensor.shape())),
        }
    }

    /// Where the tensor `what` of parameter `name` begins on the device of `like`, in memory of its own
    /// that a kernel may change: zeros of its shape at first use. It stays there until the next use.
    ///
    /// # Errors
    /// As [`OptimiserState::take`].
    pub(super) fn address(&mut self, name: &str, what: &str, like: &Tensor<T>) -> Result<DeviceAddress> {
        let mut tensor = self.take(name, what, like)?;
        tensor.make_own()?;
        let address = tensor.address();
        self.put(name, what, tensor);
        Ok(address)
    }

    /// Checks that only tensors called one of `known` are there.
    ///
    /// # Errors
    /// [`Error::Argument`] naming the first other one.
    pub(super) fn check(&self, known: &[&str]) -> Result<()> {
        let ours = |name: &str| known.iter().any(|what| name.ends_with(&format!("/{what}")));
        match self.tensors.keys().find(|name| !ours(name)) {
            Some(name) => Err(Error::argument(
                "optimiser",
                "state",
                format!("tensors named …/{}", known.join(", …/")),
                name,
            )),
            None => Ok(()),
        }
    }

    /// Puts it back.
    pub(super) fn put(&mut self, name: &str, what: &str, tensor: Tensor<T>) {
        self.tensors.insert(key(name, what), tensor);
    }
}

fn key(name: &str, what: &str) -> String {
    format!("{name}/{what}")
}
