//! Two-dimensional convolution (cross-correlation, as in PyTorch's `conv2d`).
//!
//! y`[n,p,q,k]` = b`[k]` + Σ_{r,s,c} x[n, p·stride − pad + r, q·stride − pad + s, c] · w`[k,r,s,c]`,
//! with zeros outside the picture.

mod cpu;
mod cuda;
mod fixed;
mod geometry;
mod implicit_gemm;
mod infer;
#[cfg(test)]
mod tests;
mod unroll;
mod warpgroup;
mod weight_gradient;
mod winograd;

pub use fixed::FixedEpilogue;
pub(crate) use geometry::Geometry;
pub use infer::{Conv2dEpilogue, infer};

use cpu::Start;

use crate::Result;
use crate::autograd::Var;
use crate::ops::Precision;
use crate::ops::column_sums::column_sums;
use crate::ops::place::{Place, place};
use crate::tensor::{BitMask, Element, Tensor};

/// Stride and zero padding of a convolution, in pixels: [rows, columns]; and how its products are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Step between output pixels, ≥ 1.
    pub stride: [usize; 2],
    /// Zeros added on both sides.
    pub padding: [usize; 2],
    /// Format of the products on an accelerator, forward and backward.
    pub precision: Precision,
}

impl Conv2d {
    /// The same stride and padding for rows and columns; f32.
    pub fn square(stride: usize, padding: usize) -> Self {
        Self {
            stride: [stride; 2],
            padding: [padding; 2],
            precision: Precision::F32,
        }
    }

    /// The same in another precision.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }
}

impl<T: Element> Var<T> {
    /// Convolution of `self` `[N,H,W,C]` with `weight` `[K,R,S,C]` and an optional `bias` `[K]`; gives
    /// `[N,P,Q,K]` with P = ⌊(H + 2·pad − R)/stride⌋ + 1 and Q likewise.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if the shapes do not fit each other or the window does not fit the input.
    pub fn conv2d(&self, weight: &Var<T>, bias: Option<&Var<T>>, options: Conv2d) -> Result<Var<T>> {
        let geometry = Geometry::new(options, self.shape(), weight.shape())?;
        let epilogue = Conv2dEpilogue {
            bias: bias.map(Var::value),
            ..Conv2dEpilogue::default()
        };
        epilogue.check(&geometry)?;
        let value = infer::forward(&geometry, options, self.value(), weight.value(), epilogue, None)?;
        let precision = options.precision;
        // Each operand is kept only for the other's gradient.
        let x = weight.tracked().then(|| self.value().clone());
        let w = self.tracked().then(|| weight.value().clone());
        let mut inputs = vec![self, weight];
        inputs.extend(bias);
        Ok(Var::from_op("conv2d", &inputs, value, || {
            move |dy: Tensor<T>, needs| {
                let dx = match &w {
                    Some(w) => needs.gradient(0, || dgrad(&geometry, precision, &dy, w, None, None))?,
                    None => None,
                };
                let dw = match &x {
                    Some(x) => needs.gradient(1, || wgrad(&geometry, precision, &dy, x))?,
                    None => None,
                };
                let db = needs.gradient(2, || bias_gradient(&geometry, &dy))?;
                Ok(vec![dx, dw, db])
            }
        }))
    }
}

const OP: &str = "conv2d";

/// The gradient of the input, added to `sum` if there is one, with zeros where `mask` has none. Only accelerators have
/// masks.
fn dgrad<T: Element>(
    g: &Geometry,
    precision: Precision,
    dy: &Tensor<T>,
    w: &Tensor<T>,
    sum: Option<Tensor<T>>,
    mask: Option<&BitMask>,
) -> Result<Tensor<T>> {
    let mut operands = vec![dy, w];
    operands.extend(&sum);
    match place(OP, &operands)? {
        Place::Host => cpu::dgrad(g, dy, w, sum),
        Place::Device(device) => cuda::dgrad(device, g, precision, dy, w, sum.as_ref(), mask),
    }
}

fn wgrad<T: Element>(g: &Geometry, precision: Precision, dy: &Tensor<T>, x: &Tensor<T>) -> Result<Tensor<T>> {
    match place(OP, &[dy, x])? {
        Place::Host => weight_gradient::wgrad(g, dy, x),
        Place::Device(device) => cuda::wgrad(device, g, precision, dy, x),
    }
}

fn bias_gradient<T: Element>(g: &Geometry, dy: &Tensor<T>) -> Result<Tensor<T>> {
    match place(OP, &[dy])? {
        Place::Host => cpu::bias_gradient(g, dy),
        Place::Device(device) => column_sums(device, OP, dy, g.k),
    }
}
