//! Shapes of a convolution.

use super::Conv2d;
use crate::tensor::Shape;
use crate::{Error, Result};

/// Every length a convolution kernel needs: input N×H×W×C, weights K×R×S×C, output N×P×Q×K.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub n: usize,
    pub h: usize,
    pub w: usize,
    pub c: usize,
    pub k: usize,
    pub r: usize,
    pub s: usize,
    pub p: usize,
    pub q: usize,
    pub stride: [usize; 2],
    pub padding: [usize; 2],
}

impl Geometry {
    /// The geometry of `options` for an input and weights, checked.
    pub fn new(options: Conv2d, input: &Shape, weight: &Shape) -> Result<Self> {
        let &[n, h, w, c] = input.dims() else {
            return Err(Error::shape("conv2d", "input", "[N, H, W, C]", input));
        };
        let &[k, r, s, weight_c] = weight.dims() else {
            return Err(Error::shape("conv2d", "weight", "[K, R, S, C]", weight));
        };
        if weight_c != c || k * r * s * c == 0 {
            return Err(Error::shape(
                "conv2d",
                "weight",
                format!("[K, R, S, {c}] without empty axes, for input {input}"),
                weight,
            ));
        }
        let out = |length: usize, window: usize, axis: usize| {
            let padded = length + 2 * options.padding[axis];
            (padded >= window && options.stride[axis] > 0)
                .then(|| (padded - window) / options.stride[axis] + 1)
        };
        let (Some(p), Some(q)) = (out(h, r, 0), out(w, s, 1)) else {
            return Err(Error::shape(
                "conv2d",
                "input",
                format!(
                    "at least {r}×{s} pixels after padding {:?}, and a stride ≥ 1 (it is {:?})",
                    options.padding, options.stride
                ),
                input,
            ));
        };
        Ok(Self {
            n,
            h,
            w,
            c,
            k,
            r,
            s,
            p,
            q,
            stride: options.stride,
            padding: options.padding,
        })
    }

    /// Shape of the output.
    pub fn output(&self) -> Shape {
        Shape::from([self.n, self.p, self.q, self.k])
    }

    /// Output pixels of the whole batch: the rows of the implied matrix product.
    pub fn rows(&self) -> usize {
        self.n * self.p * self.q
    }

    /// Floating-point operations of the forward pass, and of each gradient.
    pub fn flops(&self) -> usize {
        2 * self.rows() * self.k * self.depth()
    }

    /// Weights of one output channel: the inner length of the implied matrix product.
    pub fn depth(&self) -> usize {
        self.r * self.s * self.c
    }

    /// Whether the input already is the left matrix (1×1, stride 1, no padding).
    pub fn is_pointwise(&self) -> bool {
        self.r == 1 && self.s == 1 && self.stride == [1, 1] && self.padding == [0, 0]
    }

    /// Output pixels a tile: the unrolled tile stays in the L2 cache. Depends on the layer alone.
    pub fn tile_rows(&self) -> usize {
        const TILE_ELEMENTS: usize = 32 * 1024;
        (TILE_ELEMENTS / self.depth()).clamp(16, 512)
    }

    /// The convolution over the output's gradient that gives the input's gradient: stride 1,
    /// weights flipped. Nothing if this one's stride or padding does not allow it.
    pub fn flipped(&self) -> Option<Self> {
        let fits = self.padding[0] < self.r && self.padding[1] < self.s;
        (self.stride == [1, 1] && fits).then(|| Self {
            n: self.n,
            h: self.p,
            w: self.q,
            c: self.k,
            k: self.c,
            r: self.r,
            s: self.s,
            p: self.h,
            q: self.w,
            stride: [1, 1],
            padding: [self.r - 1 - self.padding[0], self.s - 1 - self.padding[1]],
        })
    }
    /// The product over the output's gradient that gives the gradients of the windows, as a pointwise
    /// convolution from K to R·S·C channels.
    pub fn windows(&self) -> Self {
        Self {
            h: self.p,
            w: self.q,
            c: self.k,
            k: self.depth(),
            r: 1,
            s: 1,
            stride: [1, 1],
            padding: [0, 0],
            ..*self
        }
    }
}
