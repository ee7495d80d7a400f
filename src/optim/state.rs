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
    /// The tensor `what` of parameter `name`, made with zeros of `like`'s shape at first use.
    pub(super) fn slot(&mut self, name: &str, what: &str, like: &Tensor<T>) -> &mut Tensor<T> {
        self.tensors
            .entry(format!("{name}/{what}"))
            .or_insert_with(|| Tensor::zeros(*like.shape()))
    }
}
