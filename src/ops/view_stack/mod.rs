//! The multi-resolution view stack as one operation: contrast → roll → colour → bicubic down →
//! noise → bicubic up → noise → clip → normalise, for every resolution, channels behind each other
//! (Fort & Lakshminarayanan, arXiv 2408.05446, §3.1, in the order of the authors' notebook).
//!
//! It is what the composition of [`Var::contrast`], [`Var::roll`], [`Var::mix_channels`],
//! [`Var::resize_bicubic`] and [`Var::clamp`] computes (`tests.rs` compares them); in one piece it
//! costs a tenth, and an attack runs it as often as the network.

mod cpu;
mod cuda;
mod noise;
mod plan;
#[cfg(test)]
mod tests;

pub use noise::{NoiseSource, NoiseStreams};
pub use plan::ViewStack;

use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// The geometric and colour draw of one image in one view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewDraw {
    /// Circular shift in pixels: [rows down, columns right].
    pub shift: [i32; 2],
    /// Contrast factor, 1 = unchanged.
    pub contrast: f64,
    /// Colour factor, 1 = unchanged, 0 = grey.
    pub colour: f64,
}

impl<T: Element> Var<T> {
    /// `[N,H,W,3]` in `[0,1]` to [N,H,W,3·V]: V views of every image with `draws[n·V + v]` and noise.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not of the plan's size; [`Error::Argument`] if there is
    /// not one draw an image and view.
    pub fn view_stack(
        &self,
        plan: &ViewStack<T>,
        draws: &[ViewDraw],
        noise: &dyn NoiseSource<T>,
    ) -> Result<Var<T>> {
        let [h, w] = plan.size();
        let n = self.shape().axis(0);
        if self.dims() != [n, h, w, 3] {
            return Err(Error::shape(
                OP,
                "self",
                format!("[N, {h}, {w}, 3]"),
                self.shape(),
            ));
        }
        if draws.len() != n * plan.views() {
            let expected = format!("{n}·{} draws", plan.views());
            return Err(Error::argument(OP, "draws", expected, draws.len()));
        }
        let (value, kept) = match place(OP, &[self.value()])? {
            Place::Host => {
                let (value, masks) = cpu::forward(plan, self.value(), draws, noise)?;
                (value, Kept::Host(masks))
            }
            Place::Device(device) => {
                let (value, masks) = cuda::forward(device, plan, self.value(), draws, noise)?;
                (value, Kept::Device(masks))
            }
        };
        Ok(Var::from_op(OP, &[self], value, || {
            let (plan, draws) = (plan.clone(), draws.to_vec());
            move |dy: Tensor<T>, _| {
                let dx = match (place(OP, &[&dy])?, &kept) {
                    (Place::Host, Kept::Host(masks)) => cpu::backward(&plan, &dy, &draws, masks)?,
                    (Place::Device(device), Kept::Device(kept)) => cuda::backward(device, &plan, &dy, kept)?,
                    _ => {
                        return Err(Error::argument(
                            OP,
                            "gradient",
                            "where the views are",
                            "elsewhere",
                        ));
                    }
                };
                Ok(vec![Some(dx)])
            }
        }))
    }
}

const OP: &str = "view_stack";

/// What the backward rule needs beside the plan and the draws.
enum Kept {
    Host(cpu::Masks),
    Device(cuda::Kept),
}
