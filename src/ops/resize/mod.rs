//! Bicubic resizing and its adjoint: the cubic convolution kernel with a = −0.75, half-pixel
//! centres (`align_corners=False`), borders repeated, no antialiasing — PyTorch's
//! `interpolate(mode="bicubic")`.

mod cpu;
mod cuda;
mod taps;
#[cfg(test)]
mod tests;

pub(crate) use taps::Taps;

use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

impl<T: Element> Var<T> {
    /// `[N,H,W,C]` resized to `[N,height,width,C]`; any size to any size ≥ 1.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,C]` with at least one pixel;
    /// [`Error::Argument`] if the target is empty.
    pub fn resize_bicubic(&self, height: usize, width: usize) -> Result<Var<T>> {
        let &[n, h, w, c] = self.dims() else {
            return Err(Error::shape(OP, "self", "[N, H, W, C]", self.shape()));
        };
        if h * w == 0 {
            let expected = "at least one pixel";
            return Err(Error::shape(OP, "self", expected, self.shape()));
        }
        if height * width == 0 {
            let found = format!("{height}×{width}");
            return Err(Error::argument(OP, "size", "at least 1×1", found));
        }
        if [h, w] == [height, width] {
            return Ok(self.clone());
        }
        let sizes = Sizes {
            images: n,
            channels: c,
            from: [h, w],
            to: [height, width],
        };
        let value = match place(OP, &[self.value()])? {
            Place::Host => cpu::forward(&sizes, self.value())?,
            Place::Device(device) => cuda::forward(device, &sizes, self.value())?,
        };
        Ok(Var::from_op(OP, &[self], value, || {
            move |dy: Tensor<T>, _| {
                let dx = match place(OP, &[&dy])? {
                    Place::Host => cpu::adjoint(&sizes, &dy)?,
                    Place::Device(device) => cuda::adjoint(device, &sizes, &dy)?,
                };
                Ok(vec![Some(dx)])
            }
        }))
    }
}

const OP: &str = "resize_bicubic";

/// Lengths of a resize: `images` pictures of `channels` channels; rows and columns before and after.
struct Sizes {
    images: usize,
    channels: usize,
    from: [usize; 2],
    to: [usize; 2],
}

impl Sizes {
    /// Shape of the pictures with `[rows, columns]` pixels.
    fn pictures(&self, [rows, columns]: [usize; 2]) -> [usize; 4] {
        [self.images, rows, columns, self.channels]
    }
}
