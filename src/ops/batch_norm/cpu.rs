//! Batch normalisation on the CPU: rows of C channels, summed in blocks of a fixed number of rows.

use super::{BatchNormEpilogue, Normalisation, OP, ParameterGradients, Statistics};
use crate::Result;
use crate::ops::parallel::{ELEMENTWISE, SERIAL_BELOW, chunk_pairs, chunks, wide};
use crate::tensor::{Buffer, Element, Tensor};
use rayon::prelude::*;
use std::ops::Range;

/// Rows that are summed in the element type; the blocks' sums are added in f64, in order.
const BLOCK_ROWS: usize = 256;

/// Channels that are summed together: a few registers' worth.
const GROUP: usize = 64;

/// Rows of C channels.
#[derive(Clone, Copy)]
struct Rows<'a, T> {
    values: &'a [T],
    channels: usize,
}

impl<'a, T: Element> Rows<'a, T> {
    fn of(tensor: &'a Tensor<T>, channels: usize) -> Result<Self> {
        let values = tensor.host(OP)?;
        Ok(Self { values, channels })
    }

    /// The part of one row.
    #[inline(always)]
    fn part(&self, row: usize, channels: &Range<usize>) -> &'a [T] {
        &self.values[row * self.channels + channels.start..row * self.channels + channels.end]
    }
}

/// Per channel: N sums over all rows, in f64. `term` adds the rows of a block, in their order, to the sums of a group
/// of channels.
fn channel_sums<T: Element, const N: usize>(
    rows: usize,
    channels: usize,
    term: impl Fn(Range<usize>, Range<usize>, &mut [[T; GROUP]; N]) + Sync,
) -> [Vec<f64>; N] {
    let groups = channels.div_ceil(GROUP);
    let jobs = rows.div_ceil(BLOCK_ROWS) * groups;
    let range = |number: usize, length: usize, end: usize| number * length..end.min((number + 1) * length);
    let one = |job: usize| {
        let mut sums = [[T::zero(); GROUP]; N];
        let block = range(job / groups, BLOCK_ROWS, rows);
        wide(|| term(block, range(job % groups, GROUP, channels), &mut sums));
        sums
    };
    let parts: Vec<[[T; GROUP]; N]> = if rows * channels < SERIAL_BELOW {
        (0..jobs).map(one).collect()
    } else {
        (0..jobs).into_par_iter().map(one).collect()
    };
    let mut totals = [(); N].map(|()| vec![0.0; channels]);
    for (job, part) in parts.iter().enumerate() {
        for (total, part) in totals.iter_mut().zip(part) {
            let group = total[job % groups * GROUP..].iter_mut();
            group.zip(part).for_each(|(total, part)| *total += part.as_f64());
        }
    }
    totals
}

/// Rows of a tile for passes that sum nothing.
fn tile(channels: usize) -> usize {
    (ELEMENTWISE / channels.max(1)).max(1) * channels
}

/// The statistics of a batch, in two passes (no cancellation).
pub(super) fn statistics<T: Element>(x: &Tensor<T>, channels: usize) -> Result<Statistics<T>> {
    let values = Rows::of(x, channels)?;
    let rows = x.len() / channels.max(1);
    let average =
        |[sums]: [Vec<f64>; 1]| -> Vec<T> { sums.into_iter().map(|sum| T::of(sum / rows as f64)).collect() };
    let mean = average(channel_sums(
        rows,
        channels,
        |block, group, [sums]: &mut [[T; GROUP]; 1]| {
            for row in block {
                let row = values.part(row, &group).iter();
                sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += x);
            }
        },
    ));
    let variance = average(channel_sums(
        rows,
        channels,
        |block, group, [sums]: &mut [[T; GROUP]; 1]| {
            let mean = &mean[group.clone()];
            for row in block {
                let row = values.part(row, &group).iter().zip(mean);
                for (sum, (&x, &mean)) in sums.iter_mut().zip(row) {
                    *sum += (x - mean) * (x - mean);
                }
            }
        },
    ));
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

/// (x − mean) · inverse_std · gamma + beta, as one multiplication and one addition; and the epilogue.
pub(super) fn forward<T: Element>(
    x: &Tensor<T>,
    normalisation: &Normalisation<T>,
    beta: &Tensor<T>,
    epilogue: BatchNormEpilogue<'_, T>,
) -> Result<Tensor<T>> {
    let values = x.host(OP)?;
    let residual = epilogue.residual.map(|r| r.value().host(OP)).transpose()?;
    let PerChannel { mean, scale, .. } = PerChannel::of(normalisation)?;
    let beta = beta.host(OP)?;
    let channels = mean.len();
    let normalised = |x: &[T], out: &mut [T]| {
        let by = mean.iter().zip(&scale).zip(beta);
        for ((out, &x), ((&mean, &scale), &beta)) in out.iter_mut().zip(x).zip(by) {
            *out = (x - mean) * scale + beta;
        }
    };
    let mut out = Buffer::dirty(values.len());
    let tile = tile(channels);
    chunks(&mut out, tile, |i, out| {
        let part = i * tile..i * tile + out.len();
        wide(|| {
            let rows = values[part.clone()].chunks_exact(channels);
            for (out, x) in out.chunks_exact_mut(channels).zip(rows) {
                normalised(x, out);
            }
            add_and_rectify(out, residual.map(|r| &r[part]), epilogue.relu);
        });
    });
    Tensor::from_buffer(*x.shape(), out)
}

