//! Cross-entropy of logits with hard or soft labels, one loss an image.

#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::softmax::log_softmax_rows;
use crate::tensor::{Buffer, Element, Tensor};
use crate::{Error, Result};

/// Checks that `logits` is [N, classes] and there is one label below `classes` an image.
pub(crate) fn check_labels<T: Element>(
    op: &'static str,
    logits: &Var<T>,
    labels: &[usize],
) -> Result<[usize; 2]> {
    let &[n, classes] = logits.dims() else {
        return Err(Error::shape(op, "self", "[N, classes]", logits.shape()));
    };
    if labels.len() != n {
        return Err(Error::argument(op, "labels", format!("{n} labels"), labels.len()));
    }
    match labels.iter().find(|&&label| label >= classes) {
        Some(label) => Err(Error::argument(op, "label", format!("below {classes}"), label)),
        None => Ok([n, classes]),
    }
}

impl<T: Element> Var<T> {
    /// −ln softmax(logits)`[label]` for every row of [N, classes]: `[N]`.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Argument`] if logits and labels do not fit.
    pub fn cross_entropy(&self, labels: &[usize]) -> Result<Var<T>> {
        let [n, classes] = check_labels("cross_entropy", self, labels)?;
        let mut log_p = Buffer::dirty(n * classes);
        log_softmax_rows(self.value().host("cross_entropy")?, classes.max(1), &mut log_p);
        let value = Tensor::from_fn([n], |i| -log_p[i * classes + labels[i]]);
        Ok(Var::from_op("cross_entropy", &[self], value, || {
            let labels = labels.to_vec();
            move |dy: Tensor<T>, _| {
                // d/dz = softmax − onehot
                let mut dx = Buffer::dirty(n * classes);
                let dy = dy.host("cross_entropy")?;
                for i in 0..n {
                    let row = i * classes..(i + 1) * classes;
                    for (dx, log_p) in dx[row.clone()].iter_mut().zip(&log_p[row]) {
                        *dx = dy[i] * log_p.exp();
                    }
                    dx[i * classes + labels[i]] -= dy[i];
                }
                Ok(vec![Some(Tensor::from_buffer([n, classes], dx)?)])
            }
        }))
    }

    /// −Σ target · ln softmax(logits) for every row, with `targets` [N, classes] constant: `[N]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes differ.
    pub fn soft_cross_entropy(&self, targets: &Tensor<T>) -> Result<Var<T>> {
        if self.shape().rank() != 2 || targets.shape() != self.shape() {
            let expected = format!("[N, classes] = {}", self.shape());
            return Err(Error::shape(
                "soft_cross_entropy",
                "targets",
                expected,
                targets.shape(),
            ));
        }
        self.log_softmax()?
            .mul(&Var::constant(targets.clone()))?
            .sum(1)?
            .affine(-T::one(), T::zero())
    }
}
