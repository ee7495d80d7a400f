//! Maximum pooling on the CPU, image by image.

use super::{Geometry, OP};
use crate::Result;
use crate::ops::parallel::chunks;
use crate::tensor::{Buffer, Element, Tensor};

/// The maxima and their positions.
pub(super) fn forward<T: Element>(g: &Geometry, x: &Tensor<T>) -> Result<(Tensor<T>, Vec<u32>)> {
    let ([n, h, w, c], [_, p, q, _]) = (g.input, g.output);
    let (kernel, stride, padding) = (g.kernel, g.stride, g.padding);
    let x = x.host(OP)?;
    let image = g.image();
    // Value and position (within the image) of every maximum, filled together.
    let mut best: Vec<(T, u32)> = vec![(T::neg_infinity(), u32::MAX); n * p * q * c];
    chunks(&mut best, p * q * c, |image_index, best| {
        let x = &x[image_index * image..(image_index + 1) * image];
        for (pixel, best) in best.chunks_mut(c).enumerate() {
            let (top, left) = (pixel / q * stride, pixel % q * stride);
            for row in (top.max(padding) - padding)..(top + kernel).saturating_sub(padding).min(h) {
                for column in (left.max(padding) - padding)..(left + kernel).saturating_sub(padding).min(w) {
                    let at = (row * w + column) * c;
                    for (channel, best) in best.iter_mut().enumerate() {
                        let value = x[at + channel];
                        // NaN wins, as in PyTorch, so that it cannot hide.
                        if best.1 == u32::MAX || value > best.0 || value.is_nan() {
                            *best = (value, (at + channel) as u32);
                        }
                    }
                }
            }
        }
    });
    let value = Tensor::from_fn(g.output, |i| best[i].0);
    Ok((value, best.into_iter().map(|(_, from)| from).collect()))
}

/// Every gradient goes where its maximum came from.
pub(super) fn backward<T: Element>(g: &Geometry, dy: &Tensor<T>, from: &[u32]) -> Result<Tensor<T>> {
    let image = g.image();
    let outputs: usize = g.output[1..].iter().product();
    let dy = dy.host(OP)?;
    let mut dx = Buffer::dirty(g.input[0] * image);
    chunks(&mut dx, image, |i, dx| {
        dx.fill(T::zero());
        let range = i * outputs..(i + 1) * outputs;
        for (&from, &dy) in from[range.clone()].iter().zip(&dy[range]) {
            dx[from as usize] += dy;
        }
    });
    Tensor::from_buffer(g.input, dx)
}
