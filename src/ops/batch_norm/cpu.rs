//! Batch normalisation on the CPU: rows of C channels, summed in blocks of a fixed number of rows.

use super::{Normalisation, OP, ParameterGradients, Statistics};
use crate::Result;
use crate::ops::parallel::{chunks, wide};
use crate::tensor::{Buffer, Element, Tensor};
use rayon::prelude::*;

/// Rows that are summed in the element type; the blocks' sums are added in f64, in order.
const BLOCK_ROWS: usize = 256;

/// Per channel: Σ over all rows of `term(row's values)`, in f64. `term` adds a block of rows,
/// starting at a flat index, to a slice of C sums.
fn block_sums<T: Element>(
    rows: usize,
    width: usize,
    term: impl Fn(std::ops::Range<usize>, &mut [T]) + Sync,
) -> Vec<f64> {
    let blocks = rows.div_ceil(BLOCK_ROWS);
    let one = |block: usize| {
        let mut sums = vec![T::zero(); width];
        let range = block * BLOCK_ROWS..rows.min((block + 1) * BLOCK_ROWS);
        wide(|| term(range, &mut sums));
        sums
    };
    let parts: Vec<Vec<T>> = if blocks < 4 {
        (0..blocks).map(one).collect()
    } else {
        (0..blocks).into_par_iter().map(one).collect()
    };
    let mut total = vec![0.0; width];
    for part in parts {
        for (total, part) in total.iter_mut().zip(part) {
            *total += part.as_f64();
        }
    }
    total
}

/// The statistics of a batch, in two passes (no cancellation).
pub(super) fn statistics<T: Element>(x: &Tensor<T>, channels: usize) -> Result<Statistics<T>> {
    let values = x.host(OP)?;
    let rows = values.len() / channels.max(1);
    let average =
        |sums: Vec<f64>| -> Vec<T> { sums.into_iter().map(|sum| T::of(sum / rows as f64)).collect() };
    let mean = average(block_sums(rows, channels, |range, sums: &mut [T]| {
        for row in values[range.start * channels..range.end * channels].chunks_exact(channels) {
            sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += x);
        }
    }));
    let variance = average(block_sums(rows, channels, |range, sums: &mut [T]| {
        for row in values[range.start * channels..range.end * channels].chunks_exact(channels) {
            for ((sum, &x), &mean) in sums.iter_mut().zip(row).zip(&mean) {
                *sum += (x - mean) * (x - mean);
            }
        }
    }));
    let unbiased = T::of(rows as f64 / (rows - 1) as f64);
    Ok(Statistics {
        mean: Tensor::from_slice([channels], &mean)?,
        variance: Tensor::from_slice([channels], &variance)?,
        unbiased_variance: Tensor::from_fn([channels], |c| variance[c] * unbiased),
    })
}

/// The vectors over channels that one pass over the elements needs.
struct PerChannel<'a, T> {
    mean: &'a [T],
    inverse_std: Vec<T>,
    /// gamma · inverse_std.
    scale: Vec<T>,
}

impl<'a, T: Element> PerChannel<'a, T> {
    fn of(normalisation: &'a Normalisation<T>) -> Result<Self> {
        let variance = normalisation.variance.host(OP)?;
        let inverse_std: Vec<T> = variance
            .iter()
            .map(|&v| (v + normalisation.eps).sqrt().recip())
            .collect();
        let gamma = normalisation.weight.host(OP)?;
        Ok(Self {
            mean: normalisation.mean.host(OP)?,
            scale: gamma.iter().zip(&inverse_std).map(|(&g, &s)| g * s).collect(),
            inverse_std,
        })
    }
}

/// (x − mean) · inverse_std · gamma + beta, as one multiplication and one addition.
pub(super) fn forward<T: Element>(
    x: &Tensor<T>,
    normalisation: &Normalisation<T>,
    beta: &Tensor<T>,
) -> Result<Tensor<T>> {
    let values = x.host(OP)?;
    let PerChannel { mean, scale, .. } = PerChannel::of(normalisation)?;
    let beta = beta.host(OP)?;
    let channels = mean.len();
    let mut out = Buffer::dirty(values.len());
    chunks(&mut out, BLOCK_ROWS * channels, |i, out| {
        let first = i * BLOCK_ROWS * channels;
        wide(|| {
            let rows = values[first..first + out.len()].chunks_exact(channels);
            for (out, x) in out.chunks_exact_mut(channels).zip(rows) {
                for c in 0..channels {
                    out[c] = (x[c] - mean[c]) * scale[c] + beta[c];
                }
            }
        });
    });
    Tensor::from_buffer(*x.shape(), out)
}

