//! What optimisers remember between steps.

use crate::tensor::{Element, Tensor};
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
    /// Takes out the tensor `what` of parameter `name`: zeros of `like`'s shape at first use.
    pub(super) fn take(&mut self, name: &str, what: &str, like: &Tensor<T>) -> Tensor<T> {
        self.tensors.remove(&key(name, what)).unwrap_or_else(|| Tensor::zeros(*like.shape()))
    }

    /// Puts it back.
    pub(super) fn put(&mut self, name: &str, what: &str, tensor: Tensor<T>) {
        self.tensors.insert(key(name, what), tensor);
    }
}

fn key(name: &str, what: &str) -> String {
    format!("{name}/{what}")
}
