//! Optimisers with PyTorch's update rules: SGD, Adam, AdamW.

mod adam;
mod cuda;
mod sgd;
mod state;
#[cfg(test)]
mod tests;

pub use adam::Adam;
pub use sgd::Sgd;
pub use state::OptimiserState;

use crate::Result;
use crate::nn::{Module, SlotKind};
use crate::tensor::{Element, Tensor};
use std::collections::HashMap;

/// Changes parameters by their gradients.
pub trait Optimiser<T: Element = f32> {
    /// One step of one parameter named `name`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the gradient's shape is not the parameter's.
    fn update(&mut self, name: &str, parameter: &mut Tensor<T>, gradient: &Tensor<T>) -> Result<()>;

    /// Called once before the parameters of a step are updated.
    fn begin_step(&mut self) {}

    /// What the optimiser remembers, for a checkpoint.
    fn state(&self) -> OptimiserState<T>;

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if the state is another optimiser's.
    fn restore(&mut self, state: OptimiserState<T>) -> Result<()>;

    /// One step of all parameters of `module` that have a gradient (by parameter identity).
    ///
    /// # Errors
    /// As [`Optimiser::update`].
    fn step(&mut self, module: &mut dyn Module<T>, gradients: &HashMap<u64, Tensor<T>>) -> Result<()> {
        self.begin_step();
        module.visit(
            "",
            &mut |slot| match (slot.kind, gradients.get(&slot.parameter.id())) {
                (SlotKind::Parameter, Some(gradient)) => {
                    self.update(&slot.name, &mut slot.parameter.value, gradient)
                }
                _ => Ok(()),
            },
        )
    }
}

/// Checks a gradient's shape against its parameter's.
fn check<T: Element>(op: &'static str, parameter: &Tensor<T>, gradient: &Tensor<T>) -> Result<()> {
    if parameter.shape() == gradient.shape() {
        Ok(())
    } else {
        Err(crate::Error::shape(
            op,
            "gradient",
            parameter.shape(),
            gradient.shape(),
        ))
    }
}
