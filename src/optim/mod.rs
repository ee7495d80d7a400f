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

/// One parameter of a step.
pub struct Update<'a, T: Element = f32> {
    /// Its name, by which the optimiser finds what it remembers: another for each parameter.
    pub name: &'a str,
    /// Changed.
    pub parameter: &'a mut Tensor<T>,
    /// Its gradient, of the same shape and in the same place.
    pub gradient: &'a Tensor<T>,
}

/// Changes parameters by their gradients.
pub trait Optimiser<T: Element = f32> {
    /// One step of all these parameters. Those on a device are changed in one launch, or in a few where
    /// they are very many.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if a gradient's shape is not its parameter's;
    /// [`crate::Error::Unsupported`] if the two are in different places.
    fn update_all(&mut self, updates: Vec<Update<'_, T>>) -> Result<()>;

    /// One step of one parameter named `name`.
    ///
    /// # Errors
    /// As [`Optimiser::update_all`].
    fn update(&mut self, name: &str, parameter: &mut Tensor<T>, gradient: &Tensor<T>) -> Result<()> {
        self.update_all(vec![Update {
            name,
            parameter,
            gradient,
        }])
    }

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
    /// As [`Optimiser::update_all`].
    fn step(&mut self, module: &mut dyn Module<T>, gradients: &HashMap<u64, Tensor<T>>) -> Result<()> {
        self.begin_step();
        // A walk shows one parameter at a time; to update all at once they are taken out and put back.
        let mut taken = Vec::new();
        let walked = module.visit("", &mut |slot| {
            let id = slot.parameter.id();
            if let (SlotKind::Parameter, Some(gradient)) = (slot.kind, gradients.get(&id)) {
                let value = std::mem::replace(&mut slot.parameter.value, Tensor::zeros([0]));
                taken.push((id, slot.name, value, gradient));
            }
            Ok(())
        });
        let updates = taken.iter_mut().map(|(_, name, parameter, gradient)| Update {
            name,
            parameter,
            gradient,
        });
        let updated = walked.and(self.update_all(updates.collect()));
        let mut values: HashMap<u64, Tensor<T>> =
            taken.into_iter().map(|(id, _, value, _)| (id, value)).collect();
        module.visit("", &mut |slot| {
            if let Some(value) = values.remove(&slot.parameter.id()) {
                slot.parameter.value = value;
            }
            Ok(())
        })?;
        updated
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
