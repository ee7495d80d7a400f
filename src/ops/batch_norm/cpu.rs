//! Batch normalisation on the CPU: rows of C channels, summed in blocks of a fixed number of rows.

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

/// Mean and biased variance of every channel, in two passes (no cancellation).
pub(super) fn statistics<T: Element>(x: &Tensor<T>, channels: usize) -> Result<(Vec<T>, Vec<T>)> {
    let values = x.host("batch_norm")?;
    let rows = values.len() / channels;
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
    Ok((mean, variance))
}

/// (x − mean) · inverse_std · gamma + beta, as one multiplication and one addition.
pub(super) fn normalise<T: Element>(
    x: &Tensor<T>,
    mean: &[T],
    inverse_std: &[T],
    gamma: &[T],
    beta: &[T],
) -> Result<Tensor<T>> {
    let values = x.host("batch_norm")?;
    let channels = mean.len();
    let scale: Vec<T> = gamma.iter().zip(inverse_std).map(|(&g, &s)| g * s).collect();
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

/// The two sums over rows that the backward rule needs, per channel.
pub(super) struct GradientSums<T> {
    /// Σ dy: the gradient of the bias.
    pub of_gradient: Vec<T>,
    /// Σ dy · x̂: the gradient of the weight.
    pub of_normalised: Vec<T>,
}

impl<T: Element> GradientSums<T> {
    /// Only what the bias needs, or nothing.
    pub fn bias_only(dy: &Tensor<T>, channels: usize, wanted: bool) -> Result<Self> {
        let values = dy.host("batch_norm")?;
        let rows = if wanted { values.len() / channels.max(1) } else { 0 };
        let sums = block_sums(rows, channels, |range, sums: &mut [T]| {
            for row in values[range.start * channels..range.end * channels].chunks_exact(channels) {
                sums.iter_mut().zip(row).for_each(|(sum, &dy)| *sum += dy);
            }
        });
        Ok(Self {
            of_gradient: sums.into_iter().map(T::of).collect(),
            of_normalised: Vec::new(),
        })
    }
}

/// Both sums in one pass.
pub(super) fn gradient_sums<T: Element>(
    dy: &Tensor<T>,
    x: &Tensor<T>,
    mean: &[T],
    inverse_std: &[T],
) -> Result<GradientSums<T>> {
    let (dy, x) = (dy.host("batch_norm")?, x.host("batch_norm")?);
    let channels = mean.len();
    let sums = block_sums(x.len() / channels, 2 * channels, |range, sums: &mut [T]| {
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
    });
    let (first, second) = sums.split_at(channels);
    Ok(GradientSums {
        of_gradient: first.iter().map(|&sum| T::of(sum)).collect(),
        of_normalised: second
            .iter()
            .zip(inverse_std)
            .map(|(&sum, s)| T::of(sum * s.as_f64()))
            .collect(),
    })
}

/// dx = gamma · inverse_std · (dy − mean(dy) − x̂ · mean(dy · x̂)).
pub(super) fn dx_train<T: Element>(
    mut dy: Tensor<T>,
    x: &Tensor<T>,
    mean: &[T],
    inverse_std: &[T],
    gamma: &[T],
    sums: &GradientSums<T>,
) -> Result<Tensor<T>> {
    let x = x.host("batch_norm")?;
    let channels = mean.len();
    let count = T::of((x.len() / channels) as f64);
    let scale: Vec<T> = gamma.iter().zip(inverse_std).map(|(&g, &s)| g * s).collect();
    let shift: Vec<T> = sums.of_gradient.iter().map(|&sum| sum / count).collect();
    let slope: Vec<T> = sums
        .of_normalised
        .iter()
        .zip(inverse_std)
        .map(|(&sum, &s)| sum / count * s)
        .collect();
    chunks(dy.make_mut("batch_norm")?, BLOCK_ROWS * channels, |i, out| {
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
pub(super) fn dx_eval<T: Element>(mut dy: Tensor<T>, inverse_std: &[T], gamma: &[T]) -> Result<Tensor<T>> {
    let channels = gamma.len();
    let scale: Vec<T> = gamma.iter().zip(inverse_std).map(|(&g, &s)| g * s).collect();
    chunks(dy.make_mut("batch_norm")?, BLOCK_ROWS * channels, |_, out| {
        wide(|| {
            for out in out.chunks_exact_mut(channels) {
                out.iter_mut().zip(&scale).for_each(|(out, &scale)| *out *= scale);
            }
        });
    });
    Ok(dy)
}
