//! Maximum pooling with saved positions: the first maximum in row-major order wins, as in PyTorch.

mod cpu;
mod cuda;
#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::device::DeviceAllocation;
use crate::ops::place::{Place, place};
use crate::tensor::{BitMask, Element, Tensor};
use crate::{Error, Result};

impl<T: Element> Var<T> {
    /// The largest value of every `kernel`×`kernel` window, `stride` apart, over a picture with
    /// `padding` (< kernel) pixels of −∞ around it: `[N,H,W,C]` to `[N,P,Q,C]`. ResNet's stem uses
    /// (3, 2, 1).
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,C]` or the window does not fit;
    /// [`Error::Argument`] if stride is 0 or padding ≥ kernel.
    pub fn max_pool2d(&self, kernel: usize, stride: usize, padding: usize) -> Result<Var<T>> {
        let shape = *self.shape();
        let &[n, h, w, c] = shape.dims() else {
            return Err(Error::shape(OP, "self", "[N, H, W, C]", shape));
        };
        if stride == 0 || padding >= kernel {
            let found = format!("kernel {kernel}, stride {stride}, padding {padding}");
            let expected = "stride ≥ 1 and padding below the kernel";
            return Err(Error::argument(OP, "window", expected, found));
        }
        if h + 2 * padding < kernel || w + 2 * padding < kernel {
            let expected = format!("at least {kernel}×{kernel} pixels after padding {padding}");
            return Err(Error::shape(OP, "self", expected, shape));
        }
        let p = (h + 2 * padding - kernel) / stride + 1;
        let q = (w + 2 * padding - kernel) / stride + 1;
        let geometry = Geometry {
            input: [n, h, w, c],
            output: [n, p, q, c],
            kernel,
            stride,
            padding,
        };
        let (value, positions) = match place(OP, &[self.value()])? {
            Place::Host => {
                let (value, positions) = cpu::forward(&geometry, self.value())?;
                (value, Positions::Host(positions))
            }
            Place::Device(device) => {
                let (value, positions) = cuda::forward(device, &geometry, self.value())?;
                (value, Positions::Device(positions))
            }
        };
        Ok(Var::from_op(OP, &[self], value, || {
            move |dy: Tensor<T>, mut needs| {
                let dx =
                    needs.added_gradient(0, |sum, mask| gradient(&geometry, &dy, &positions, sum, mask))?;
                Ok(vec![dx])
            }
        }))
    }
}

const OP: &str = "max_pool2d";

/// The gradient of the input, added to `sum` if there is one, with zeros where `mask` has none. Only accelerators have
/// masks.
fn gradient<T: Element>(
    g: &Geometry,
    dy: &Tensor<T>,
    positions: &Positions,
    sum: Option<Tensor<T>>,
    mask: Option<&BitMask>,
) -> Result<Tensor<T>> {
    match (place(OP, &[dy])?, positions) {
        (Place::Host, Positions::Host(from)) => {
            let mut dx = cpu::backward(g, dy, from)?;
            if let Some(sum) = sum {
                dx.accumulate(&sum)?;
            }
            Ok(dx)
        }
        (Place::Device(device), Positions::Device(from)) => {
            cuda::backward(device, g, dy, from, sum.as_ref(), mask)
        }
        _ => Err(Error::argument(OP, "dy", "where the output is", "elsewhere")),
    }
}

/// Every length of a pool, checked: a window always holds a pixel.
struct Geometry {
    /// N, H, W, C.
    input: [usize; 4],
    /// N, P, Q, C.
    output: [usize; 4],
    kernel: usize,
    stride: usize,
    padding: usize,
}

impl Geometry {
    /// Elements of one image of the input.
    fn image(&self) -> usize {
        self.input[1] * self.input[2] * self.input[3]
    }
}

/// Where every maximum came from: its element's number within the image, as u32.
enum Positions {
    Host(Vec<u32>),
    Device(DeviceAllocation),
}
