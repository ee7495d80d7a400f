//! The same elements under another shape.

#[cfg(test)]
mod tests;

use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Element, Shape, Tensor};

impl<T: Element> Var<T> {
    /// The variable under another shape with as many elements; no data moves.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the number of elements differs.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Var<T>> {
        let value = self.value().reshape(shape)?;
        let before = *self.shape();
        Ok(Var::from_op("reshape", &[self], value, || {
            move |dy: Tensor<T>, _| Ok(vec![Some(dy.reshape(before)?)])
        }))
    }

    /// All axes but the first folded into one: [N, …] to [N, features].
    ///
    /// # Errors
    /// None on a variable with at least one axis.
    pub fn flatten(&self) -> Result<Var<T>> {
        let n = self.shape().axis(0);
        self.reshape([n, self.shape().len() / n.max(1)])
    }
}