/// Σ dy, and with `x` Σ dy · x̂, in one pass.
pub(super) fn parameter_gradients<T: Element>(
    dy: &Tensor<T>,
    x: Option<&Tensor<T>>,
    normalisation: &Normalisation<T>,
) -> Result<ParameterGradients<T>> {
    match x {
        Some(x) => both_gradients(dy, x, normalisation),
        None => bias_gradient(dy, normalisation.channels()),
    }
}

fn bias_gradient<T: Element>(dy: &Tensor<T>, channels: usize) -> Result<ParameterGradients<T>> {
    let values = dy.host(OP)?;
    let rows = values.len() / channels.max(1);
    let sums = block_sums(rows, channels, |range, sums: &mut [T]| {
        for row in values[range.start * channels..range.end * channels].chunks_exact(channels) {
            sums.iter_mut().zip(row).for_each(|(sum, &dy)| *sum += dy);
        }
    });
    Ok(ParameterGradients {
        of_bias: Tensor::from_fn([channels], |c| T::of(sums[c])),
        of_weight: None,
    })
}

fn both_gradients<T: Element>(
    dy: &Tensor<T>,
    x: &Tensor<T>,
    normalisation: &Normalisation<T>,
) -> Result<ParameterGradients<T>> {
    let (dy, x) = (dy.host(OP)?, x.host(OP)?);
    let PerChannel {
        mean, inverse_std, ..
    } = PerChannel::of(normalisation)?;
    let channels = mean.len();
    let sums = block_sums(
        x.len() / channels.max(1),
        2 * channels,
        |range, sums: &mut [T]| {
            let (first, second) = sums.split_at_mut(channels);
            let cut = range.start * channels..range.end * channels;
            let rows = dy[cut.clone()]
                .chunks_exact(channels)
                .zip(x[cut].chunks_exact(channels));
            for (dy, x) in rows {
                for c in 0..channels {
                    first[c] += dy[c];
                    second[c] += dy[c] * (x[c] - mean[c]);
                }
            }
        },
    );
    let (first, second) = sums.split_at(channels);
    let normalised = |c: usize| T::of(second[c] * inverse_std[c].as_f64());
    Ok(ParameterGradients {
        of_bias: Tensor::from_fn([channels], |c| T::of(first[c])),
        of_weight: Some(Tensor::from_fn([channels], normalised)),
    })
}

/// dx = gamma · inverse_std · (dy − mean(dy) − x̂ · mean(dy · x̂)).
pub(super) fn dx_train<T: Element>(
    mut dy: Tensor<T>,
    x: &Tensor<T>,
    normalisation: &Normalisation<T>,
    [sum_dy, sum_normalised]: [&Tensor<T>; 2],
) -> Result<Tensor<T>> {
    let x = x.host(OP)?;
    let PerChannel {
        mean,
        inverse_std,
        scale,
    } = PerChannel::of(normalisation)?;
    let channels = mean.len();
    let count = T::of((x.len() / channels.max(1)) as f64);
    let shift: Vec<T> = sum_dy.host(OP)?.iter().map(|&sum| sum / count).collect();
    let slope: Vec<T> = sum_normalised
        .host(OP)?
        .iter()
        .zip(&inverse_std)
        .map(|(&sum, &s)| sum / count * s)
        .collect();
    chunks(dy.make_mut(OP)?, BLOCK_ROWS * channels, |i, out| {
        let first = i * BLOCK_ROWS * channels;
        wide(|| {
            let rows = x[first..first + out.len()].chunks_exact(channels);
            for (out, x) in out.chunks_exact_mut(channels).zip(rows) {
                for c in 0..channels {
                    out[c] = scale[c] * (out[c] - shift[c] - (x[c] - mean[c]) * slope[c]);
                }
            }
        });
    });
    Ok(dy)
}

/// dx = gamma · inverse_std · dy: the statistics are constants.
pub(super) fn dx_eval<T: Element>(mut dy: Tensor<T>, normalisation: &Normalisation<T>) -> Result<Tensor<T>> {
    let PerChannel { scale, .. } = PerChannel::of(normalisation)?;
    let channels = scale.len();
    chunks(dy.make_mut(OP)?, BLOCK_ROWS * channels, |_, out| {
        wide(|| {
            for out in out.chunks_exact_mut(channels) {
                out.iter_mut().zip(&scale).for_each(|(out, &scale)| *out *= scale);
            }
        });
    });
    Ok(dy)
}

/// running ← (1 − momentum) · running + momentum · batch.
pub(super) fn move_running<T: Element>(
    running: &mut Tensor<T>,
    batch: &Tensor<T>,
    momentum: T,
) -> Result<()> {
    let batch = batch.host(OP)?;
    for (running, &batch) in running.make_mut(OP)?.iter_mut().zip(batch) {
        *running = (T::one() - momentum) * *running + momentum * batch;
    }
    Ok(())
}
