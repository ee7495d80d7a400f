//! Maximum pooling with saved positions: the first maximum in row-major order wins, as in PyTorch.

#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::parallel::chunks;
use crate::tensor::{Buffer, Element, Tensor};
use crate::{Error, Result};

impl<T: Element> Var<T> {
    /// The largest value of every `kernel`×`kernel` window, `stride` apart, over a picture with
    /// `padding` (< kernel) pixels of −∞ around it: `[N,H,W,C]` to `[N,P,Q,C]`. ResNet's stem uses
    /// (3, 2, 1).
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,C]` or the window does not fit;
    /// [`Error::Argument`] if stride is 0 or padding ≥ kernel.
    pub fn max_pool2d(&self, kernel: usize, stride: usize, padding: usize) -> Result<Var<T>> {
        let shape = *self.shape();
        let &[n, h, w, c] = shape.dims() else {
            return Err(Error::shape("max_pool2d", "self", "[N, H, W, C]", shape));
        };
        if stride == 0 || padding >= kernel {
            let found = format!("kernel {kernel}, stride {stride}, padding {padding}");
            let expected = "stride ≥ 1 and padding below the kernel";
            return Err(Error::argument("max_pool2d", "window", expected, found));
        }
        if h + 2 * padding < kernel || w + 2 * padding < kernel {
            let expected = format!("at least {kernel}×{kernel} pixels after padding {padding}");
            return Err(Error::shape("max_pool2d", "self", expected, shape));
        }
        let p = (h + 2 * padding - kernel) / stride + 1;
        let q = (w + 2 * padding - kernel) / stride + 1;
        let x = self.value().host("max_pool2d")?;
        let image = h * w * c;
        // Value and position (within the image) of every maximum, filled together.
        let mut best: Vec<(T, u32)> = vec![(T::neg_infinity(), u32::MAX); n * p * q * c];
        chunks(&mut best, p * q * c, |image_index, best| {
            let x = &x[image_index * image..(image_index + 1) * image];
            for (pixel, best) in best.chunks_mut(c).enumerate() {
                let (top, left) = (pixel / q * stride, pixel % q * stride);
                for row in (top.max(padding) - padding)..(top + kernel).saturating_sub(padding).min(h) {
                    for column in
                        (left.max(padding) - padding)..(left + kernel).saturating_sub(padding).min(w)
                    {
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
        let value = Tensor::from_fn([n, p, q, c], |i| best[i].0);
        Ok(Var::from_op("max_pool2d", &[self], value, || {
            let from: Vec<u32> = best.into_iter().map(|(_, from)| from).collect();
            move |dy: Tensor<T>, _| {
                let dy = dy.host("max_pool2d")?;
                let mut dx = Buffer::dirty(shape.len());
                chunks(&mut dx, image, |i, dx| {
                    dx.fill(T::zero());
                    let range = i * p * q * c..(i + 1) * p * q * c;
                    for (&from, &dy) in from[range.clone()].iter().zip(&dy[range]) {
                        dx[from as usize] += dy;
                    }
                });
                Ok(vec![Some(Tensor::from_buffer(shape, dx)?)])
            }
        }))
    }
}
