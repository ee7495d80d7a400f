//! Average pooling on the CPU.

use super::{Geometry, OP};
use crate::Result;
use crate::tensor::{Buffer, Element, Tensor};

/// Calls `f` with every pair (output pixel, input pixel of its window), in a fixed order, each as the
/// place of its first channel.
fn pairs(g: &Geometry, mut f: impl FnMut(usize, usize)) {
    let ([n, h, w, c], [_, p, q, _]) = (g.input, g.output);
    let ([kh, kw], [sh, sw]) = (g.options.kernel, g.options.stride);
    for pixel in 0..n * p * q {
        let (image, row, column) = (pixel / (p * q), pixel / q % p, pixel % q);
        for r in 0..kh {
            for s in 0..kw {
                let at = (image * h + row * sh + r) * w + column * sw + s;
                f(pixel * c, at * c);
            }
        }
    }
}

/// The means.
pub(super) fn forward<T: Element>(g: &Geometry, x: &Tensor<T>) -> Result<Tensor<T>> {
    let c = g.input[3];
    let x = x.host(OP)?;
    let mut y = Buffer::filled(g.output.iter().product(), T::zero());
    pairs(g, |to, from| {
        let x = &x[from..from + c];
        y[to..to + c].iter_mut().zip(x).for_each(|(y, &x)| *y += x);
    });
    let share = T::of(g.share());
    y.iter_mut().for_each(|y| *y *= share);
    Tensor::from_buffer(g.output, y)
}

/// Every gradient, shared out over its window.
pub(super) fn backward<T: Element>(g: &Geometry, dy: &Tensor<T>) -> Result<Tensor<T>> {
    let c = g.input[3];
    let dy = dy.host(OP)?;
    let share = T::of(g.share());
    let mut dx = Buffer::filled(g.input.iter().product(), T::zero());
    pairs(g, |from, to| {
        let dy = &dy[from..from + c];
        dx[to..to + c]
            .iter_mut()
            .zip(dy)
            .for_each(|(dx, &dy)| *dx += dy * share);
    });
    Tensor::from_buffer(g.input, dx)
}
