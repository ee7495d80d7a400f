//! One index of an axis.

use super::{around, cpu, cuda, replaced};
use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

impl<T: Element> Var<T> {
    /// The slice at `index` of `axis`, which is removed.
    ///
    /// # Errors
    /// [`Error::Argument`] if axis or index do not exist.
    pub fn pick(&self, axis: usize, index: usize) -> Result<Var<T>> {
        let shape = *self.shape();
        let view = around("pick", &shape, axis)?;
        if index >= view.1 {
            return Err(Error::argument(
                "pick",
                "index",
                format!("below {}", view.1),
                index,
            ));
        }
        let picked = replaced(&shape, axis, None);
        let value = match place("pick", &[self.value()])? {
            Place::Host => cpu::pick(self.value(), picked, view, index)?,
            Place::Device(device) => cuda::pick(device, self.value(), picked, view, index)?,
        };
        Ok(Var::from_op("pick", &[self], value, || {
            move |dy: Tensor<T>, _| {
                let dx = match place("pick", &[&dy])? {
                    Place::Host => cpu::unpick(&dy, shape, view, index)?,
                    Place::Device(device) => cuda::unpick(device, &dy, shape, view, index)?,
                };
                Ok(vec![Some(dx)])
            }
        }))
    }
}
