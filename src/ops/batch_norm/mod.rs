//! Batch normalisation over the innermost axis (Ioffe & Szegedy 2015), one operation with a
//! closed-form backward rule: `[N,H,W,C]` ("2d") and `[N,C]` ("1d") alike.
//!
//! Train or eval is an argument and has nothing to do with whether gradients are tracked: an
//! attack differentiates through eval mode. The running statistics are the caller's; this
//! operation returns the batch's and changes nothing.
//!
//! What follows the normalisation in a residual network, relu(norm(x) + residual), happens in the same pass over
//! memory where the processor does it ([`Var::batch_norm_then`]).

mod cpu;
mod cuda;
#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::elementwise::relu_gradient;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Shape, Tensor};
use crate::{Error, Result};
use std::sync::Arc;

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

/// What follows batch normalisation: relu(norm(x) + residual), every step optional.
#[derive(Clone, Copy)]
pub struct BatchNormEpilogue<'a, T: Element> {
    /// Added, of the input's shape.
    pub residual: Option<&'a Var<T>>,
    /// Whether negative results become 0.
    pub relu: bool,
}

impl<T: Element> Default for BatchNormEpilogue<'_, T> {
    /// Nothing.
    fn default() -> Self {
        Self {
            residual: None,
            relu: false,
        }
    }
}

impl<T: Element> Var<T> {
    /// [`Var::batch_norm`] and what follows it: the same numbers as of the single operations, and the graph keeps the
    /// input and the output alone. A device runs the single operations.
    ///
    /// # Errors
    /// As [`Var::batch_norm`]; [`Error::Shape`] if the residual does not have the input's shape.
    pub fn batch_norm_then(
        &self,
        weight: &Var<T>,
        bias: &Var<T>,
        mode: BatchNormMode<'_, T>,
        eps: T,
        epilogue: BatchNormEpilogue<'_, T>,
    ) -> Result<(Var<T>, Option<BatchStatistics<T>>)> {
        if let Some(residual) = epilogue.residual
            && residual.shape() != self.shape()
        {
            return Err(Error::shape(OP, "residual", self.shape(), residual.shape()));
        }
        if self.value().accelerator().is_none() {
            return self.normalised(weight, bias, mode, eps, epilogue);
        }
        let (mut y, statistics) = self.batch_norm(weight, bias, mode, eps)?;
        if let Some(residual) = epilogue.residual {
            y = y.add(residual)?;
        }
        Ok((if epilogue.relu { y.relu()? } else { y }, statistics))
    }

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
        self.normalised(weight, bias, mode, eps, BatchNormEpilogue::default())
    }

    /// The operation in one step; an epilogue is for the host.
    fn normalised(
        &self,
        weight: &Var<T>,
        bias: &Var<T>,
        mode: BatchNormMode<'_, T>,
        eps: T,
        epilogue: BatchNormEpilogue<'_, T>,
    ) -> Result<(Var<T>, Option<BatchStatistics<T>>)> {
        let channels = self.shape().last();
        let check = |arg, shape: &Shape| {
            if shape.dims() == [channels] {
                Ok(())
            } else {
                Err(Error::shape(OP, arg, format!("[{channels}]"), shape))
            }
        };
        check("weight", weight.shape())?;
        check("bias", bias.shape())?;
        let x = self.value();
        let (mean, variance, statistics) = match mode {
            BatchNormMode::Train => {
                if x.len() / channels.max(1) < 2 {
                    let expected = "at least two values a channel in training mode";
                    return Err(Error::shape(OP, "self", expected, self.shape()));
                }
                let Statistics {
                    mean,
                    variance,
                    unbiased_variance,
                } = statistics(x, channels)?;
                let statistics = BatchStatistics {
                    mean: mean.clone(),
                    unbiased_variance,
                };
                (mean, variance, Some(statistics))
            }
            BatchNormMode::Eval { mean, variance } => {
                check("running mean", mean.shape())?;
                check("running variance", variance.shape())?;
                (mean.clone(), variance.clone(), None)
            }
        };
        let normalisation = Normalisation {
            mean,
            variance,
            weight: weight.value().clone(),
            eps,
        };
        let value = forward(x, &normalisation, bias.value(), epilogue)?;
        let train = statistics.is_some();
        let x = (train || weight.tracked()).then(|| x.clone());
        let rectified = epilogue.relu.then(|| value.clone());
        let mut inputs = vec![self, weight, bias];
        inputs.extend(epilogue.residual);
        let y = Var::from_op(OP, &inputs, value, || {
            move |dy: Tensor<T>, needs| {
                let y = rectified.as_ref();
                let sums = if (train && x.is_some()) || needs.want(1) || needs.want(2) {
                    Some(parameter_gradients(&dy, y, x.as_ref(), &normalisation)?)
                } else {
                    None
                };
                let of_statistics = match (&x, &sums) {
                    (Some(x), Some(sums)) if train => Some((x, sums)),
                    _ => None,
                };
                let (dx, of_residual) = match needs.want(0) || needs.want(3) {
                    true => {
                        let (dx, of_residual) =
                            input_gradients(dy, y, &normalisation, of_statistics, needs.want(3))?;
                        (Some(dx), of_residual)
                    }
                    false => (None, None),
                };
                let (dw, db) = sums.map_or((None, None), |sums| (sums.of_weight, Some(sums.of_bias)));
                let wanted = |i, gradient: Option<Tensor<T>>| gradient.filter(|_| needs.want(i));
                Ok(vec![wanted(0, dx), wanted(1, dw), wanted(2, db), of_residual])
            }
        });
        Ok((y, statistics))
    }
}

