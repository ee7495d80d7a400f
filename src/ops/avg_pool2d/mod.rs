//! Average pooling: over windows without padding, and over the whole picture.

#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::tensor::{Buffer, Element, Tensor};
use crate::{Error, Result};

/// Window and step of an average pool, in pixels: [rows, columns].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvgPool2d {
    /// Size of the window, ≥ 1.
    pub kernel: [usize; 2],
    /// Step between windows, ≥ 1.
    pub stride: [usize; 2],
}

impl<T: Element> Var<T> {
    /// Mean of every window: `[N,H,W,C]` to `[N,P,Q,C]`, P = ⌊(H − kernel)/stride⌋ + 1.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,C]` or smaller than the window;
    /// [`Error::Argument`] if window or step is 0.
    pub fn avg_pool2d(&self, options: AvgPool2d) -> Result<Var<T>> {
        let shape = *self.shape();
        let &[n, h, w, c] = shape.dims() else {
            return Err(Error::shape("avg_pool2d", "self", "[N, H, W, C]", shape));
        };
        let ([kh, kw], [sh, sw]) = (options.kernel, options.stride);
        if kh * kw * sh * sw == 0 {
            let found = format!("{options:?}");
            return Err(Error::argument("avg_pool2d", "options", "lengths ≥ 1", found));
        }
        if h < kh || w < kw {
            let expected = format!("at least {kh}×{kw} pixels");
            return Err(Error::shape("avg_pool2d", "self", expected, shape));
        }
        let (p, q) = ((h - kh) / sh + 1, (w - kw) / sw + 1);
        let share = T::of(1.0 / (kh * kw) as f64);
        // Every pair (output pixel, input pixel of its window), in a fixed order.
        let pairs = move |f: &mut dyn FnMut(usize, usize)| {
            for pixel in 0..n * p * q {
                let (image, row, column) = (pixel / (p * q), pixel / q % p, pixel % q);
                for r in 0..kh {
                    for s in 0..kw {
                        let at = (image * h + row * sh + r) * w + column * sw + s;
                        f(pixel * c, at * c);
                    }
                }
            }
        };
        let x = self.value().host("avg_pool2d")?;
        let mut y = Buffer::filled(n * p * q * c, T::zero());
        pairs(&mut |to, from| {
            let x = &x[from..from + c];
            y[to..to + c].iter_mut().zip(x).for_each(|(y, &x)| *y += x);
        });
        y.iter_mut().for_each(|y| *y *= share);
        let value = Tensor::from_buffer([n, p, q, c], y)?;
        Ok(Var::from_op("avg_pool2d", &[self], value, || {
            move |dy: Tensor<T>, _| {
                let dy = dy.host("avg_pool2d")?;
                let mut dx = Buffer::filled(shape.len(), T::zero());
                pairs(&mut |from, to| {
                    let dy = &dy[from..from + c];
                    dx[to..to + c]
                        .iter_mut()
                        .zip(dy)
                        .for_each(|(dx, &dy)| *dx += dy * share);
                });
                Ok(vec![Some(Tensor::from_buffer(shape, dx)?)])
            }
        }))
    }

    /// Mean over all pixels: `[N,H,W,C]` to `[N,1,1,C]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,C]` or has no pixels.
    pub fn global_avg_pool2d(&self) -> Result<Var<T>> {
        let kernel = match *self.dims() {
            [_, h, w, _] => [h, w],
            _ => return Err(Error::shape("avg_pool2d", "self", "[N, H, W, C]", self.shape())),
        };
        self.avg_pool2d(AvgPool2d {
            kernel,
            stride: [1, 1],
        })
    }
}
