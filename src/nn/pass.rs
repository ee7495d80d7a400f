//! One pass through a model.

use crate::Result;
use crate::autograd::{Gradients, Var};
use crate::nn::{Module, Parameter};
use crate::ops::{BatchStatistics, Precision, batch_norm};
use crate::tensor::{Element, Tensor};
use std::collections::HashMap;

/// Share of the newest batch in the running statistics (PyTorch's default).
const MOMENTUM: f64 = 0.1;

/// Whose statistics batch normalisation uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The batch's; running statistics are updated by [`Pass::commit`](Pass).
    Train,
    /// The stored ones.
    Eval,
}

/// The settings of a forward pass and what it leaves behind.
pub struct Pass<T: Element = f32> {
    mode: Mode,
    track: bool,
    precision: Precision,
    leaves: HashMap<u64, Var<T>>,
    /// Identities of a layer's running mean and variance, and what a batch gave.
    statistics: Vec<([u64; 2], BatchStatistics<T>)>,
}

impl<T: Element> Pass<T> {
    /// Stored statistics, parameters as constants: for predictions, and for gradients with respect
    /// to the input.
    pub fn eval() -> Self {
        Self::new(Mode::Eval, false)
    }

    /// Batch statistics and tracked parameters: a training step.
    pub fn train() -> Self {
        Self::new(Mode::Train, true)
    }

    /// Any combination of the two.
    pub fn new(mode: Mode, track_parameters: bool) -> Self {
        Self {
            mode,
            track: track_parameters,
            precision: Precision::F32,
            leaves: HashMap::new(),
            statistics: Vec::new(),
        }
    }

    /// The same with the products of convolutions and linear layers, forward and backward, in `precision`.
    /// Parameters, gradients and everything else stay f32.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// Format of the products of convolutions and linear layers.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Whose statistics are used.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// `parameter` in this pass: a leaf if parameters are tracked, the same one at each use.
    pub fn var(&mut self, parameter: &Parameter<T>) -> Var<T> {
        if !self.track {
            return parameter.constant();
        }
        self.leaves
            .entry(parameter.id())
            .or_insert_with(|| Var::leaf(parameter.value.clone()))
            .clone()
    }

    /// The gradients of a backward walk by the identity of their parameters. The pass lets go of the parameters, so
    /// that an optimiser finds their memory unshared and changes it in place.
    pub fn parameter_gradients(&mut self, mut gradients: Gradients<T>) -> HashMap<u64, Tensor<T>> {
        self.leaves
            .drain()
            .filter_map(|(id, leaf)| Some((id, gradients.take(&leaf)?)))
            .collect()
    }

    pub(super) fn record(&mut self, running: [u64; 2], statistics: BatchStatistics<T>) {
        self.statistics.push((running, statistics));
    }

    /// Moves the running statistics of `module` towards what this training pass saw, in the order
    /// in which it saw it: running ← 0.9·running + 0.1·batch, with the unbiased variance (PyTorch's
    /// default momentum). Does nothing after an eval pass.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] if the module is no longer where the pass ran.
    pub fn commit(self, module: &mut dyn Module<T>) -> Result<()> {
        let mut batches: HashMap<u64, Vec<Tensor<T>>> = HashMap::new();
        for ([mean, variance], seen) in self.statistics {
            batches.entry(mean).or_default().push(seen.mean);
            batches.entry(variance).or_default().push(seen.unbiased_variance);
        }
        let momentum = T::of(MOMENTUM);
        module.visit("", &mut |slot| {
            for batch in batches.remove(&slot.parameter.id()).unwrap_or_default() {
                batch_norm::move_running(&mut slot.parameter.value, &batch, momentum)?;
            }
            Ok(())
        })
    }
}