const OP: &str = "batch_norm";

/// What a batch is normalised with, and what its statistics are reported as, each `[C]`.
struct Statistics<T: Element> {
    mean: Tensor<T>,
    /// Divided by the number of rows.
    variance: Tensor<T>,
    /// Divided by the number of rows − 1.
    unbiased_variance: Tensor<T>,
}

/// (x − mean)/√(variance + eps) · weight, each `[C]`.
struct Normalisation<T: Element> {
    mean: Tensor<T>,
    variance: Tensor<T>,
    weight: Tensor<T>,
    eps: T,
}

impl<T: Element> Normalisation<T> {
    fn channels(&self) -> usize {
        self.weight.len()
    }

    /// Where `x` and these vectors are.
    fn place<'a>(&'a self, x: &'a Tensor<T>) -> Result<Place<'a>> {
        place(OP, &[x, &self.mean, &self.variance, &self.weight])
    }
}

/// The two sums over rows that the backward rule needs, `[C]`.
struct ParameterGradients<T: Element> {
    /// Σ dy.
    of_bias: Tensor<T>,
    /// Σ dy · x̂, if x was given.
    of_weight: Option<Tensor<T>>,
}

fn statistics<T: Element>(x: &Tensor<T>, channels: usize) -> Result<Statistics<T>> {
    match place(OP, &[x])? {
        Place::Host => cpu::statistics(x, channels),
        Place::Device(device) => cuda::statistics(device, x, channels),
    }
}

fn forward<T: Element>(
    x: &Tensor<T>,
    by: &Normalisation<T>,
    bias: &Tensor<T>,
    epilogue: BatchNormEpilogue<'_, T>,
) -> Result<Tensor<T>> {
    place(OP, &[x, bias])?;
    match by.place(x)? {
        Place::Host => cpu::forward(x, by, bias, epilogue),
        Place::Device(device) => cuda::forward(device, x, by, bias),
    }
}

/// Of the gradient `dy` of the output; `y` is the output if a ReLU made it, and lets `dy` through where it is positive.
fn parameter_gradients<T: Element>(
    dy: &Tensor<T>,
    y: Option<&Tensor<T>>,
    x: Option<&Tensor<T>>,
    by: &Normalisation<T>,
) -> Result<ParameterGradients<T>> {
    match by.place(dy)? {
        Place::Host => cpu::parameter_gradients(dy, y, x, by),
        Place::Device(device) => cuda::parameter_gradients(device, dy, x, by),
    }
}

/// The gradient of the input, and that of the residual if `for_residual`. `dy` and `y` as above; `of_statistics` is
/// there for the batch's statistics, which depend on the input themselves.
fn input_gradients<T: Element>(
    dy: Tensor<T>,
    y: Option<&Tensor<T>>,
    by: &Normalisation<T>,
    of_statistics: Option<(&Tensor<T>, &ParameterGradients<T>)>,
    for_residual: bool,
) -> Result<(Tensor<T>, Option<Tensor<T>>)> {
    let device = match by.place(&dy)? {
        Place::Host => None,
        Place::Device(device) => Some(Arc::clone(device)),
    };
    let Some((x, sums)) = of_statistics else {
        let dy = match y {
            Some(y) => relu_gradient(OP, dy, y)?,
            None => dy,
        };
        let of_residual = for_residual.then(|| dy.clone());
        let dx = match device {
            None => cpu::dx_eval(dy, by)?,
            Some(device) => cuda::dx_eval(&device, &dy, by)?,
        };
        return Ok((dx, of_residual));
    };
    let Some(of_weight) = &sums.of_weight else {
        return Err(Error::argument(OP, "sums", "those over dy · x̂ too", "none"));
    };
    let sums = [&sums.of_bias, of_weight];
    match device {
        None => cpu::dx_train(dy, y, x, by, sums, for_residual),
        Some(device) => Ok((cuda::dx_train(&device, &dy, x, by, sums)?, None)),
    }
}

/// Moves running statistics towards a batch's: running ← (1 − momentum) · running + momentum · batch.
pub(crate) fn move_running<T: Element>(
    running: &mut Tensor<T>,
    batch: &Tensor<T>,
    momentum: T,
) -> Result<()> {
    if running.shape() != batch.shape() {
        return Err(Error::shape(
            OP,
            "running statistics",
            batch.shape(),
            running.shape(),
        ));
    }
    let moved = match place(OP, &[&*running, batch])? {
        Place::Host => return cpu::move_running(running, batch, momentum),
        Place::Device(device) => cuda::moved(device, running, batch, momentum)?,
    };
    *running = moved;
    Ok(())
}
