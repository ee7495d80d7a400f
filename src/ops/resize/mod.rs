//! Bicubic resizing and its adjoint: the cubic convolution kernel with a = −0.75, half-pixel
//! centres (`align_corners=False`), borders repeated, no antialiasing — PyTorch's
//! `interpolate(mode="bicubic")`.

mod taps;
#[cfg(test)]
mod tests;

pub(crate) use taps::Taps;

use crate::autograd::Var;
use crate::ops::parallel::{chunks, wide};
use crate::tensor::{Buffer, Element, Tensor};
use crate::{Error, Result};

impl<T: Element> Var<T> {
    /// `[N,H,W,C]` resized to `[N,height,width,C]`; any size to any size ≥ 1.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input is not `[N,H,W,C]` with at least one pixel;
    /// [`Error::Argument`] if the target is empty.
    pub fn resize_bicubic(&self, height: usize, width: usize) -> Result<Var<T>> {
        let &[n, h, w, c] = self.dims() else {
            return Err(Error::shape(
                "resize_bicubic",
                "self",
                "[N, H, W, C]",
                self.shape(),
            ));
        };
        if h * w == 0 {
            let expected = "at least one pixel";
            return Err(Error::shape("resize_bicubic", "self", expected, self.shape()));
        }
        if height * width == 0 {
            let found = format!("{height}×{width}");
            return Err(Error::argument("resize_bicubic", "size", "at least 1×1", found));
        }
        if [h, w] == [height, width] {
            return Ok(self.clone());
        }
        let (rows, columns) = (Taps::<T>::new(h, height), Taps::<T>::new(w, width));
        let values = self.value().host("resize_bicubic")?;
        let mut out = Buffer::dirty(n * height * width * c);
        chunks(&mut out, height * width * c, |i, out| {
            let mut between = Buffer::dirty(height * w * c);
            wide(|| {
                rows.apply(&values[i * h * w * c..][..h * w * c], w * c, &mut between);
                for (out, row) in out.chunks_mut(width * c).zip(between.chunks(w * c)) {
                    columns.apply(row, c, out);
                }
            });
        });
        let value = Tensor::from_buffer([n, height, width, c], out)?;
        Ok(Var::from_op("resize_bicubic", &[self], value, || {
            move |dy: Tensor<T>, _| {
                let dy = dy.host("resize_bicubic")?;
                let mut dx = Buffer::dirty(n * h * w * c);
                chunks(&mut dx, h * w * c, |i, dx| {
                    let mut between = Buffer::dirty(height * w * c);
                    wide(|| {
                        let dy = dy[i * height * width * c..][..height * width * c].chunks(width * c);
                        for (row, dy) in between.chunks_mut(w * c).zip(dy) {
                            columns.apply_adjoint(dy, c, row);
                        }
                        rows.apply_adjoint(&between, w * c, dx);
                    });
                });
                Ok(vec![Some(Tensor::from_buffer([n, h, w, c], dx)?)])
            }
        }))
    }
}
