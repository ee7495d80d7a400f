//! Average pooling: over windows without padding, and over the whole picture.

mod cpu;
mod cuda;
#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Window and step of an average pool, in pixels: [rows, columns].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvgPool2d {
    /// Size of the window, ≥ 1.
    pub kernel: [usize; 2],
    /// Step between windows, ≥ 1.
    pub stride: [usize; 2],
}

impl<T: Element> Var<T> {
    /// Mean of every window: `[N,H,W,C]` to `[N,P,Q,C]`, P = ⌊(H − kernel)/stride⌋ + 1.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,C]` or smaller than the window;
    /// [`Error::Argument`] if window or step is 0.
    pub fn avg_pool2d(&self, options: AvgPool2d) -> Result<Var<T>> {
        let shape = *self.shape();
        let &[n, h, w, c] = shape.dims() else {
            return Err(Error::shape(OP, "self", "[N, H, W, C]", shape));
        };
        let ([kh, kw], [sh, sw]) = (options.kernel, options.stride);
        if kh * kw * sh * sw == 0 {
            let found = format!("{options:?}");
            return Err(Error::argument(OP, "options", "lengths ≥ 1", found));
        }
        if h < kh || w < kw {
            let expected = format!("at least {kh}×{kw} pixels");
            return Err(Error::shape(OP, "self", expected, shape));
        }
        let (p, q) = ((h - kh) / sh + 1, (w - kw) / sw + 1);
        let geometry = Geometry {
            options,
            input: [n, h, w, c],
            output: [n, p, q, c],
        };
        let value = match place(OP, &[self.value()])? {
            Place::Host => cpu::forward(&geometry, self.value())?,
            Place::Device(device) => cuda::forward(device, &geometry, self.value())?,
        };
        Ok(Var::from_op(OP, &[self], value, || {
            move |dy: Tensor<T>, _| {
                let dx = match place(OP, &[&dy])? {
                    Place::Host => cpu::backward(&geometry, &dy)?,
                    Place::Device(device) => cuda::backward(device, &geometry, &dy)?,
                };
                Ok(vec![Some(dx)])
            }
        }))
    }

    /// Mean over all pixels: `[N,H,W,C]` to `[N,1,1,C]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,C]` or has no pixels.
    pub fn global_avg_pool2d(&self) -> Result<Var<T>> {
        let kernel = match *self.dims() {
            [_, h, w, _] => [h, w],
            _ => return Err(Error::shape(OP, "self", "[N, H, W, C]", self.shape())),
        };
        self.avg_pool2d(AvgPool2d {
            kernel,
            stride: [1, 1],
        })
    }
}

const OP: &str = "avg_pool2d";

/// Every length of a pool.
struct Geometry {
    options: AvgPool2d,
    /// N, H, W, C.
    input: [usize; 4],
    /// N, P, Q, C.
    output: [usize; 4],
}

impl Geometry {
    /// 1/(pixels of a window).
    fn share(&self) -> f64 {
        let [rows, columns] = self.options.kernel;
        1.0 / (rows * columns) as f64
    }
}
