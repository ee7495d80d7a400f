//! Launches of the batch normalisation kernels.

use super::{Normalisation, OP, ParameterGradients, Statistics};
use crate::Result;
use crate::device::kernels::batch_norm::{
    BatchNormArgs, EVAL_INPUT_GRADIENT, FORWARD, GRADIENT_SUMS, PARAMETER_GRADIENTS, RUNNING_AVERAGE,
    RunningAverageArgs, SQUARES, STATISTICS, SUMS, TRAIN_INPUT_GRADIENT,
};
use crate::device::{Accelerator, LaunchDims};
use crate::ops::column_sums::{PartsOfRows, column_sums};
use crate::ops::launch::int;
use crate::tensor::{Element, Tensor};
use bytemuck::Zeroable;
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// The lengths for a tensor of this many elements, with null addresses.
fn lengths(elements: usize, channels: usize) -> Result<BatchNormArgs> {
    Ok(BatchNormArgs {
        rows: (elements / channels.max(1)) as u64,
        channels: int(OP, channels)?,
        ..BatchNormArgs::zeroed()
    })
}

/// The same with the vectors that normalise.
fn arguments<T: Element>(elements: usize, by: &Normalisation<T>) -> Result<BatchNormArgs> {
    Ok(BatchNormArgs {
        weight: by.weight.address(),
        mean: by.mean.address(),
        variance: by.variance.address(),
        epsilon: by.eps.as_f64() as f32,
        ..lengths(elements, by.channels())?
    })
}

/// Two sums for every channel and part of the rows, which is how the kernels add over a batch.
struct Parts<T: Element> {
    sums: [Tensor<T>; 2],
    of_rows: PartsOfRows,
    channels: usize,
}

impl<T: Element> Parts<T> {
    /// Room for those of a tensor of this many elements.
    fn dirty_on(device: &Device, elements: usize, channels: usize) -> Result<Self> {
        let of_rows = PartsOfRows::of(elements / channels.max(1), channels);
        let room = || Tensor::dirty_on(device, [of_rows.count as usize, channels]);
        Ok(Self {
            sums: [room()?, room()?],
            of_rows,
            channels,
        })
    }

    fn arguments(&self, others: BatchNormArgs) -> BatchNormArgs {
        BatchNormArgs {
            first_parts: self.sums[0].address(),
            second_parts: self.sums[1].address(),
            part_rows: self.of_rows.rows as u64,
            part_count: self.of_rows.count as i32, // a few hundred at most
            ..others
        }
    }

    /// A block for each part and each block of channels.
    fn dims(&self) -> LaunchDims {
        LaunchDims::for_channels(self.channels).in_parts(self.of_rows.count)
    }
}

/// Mean and both variances of a batch.
pub(super) fn statistics<T: Element>(
    device: &Device,
    x: &Tensor<T>,
    channels: usize,
) -> Result<Statistics<T>> {
    let vector = || Tensor::dirty_on(device, [channels]);
    let statistics = Statistics {
        mean: vector()?,
        variance: vector()?,
        unbiased_variance: vector()?,
    };
    let parts = Parts::<T>::dirty_on(device, x.len(), channels)?;
    let args = parts.arguments(BatchNormArgs {
        x: x.address(),
        mean: statistics.mean.address(),
        variance: statistics.variance.address(),
        unbiased_variance: statistics.unbiased_variance.address(),
        ..lengths(x.len(), channels)?
    });
    SUMS.launch(&**device, parts.dims(), &args)?;
    SQUARES.launch(&**device, parts.dims(), &args)?;
    STATISTICS.launch(&**device, LaunchDims::for_channels(channels), &args)?;
    Ok(statistics)
}

/// The output, of x's shape.
pub(super) fn forward<T: Element>(
    device: &Device,
    x: &Tensor<T>,
    by: &Normalisation<T>,
    bias: &Tensor<T>,
) -> Result<Tensor<T>> {
    let y = Tensor::dirty_on(device, *x.shape())?;
    let args = BatchNormArgs {
        x: x.address(),
        y: y.address(),
        bias: bias.address(),
        ..arguments(x.len(), by)?
    };
    FORWARD.launch(&**device, LaunchDims::for_elements(y.len()), &args)?;
    Ok(y)
}

/// Σ dy, and with `x` Σ dy · x̂.
pub(super) fn parameter_gradients<T: Element>(
    device: &Device,
    dy: &Tensor<T>,
    x: Option<&Tensor<T>>,
    by: &Normalisation<T>,
) -> Result<ParameterGradients<T>> {
    let channels = by.channels();
    let Some(x) = x else {
        return Ok(ParameterGradients {
            of_bias: column_sums(device, OP, dy, channels)?,
            of_weight: None,
        });
    };
    let parts = Parts::<T>::dirty_on(device, dy.len(), channels)?;
    let of_bias = Tensor::dirty_on(device, [channels])?;
    let of_weight = Tensor::dirty_on(device, [channels])?;
    let args = parts.arguments(BatchNormArgs {
        x: x.address(),
        dy: dy.address(),
        dweight: of_weight.address(),
        dbias: of_bias.address(),
        ..arguments(dy.len(), by)?
    });
    GRADIENT_SUMS.launch(&**device, parts.dims(), &args)?;
    PARAMETER_GRADIENTS.launch(&**device, LaunchDims::for_channels(channels), &args)?;
    Ok(ParameterGradients {
        of_bias,
        of_weight: Some(of_weight),
    })
}

/// The input's gradient with the batch's statistics; `sums` are the parameters' gradients.
pub(super) fn dx_train<T: Element>(
    device: &Device,
    dy: &Tensor<T>,
    x: &Tensor<T>,
    by: &Normalisation<T>,
    [of_bias, of_weight]: [&Tensor<T>; 2],
) -> Result<Tensor<T>> {
    let dx = Tensor::dirty_on(device, *x.shape())?;
    let args = BatchNormArgs {
        x: x.address(),
        dy: dy.address(),
        dx: dx.address(),
        dweight: of_weight.address(),
        dbias: of_bias.address(),
        ..arguments(x.len(), by)?
    };
    TRAIN_INPUT_GRADIENT.launch(&**device, LaunchDims::for_elements(dx.len()), &args)?;
    Ok(dx)
}

/// The input's gradient with constant statistics.
pub(super) fn dx_eval<T: Element>(
    device: &Device,
    dy: &Tensor<T>,
    by: &Normalisation<T>,
) -> Result<Tensor<T>> {
    let dx = Tensor::dirty_on(device, *dy.shape())?;
    let args = BatchNormArgs {
        dy: dy.address(),
        dx: dx.address(),
        ..arguments(dy.len(), by)?
    };
    EVAL_INPUT_GRADIENT.launch(&**device, LaunchDims::for_elements(dx.len()), &args)?;
    Ok(dx)
}

/// (1 − momentum) · running + momentum · batch.
pub(super) fn moved<T: Element>(
    device: &Device,
    running: &Tensor<T>,
    batch: &Tensor<T>,
    momentum: T,
) -> Result<Tensor<T>> {
    let moved = Tensor::dirty_on(device, *running.shape())?;
    let args = RunningAverageArgs {
        running: running.address(),
        batch: batch.address(),
        moved: moved.address(),
        channels: running.len() as u64,
        momentum: momentum.as_f64() as f32,
        unused: 0,
    };
    RUNNING_AVERAGE.launch(&**device, LaunchDims::for_elements(moved.len()), &args)?;
    Ok(moved)
}
