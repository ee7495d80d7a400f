//! The four weighted source positions of every output position along one axis.

use crate::tensor::Element;

/// Sharpness of the cubic kernel; PyTorch's constant.
const A: f64 = -0.75;

/// A one-dimensional bicubic resampling from `input` to `output` positions.
pub(crate) struct Taps<T> {
    input: usize,
    /// For each output position: source positions (clamped to the border) and their weights.
    taps: Vec<[(usize, T); 4]>,
}

impl<T: Element> Taps<T> {
    /// The resampling from `input` (≥ 1) to `output` positions.
    ///
    /// Output i reads around the source coordinate (i + ½)·input/output − ½ (Keys 1981).
    pub fn new(input: usize, output: usize) -> Self {
        let scale = input as f64 / output as f64;
        let taps = (0..output).map(|i| {
            let source = (i as f64 + 0.5) * scale - 0.5;
            let floor = source.floor();
            let t = source - floor;
            let weights = [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)];
            let last = input as i64 - 1;
            std::array::from_fn(|k| {
                let position = (floor as i64 - 1 + k as i64).clamp(0, last);
                (position as usize, T::of(weights[k]))
            })
        });
        Self {
            input,
            taps: taps.collect(),
        }
    }

    /// y (output × inner) from x (input × inner).
    #[inline(always)]
    pub fn apply(&self, x: &[T], inner: usize, y: &mut [T]) {
        for (y, taps) in y.chunks_exact_mut(inner).zip(&self.taps) {
            let [a, b, c, d] = taps.map(|(position, weight)| (&x[position * inner..][..inner], weight));
            let pairs = a.0.iter().zip(b.0).zip(c.0.iter().zip(d.0));
            for (y, ((&p, &q), (&r, &s))) in y.iter_mut().zip(pairs) {
                *y = p * a.1 + q * b.1 + r * c.1 + s * d.1;
            }
        }
    }

    /// dx (input × inner) from dy (output × inner): the adjoint of [`Taps::apply`].
    #[inline(always)]
    pub fn apply_adjoint(&self, dy: &[T], inner: usize, dx: &mut [T]) {
        dx[..self.input * inner].fill(T::zero());
        for (dy, taps) in dy.chunks_exact(inner).zip(&self.taps) {
            for &(position, weight) in taps {
                let dx = &mut dx[position * inner..][..inner];
                for (dx, &dy) in dx.iter_mut().zip(dy) {
                    *dx += dy * weight;
                }
            }
        }
    }
}

/// The kernel for distances of at most 1.
fn near(x: f64) -> f64 {
    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
}

/// The kernel for distances from 1 to 2.
fn far(x: f64) -> f64 {
    ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
}
