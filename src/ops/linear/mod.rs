//! Matrix products: `linear` with weights in PyTorch's layout, and plain `matmul`.

mod cpu;
mod cuda;
#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::place::{Place, place};
use crate::ops::{Conv2d, Precision};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Inputs of the widest layer whose products are rounded: the tiled kernels walk a sum in one block, the
/// f32 ones cut a long one into parts that run beside each other.
const MOST_ROUNDED_INPUTS: usize = 4096;

fn matrix(op: &'static str, arg: &'static str, x: &Var<impl Element>) -> Result<[usize; 2]> {
    match *x.dims() {
        [rows, columns] => Ok([rows, columns]),
        _ => Err(Error::shape(op, arg, "two axes", x.shape())),
    }
}

impl<T: Element> Var<T> {
    /// `self` [N, in] · `weight`ᵀ [out, in] + `bias` `[out]`, giving [N, out], in f32.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes do not fit.
    pub fn linear(&self, weight: &Var<T>, bias: Option<&Var<T>>) -> Result<Var<T>> {
        self.linear_in(Precision::F32, weight, bias)
    }

    /// [`Var::linear`] with its products in `precision` on an accelerator, forward and backward; layers
    /// with more than 4096 inputs, whose time goes into reading weights, stay in f32.
    ///
    /// # Errors
    /// As [`Var::linear`]; [`Error::Unsupported`] if the device lacks the precision.
    pub fn linear_in(&self, precision: Precision, weight: &Var<T>, bias: Option<&Var<T>>) -> Result<Var<T>> {
        let [rows, inputs] = matrix("linear", "self", self)?;
        let [outputs, weight_inputs] = matrix("linear", "weight", weight)?;
        if weight_inputs != inputs {
            return Err(Error::shape(
                "linear",
                "weight",
                format!("[out, {inputs}]"),
                weight.shape(),
            ));
        }
        if let Some(bias) = bias
            && bias.dims() != [outputs]
        {
            return Err(Error::shape(
                "linear",
                "bias",
                format!("[{outputs}]"),
                bias.shape(),
            ));
        }
        // Depends on the layer alone: an image's result must not depend on its batch.
        let rounded = precision != Precision::F32 && inputs <= MOST_ROUNDED_INPUTS;
        if rounded && self.value().accelerator().is_some() {
            // A linear layer is a 1×1 convolution of pictures of one pixel.
            let pixels = self.reshape([rows, 1, 1, inputs])?;
            let windows = weight.reshape([outputs, 1, 1, inputs])?;
            let options = Conv2d::square(1, 0).with_precision(precision);
            return pixels.conv2d(&windows, bias, options)?.reshape([rows, outputs]);
        }
        let value = times_transposed("linear", self.value(), weight.value(), bias.map(Var::value))?;
        // Each operand is kept only for the other's gradient.
        let x = weight.tracked().then(|| self.value().clone());
        let w = self.tracked().then(|| weight.value().clone());
        let mut operands = vec![self, weight];
        operands.extend(bias);
        Ok(Var::from_op("linear", &operands, value, || {
            move |dy: Tensor<T>, needs| {
                let dx = match &w {
                    Some(w) => needs.gradient(0, || times("linear", &dy, w))?,
                    None => None,
                };
                let dw = match &x {
                    Some(x) => needs.gradient(1, || transposed_times("linear", &dy, x))?,
                    None => None,
                };
                let db = needs.gradient(2, || column_sums("linear", &dy))?;
                Ok(vec![dx, dw, db])
            }
        }))
    }

    /// `self` [m, k] · `other` [k, n], giving [m, n].
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes do not fit.
    pub fn matmul(&self, other: &Var<T>) -> Result<Var<T>> {
        let [_, k] = matrix("matmul", "self", self)?;
        let [other_k, _] = matrix("matmul", "other", other)?;
        if other_k != k {
            return Err(Error::shape(
                "matmul",
                "other",
                format!("[{k}, n]"),
                other.shape(),
            ));
        }
        let (a, b) = (self.value().clone(), other.value().clone());
        let value = times("matmul", &a, &b)?;
        Ok(Var::from_op("matmul", &[self, other], value, || {
            move |dy: Tensor<T>, needs| {
                Ok(vec![
                    needs.gradient(0, || times_transposed("matmul", &dy, &b, None))?,
                    needs.gradient(1, || transposed_times("matmul", &a, &dy))?,
                ])
            }
        }))
    }
}

/// a (m×k) · b (k×n).
fn times<T: Element>(op: &'static str, a: &Tensor<T>, b: &Tensor<T>) -> Result<Tensor<T>> {
    match place(op, &[a, b])? {
        Place::Host => cpu::times(op, a, b),
        Place::Device(device) => cuda::times(device, op, a, b),
    }
}

/// a (m×k) · bᵀ (b n×k) + bias `[n]`.
fn times_transposed<T: Element>(
    op: &'static str,
    a: &Tensor<T>,
    b: &Tensor<T>,
    bias: Option<&Tensor<T>>,
) -> Result<Tensor<T>> {
    let mut operands = vec![a, b];
    operands.extend(bias);
    match place(op, &operands)? {
        Place::Host => cpu::times_transposed(op, a, b, bias),
        Place::Device(device) => cuda::times_transposed(device, op, a, b, bias),
    }
}

/// aᵀ (a k×m) · b (k×n).
fn transposed_times<T: Element>(op: &'static str, a: &Tensor<T>, b: &Tensor<T>) -> Result<Tensor<T>> {
    match place(op, &[a, b])? {
        Place::Host => cpu::transposed_times(op, a, b),
        Place::Device(device) => cuda::transposed_times(device, op, a, b),
    }
}

/// The sum over rows, `[columns]`.
fn column_sums<T: Element>(op: &'static str, x: &Tensor<T>) -> Result<Tensor<T>> {
    match place(op, &[x])? {
        Place::Host => cpu::column_sums(op, x),
        Place::Device(device) => crate::ops::column_sums::column_sums(device, op, x, x.shape().axis(1)),
    }
}

/// Rows and columns of a matrix.
fn sides<T: Element>(matrix: &Tensor<T>) -> [usize; 2] {
    [matrix.shape().axis(0), matrix.shape().axis(1)]
}
