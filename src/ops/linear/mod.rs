//! Matrix products: `linear` with weights in PyTorch's layout, and plain `matmul`.

#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::gemm::{Left, gemm, transpose};
use crate::ops::parallel::{SERIAL_FLOPS, chunks_if};
use crate::tensor::{Buffer, Element, Tensor};
use crate::{Error, Result};
use rayon::prelude::*;

/// Rows of the left operand that one task multiplies.
const ROWS: usize = 64;

/// left (m×k) · right (k×n).
fn product<T: Element>(
    [m, n, k]: [usize; 3],
    left: &[T],
    right: &[T],
    accumulate_on: Option<&[T]>,
) -> Buffer<T> {
    let mut out = Buffer::dirty(m * n);
    chunks_if(2 * m * n * k >= SERIAL_FLOPS, &mut out, ROWS * n, |i, out| {
        let rows = out.len() / n.max(1);
        if let Some(bias) = accumulate_on {
            out.chunks_exact_mut(n).for_each(|row| row.copy_from_slice(bias));
        }
        let left = Left::rows(&left[i * ROWS * k..(i * ROWS + rows) * k], k);
        gemm([rows, n, k], left, right, out, accumulate_on.is_some());
    });
    out
}

/// leftᵀ (m×k, given as k×m) · right (k×n). The sum over k runs in one order whatever the number
/// of threads: they share out the rows.
fn transposed_product<T: Element>([m, n, k]: [usize; 3], left: &[T], right: &[T]) -> Buffer<T> {
    let mut out = Buffer::dirty(m * n);
    out.par_chunks_mut((ROWS * n).max(1))
        .enumerate()
        .for_each(|(i, out)| {
            let rows = out.len() / n;
            let left = Left {
                values: &left[(i * ROWS).min(left.len())..],
                ..Left::transposed(left, m)
            };
            gemm([rows, n, k], left, right, out, false);
        });
    out
}

fn matrix(op: &'static str, arg: &'static str, x: &Var<impl Element>) -> Result<[usize; 2]> {
    match *x.dims() {
        [rows, columns] => Ok([rows, columns]),
        _ => Err(Error::shape(op, arg, "two axes", x.shape())),
    }
}

impl<T: Element> Var<T> {
    /// `self` [N, in] · `weight`ᵀ [out, in] + `bias` `[out]`, giving [N, out].
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes do not fit.
    pub fn linear(&self, weight: &Var<T>, bias: Option<&Var<T>>) -> Result<Var<T>> {
        let [n, inputs] = matrix("linear", "self", self)?;
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
        let right = transpose(weight.value().host("linear")?, outputs, inputs);
        let b = bias.map(|b| b.value().host("linear")).transpose()?;
        let value = product([n, outputs, inputs], self.value().host("linear")?, &right, b);
        let value = Tensor::from_buffer([n, outputs], value)?;
        let x = weight.tracked().then(|| self.value().clone());
        let w = self.tracked().then(|| weight.value().clone());
        let mut operands = vec![self, weight];
        operands.extend(bias);
        Ok(Var::from_op("linear", &operands, value, || {
            move |dy: Tensor<T>, needs| {
                let g = dy.host("linear")?;
                let dx = match &w {
                    Some(w) => needs.gradient(0, || {
                        let dx = product([n, inputs, outputs], g, w.host("linear")?, None);
                        Tensor::from_buffer([n, inputs], dx)
                    })?,
                    None => None,
                };
                let dw = match &x {
                    Some(x) => needs.gradient(1, || {
                        let dw = transposed_product([outputs, inputs, n], g, x.host("linear")?);
                        Tensor::from_buffer([outputs, inputs], dw)
                    })?,
                    None => None,
                };
                let db = needs.gradient(2, || {
                    let mut db = Buffer::filled(outputs, T::zero());
                    for row in g.chunks_exact(outputs.max(1)) {
                        db.iter_mut().zip(row).for_each(|(db, &g)| *db += g);
                    }
                    Tensor::from_buffer([outputs], db)
                })?;
                Ok(vec![dx, dw, db])
            }
        }))
    }

    /// `self` [m, k] · `other` [k, n], giving [m, n].
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes do not fit.
    pub fn matmul(&self, other: &Var<T>) -> Result<Var<T>> {
        let [m, k] = matrix("matmul", "self", self)?;
        let [other_k, n] = matrix("matmul", "other", other)?;
        if other_k != k {
            return Err(Error::shape(
                "matmul",
                "other",
                format!("[{k}, n]"),
                other.shape(),
            ));
        }
        let (a, b) = (self.value().clone(), other.value().clone());
        let value = product([m, n, k], a.host("matmul")?, b.host("matmul")?, None);
        Ok(Var::from_op(
            "matmul",
            &[self, other],
            Tensor::from_buffer([m, n], value)?,
            || {
                move |dy: Tensor<T>, needs| {
                    let g = dy.host("matmul")?;
                    Ok(vec![
                        needs.gradient(0, || {
                            let right = transpose(b.host("matmul")?, k, n);
                            Tensor::from_buffer([m, k], product([m, k, n], g, &right, None))
                        })?,
                        needs.gradient(1, || {
                            let da = transposed_product([k, n, m], a.host("matmul")?, g);
                            Tensor::from_buffer([k, n], da)
                        })?,
                    ])
                }
            },
        ))
    }
}
