//! Batch normalisation over the innermost axis (Ioffe & Szegedy 2015), one operation with a
//! closed-form backward rule: `[N,H,W,C]` ("2d") and `[N,C]` ("1d") alike.
//!
//! Train or eval is an argument and has nothing to do with whether gradients are tracked: an
//! attack differentiates through eval mode. The running statistics are the caller's; this
//! operation returns the batch's and changes nothing.

mod cpu;
#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// Whose statistics normalise.
#[derive(Clone, Copy, Debug)]
pub enum BatchNormMode<'a, T: Element> {
    /// The batch's own mean and biased variance; gradients flow through them.
    Train,
    /// Stored ones, as constants.
    Eval {
        /// Running mean `[C]`.
        mean: &'a Tensor<T>,
        /// Running variance `[C]`.
        variance: &'a Tensor<T>,
    },
}

/// What a training pass saw.
#[derive(Clone, Debug)]
pub struct BatchStatistics<T: Element> {
    /// Mean over all but the last axis, `[C]`.
    pub mean: Tensor<T>,
    /// Unbiased variance (divided by count − 1), `[C]`: what running statistics are updated with.
    pub unbiased_variance: Tensor<T>,
}

impl<T: Element> Var<T> {
    /// (x − mean)/√(variance + eps) · `weight` + `bias` for every channel of the last axis.
    /// In training mode the batch's statistics come back too.
    ///
    /// # Errors
    /// [`Error::Shape`] if weight, bias or the statistics are not `[C]`, or if in training mode a
    /// channel has fewer than two values.
    pub fn batch_norm(
        &self,
        weight: &Var<T>,
        bias: &Var<T>,
        mode: BatchNormMode<'_, T>,
        eps: T,
    ) -> Result<(Var<T>, Option<BatchStatistics<T>>)> {
        let channels = self.shape().last();
        let check = |arg, shape: &crate::tensor::Shape| {
            if shape.dims() == [channels] {
                Ok(())
            } else {
                Err(Error::shape("batch_norm", arg, format!("[{channels}]"), shape))
            }
        };
        check("weight", weight.shape())?;
        check("bias", bias.shape())?;
        let x = self.value();
        let (mean, variance, statistics) = match mode {
            BatchNormMode::Train => {
                let count = x.len() / channels.max(1);
                if count < 2 {
                    let expected = "at least two values a channel in training mode";
                    return Err(Error::shape("batch_norm", "self", expected, self.shape()));
                }
                let (mean, variance) = cpu::statistics(x, channels)?;
                let unbiased = T::of(count as f64 / (count - 1) as f64);
                let statistics = BatchStatistics {
                    mean: Tensor::from_slice([channels], &mean)?,
                    unbiased_variance: Tensor::from_fn([channels], |c| variance[c] * unbiased),
                };
                (mean, variance, Some(statistics))
            }
            BatchNormMode::Eval { mean, variance } => {
                check("running mean", mean.shape())?;
                check("running variance", variance.shape())?;
                (mean.to_vec()?, variance.to_vec()?, None)
            }
        };
        let inverse_std: Vec<T> = variance.iter().map(|&v| (v + eps).sqrt().recip()).collect();
        let gamma = weight.value().to_vec()?;
        let value = cpu::normalise(x, &mean, &inverse_std, &gamma, bias.value().host("batch_norm")?)?;
        let train = statistics.is_some();
        let x = (train || weight.tracked()).then(|| x.clone());
        let y = Var::from_op("batch_norm", &[self, weight, bias], value, || {
            move |dy: Tensor<T>, needs| {
                let sums = match &x {
                    Some(x) if train || needs.want(1) || needs.want(2) => {
                        cpu::gradient_sums(&dy, x, &mean, &inverse_std)?
                    }
                    _ => cpu::GradientSums::bias_only(&dy, channels, needs.want(2))?,
                };
                let dw = needs.gradient(1, || Tensor::from_slice([channels], &sums.of_normalised))?;
                let db = needs.gradient(2, || Tensor::from_slice([channels], &sums.of_gradient))?;
                let dx = needs.gradient(0, || match (&x, train) {
                    (Some(x), true) => cpu::dx_train(dy, x, &mean, &inverse_std, &gamma, &sums),
                    _ => cpu::dx_eval(dy, &inverse_std, &gamma),
                })?;
                Ok(vec![dx, dw, db])
            }
        });
        Ok((y, statistics))
    }
}