/// The epilogue on a tile that is still in the cache.
#[inline(always)]
fn add_and_rectify<T: Element>(y: &mut [T], residual: Option<&[T]>, relu: bool) {
    if let Some(residual) = residual {
        y.iter_mut().zip(residual).for_each(|(y, &r)| *y += r);
    }
    if relu {
        y.iter_mut()
            .for_each(|y| *y = if *y <= T::zero() { T::zero() } else { *y });
    }
}

/// What a ReLU with output `y` lets through of `dy`.
#[inline(always)]
fn passed<T: Element>(dy: T, y: T) -> T {
    if y <= T::zero() { T::zero() } else { dy }
}

/// Σ dy, and with `x` Σ dy · x̂, in one pass; of what a ReLU with output `y` lets through, if there was one.
pub(super) fn parameter_gradients<T: Element>(
    dy: &Tensor<T>,
    y: Option<&Tensor<T>>,
    x: Option<&Tensor<T>>,
    normalisation: &Normalisation<T>,
) -> Result<ParameterGradients<T>> {
    let PerChannel {
        mean, inverse_std, ..
    } = PerChannel::of(normalisation)?;
    let channels = mean.len();
    let rows = dy.len() / channels.max(1);
    let dy = Rows::of(dy, channels)?;
    // Without a ReLU all of dy passes: then dy stands for the output in the loops, and `open` lets it through.
    let open = y.is_none();
    let y = y.map_or(Ok(dy), |y| Rows::of(y, channels))?;
    let let_through = |dy: T, y: T| if open { dy } else { passed(dy, y) };
    let Some(x) = x else {
        let [of_bias] = channel_sums(rows, channels, |block, group, [sums]: &mut [[T; GROUP]; 1]| {
            for row in block {
                let row = dy.part(row, &group).iter().zip(y.part(row, &group));
                for (sum, (&dy, &y)) in sums.iter_mut().zip(row) {
                    *sum += let_through(dy, y);
                }
            }
        });
        return Ok(ParameterGradients {
            of_bias: Tensor::from_fn([channels], |c| T::of(of_bias[c])),
            of_weight: None,
        });
    };
    let x = Rows::of(x, channels)?;
    let [of_bias, of_weight] = channel_sums(
        rows,
        channels,
        |block, group, [first, second]: &mut [[T; GROUP]; 2]| {
            let mean = &mean[group.clone()];
            for row in block {
                let gradients = dy.part(row, &group).iter().zip(y.part(row, &group));
                let centred = x.part(row, &group).iter().zip(mean);
                let sums = first.iter_mut().zip(second.iter_mut());
                for ((first, second), ((&dy, &y), (&x, &mean))) in sums.zip(gradients.zip(centred)) {
                    let dy = let_through(dy, y);
                    *first += dy;
                    *second += dy * (x - mean);
                }
            }
        },
    );
    let normalised = |c: usize| T::of(of_weight[c] * inverse_std[c].as_f64());
    Ok(ParameterGradients {
        of_bias: Tensor::from_fn([channels], |c| T::of(of_bias[c])),
        of_weight: Some(Tensor::from_fn([channels], normalised)),
    })
}

/// dx = gamma · inverse_std · (dy − mean(dy) − x̂ · mean(dy · x̂)), of what a ReLU with output `y` lets through of
/// `dy`; that itself comes second if `for_residual`. Written over `dy` where its memory is its own.
pub(super) fn dx_train<T: Element>(
    mut dy: Tensor<T>,
    y: Option<&Tensor<T>>,
    x: &Tensor<T>,
    normalisation: &Normalisation<T>,
    [sum_dy, sum_normalised]: [&Tensor<T>; 2],
    for_residual: bool,
) -> Result<(Tensor<T>, Option<Tensor<T>>)> {
    let values = x.host(OP)?;
    let y = y.map(|y| y.host(OP)).transpose()?;
    let PerChannel {
        mean,
        inverse_std,
        scale,
    } = PerChannel::of(normalisation)?;
    let channels = mean.len();
    let count = T::of((values.len() / channels.max(1)) as f64);
    let shift: Vec<T> = sum_dy.host(OP)?.iter().map(|&sum| sum / count).collect();
    let sums = sum_normalised.host(OP)?.iter().zip(&inverse_std);
    let slope: Vec<T> = sums.map(|(&sum, &s)| sum / count * s).collect();
    let rectify = |first: usize, dy: &mut [T]| {
        if let Some(y) = y {
            let pairs = dy.iter_mut().zip(&y[first..]);
            pairs.for_each(|(dy, &y)| *dy = passed(*dy, y));
        }
    };
    let differentiate = |first: usize, out: &mut [T]| {
        let rows = values[first..first + out.len()].chunks_exact(channels);
        for (out, x) in out.chunks_exact_mut(channels).zip(rows) {
            let by = mean.iter().zip(&scale).zip(shift.iter().zip(&slope));
            for ((out, &x), ((&mean, &scale), (&shift, &slope))) in out.iter_mut().zip(x).zip(by) {
                *out = scale * (*out - shift - (x - mean) * slope);
            }
        }
    };
    let shape = *dy.shape();
    let tile = tile(channels);
    let of_output = dy.make_mut(OP)?;
    if for_residual {
        let mut dx = Buffer::dirty(of_output.len());
        chunk_pairs([&mut *dx, of_output], tile, |i, dx, dy| {
            wide(|| {
                rectify(i * tile, dy);
                dx.copy_from_slice(dy);
                differentiate(i * tile, dx);
            });
        });
        return Ok((Tensor::from_buffer(shape, dx)?, Some(dy)));
    }
    chunks(of_output, tile, |i, dx| {
        wide(|| {
            rectify(i * tile, dx);
            differentiate(i * tile, dx);
        });
    });
    Ok((dy, None))
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
