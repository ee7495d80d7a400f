//! What does not change from call to call: sizes, resampling matrices, constants.

use crate::ops::resize::Taps;
use crate::tensor::Element;
use crate::{Error, Result};
use std::sync::Arc;

/// The resampling between full size and one view's resolution; nothing for full size itself.
pub(super) struct Resampling<T> {
    /// The view's height and width.
    pub resolution: usize,
    pub rows_down: Taps<T>,
    pub rows_up: Taps<T>,
    /// W × r, to multiply rows of pixels from the right; and its transpose.
    pub columns_down: Vec<T>,
    pub columns_down_adjoint: Vec<T>,
    /// r × W, and its transpose.
    pub columns_up: Vec<T>,
    pub columns_up_adjoint: Vec<T>,
}

/// The plan of a view stack for images of one size.
#[derive(Clone)]
pub struct ViewStack<T> {
    inner: Arc<Inner<T>>,
}

struct Inner<T> {
    size: [usize; 2],
    noise: T,
    /// Per channel (scale, shift) of the final normalisation: (x − mean)/std.
    normalise: [(T, T); 3],
    views: Vec<Option<Resampling<T>>>,
}

impl<T: Element> ViewStack<T> {
    /// Views of `height`×`width` images at `resolutions` (square, 1 to 4096; one equal to both
    /// height and width is not resampled), with uniform noise of amplitude `noise` added before
    /// and after upsampling, normalised by `mean` and `std` per colour (0 and 1: not at all).
    ///
    /// # Errors
    /// [`Error::Argument`] if a length is 0 or too large, there is no resolution or more than 255,
    /// or a number is not finite or a `std` not positive.
    pub fn new(
        [height, width]: [usize; 2],
        resolutions: &[usize],
        noise: f64,
        mean: [f64; 3],
        std: [f64; 3],
    ) -> Result<Self> {
        if resolutions.is_empty() || resolutions.len() > 255 {
            let found = resolutions.len();
            return Err(Error::argument(
                "view_stack",
                "resolutions",
                "1 to 255 of them",
                found,
            ));
        }
        for &length in resolutions.iter().chain([&height, &width]) {
            if !(1..=4096).contains(&length) {
                return Err(Error::argument(
                    "view_stack",
                    "resolution",
                    "1 to 4096 pixels",
                    length,
                ));
            }
        }
        if !noise.is_finite() || mean.iter().any(|m| !m.is_finite()) {
            let found = format!("{noise}, {mean:?}");
            return Err(Error::argument(
                "view_stack",
                "noise, mean",
                "finite numbers",
                found,
            ));
        }
        if std.iter().any(|&s| !(s > 0.0 && s.is_finite())) {
            let found = format!("{std:?}");
            return Err(Error::argument("view_stack", "std", "positive numbers", found));
        }
        let views = resolutions.iter().map(|&r| {
            ([height, width] != [r, r]).then(|| {
                let dense = |from: usize, to: usize| dense::<T>(&Taps::new(from, to), from, to);
                let (columns_down, columns_up) = (dense(width, r), dense(r, width));
                Resampling {
                    resolution: r,
                    rows_down: Taps::new(height, r),
                    rows_up: Taps::new(r, height),
                    columns_down_adjoint: transposed(&columns_down, width, r),
                    columns_up_adjoint: transposed(&columns_up, r, width),
                    columns_down,
                    columns_up,
                }
            })
        });
        Ok(Self {
            inner: Arc::new(Inner {
                size: [height, width],
                noise: T::of(noise),
                normalise: std::array::from_fn(|c| (T::of(1.0 / std[c]), T::of(-mean[c] / std[c]))),
                views: views.collect(),
            }),
        })
    }

    /// Height and width of the images, in pixels.
    pub fn size(&self) -> [usize; 2] {
        self.inner.size
    }

    /// Number of views.
    pub fn views(&self) -> usize {
        self.inner.views.len()
    }

    pub(super) fn noise(&self) -> T {
        self.inner.noise
    }

    pub(super) fn normalise(&self) -> [(T, T); 3] {
        self.inner.normalise
    }

    pub(super) fn resampling(&self) -> &[Option<Resampling<T>>] {
        &self.inner.views
    }
}

/// The resampling as a from×to matrix.
fn dense<T: Element>(taps: &Taps<T>, from: usize, to: usize) -> Vec<T> {
    let identity: Vec<T> = (0..from * from)
        .map(|i| if i / from == i % from { T::one() } else { T::zero() })
        .collect();
    let mut by_output = vec![T::zero(); to * from];
    taps.apply(&identity, from, &mut by_output);
    transposed(&by_output, to, from)
}

fn transposed<T: Element>(matrix: &[T], rows: usize, columns: usize) -> Vec<T> {
    (0..rows * columns)
        .map(|i| matrix[i % rows * columns + i / rows])
        .collect()
}
