//! Layers for evaluation: batch normalisation with running statistics is one factor and one summand a
//! channel, which become part of the weights of the layer beside it. Their weights are constants.

use super::{BatchNorm, Conv, Linear};
use crate::autograd::Var;
use crate::ops::{Conv2d, FixedEpilogue, Precision};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// A convolution with the batch normalisation that follows it: w' = w·γ/√(σ² + ε) and
/// b' = β − μ·γ/√(σ² + ε), computed in f64 and rounded once.
#[derive(Clone)]
pub struct FoldedConv<T: Element = f32> {
    weight: Tensor<T>,
    bias: Tensor<T>,
    options: Conv2d,
}

impl<T: Element> FoldedConv<T> {
    /// `conv` followed by `norm` as they are now, where their weights are: in the memory of `conv`'s weights if
    /// nobody else has them.
    ///
    /// # Errors
    /// [`Error::Shape`] if `norm` does not have the convolution's output channels.
    pub fn new(conv: Conv<T>, norm: &BatchNorm<T>) -> Result<Self> {
        let options = conv.options();
        let mut weight = conv.into_weight();
        let affine = norm.affine()?;
        affine.demand_channels("FoldedConv", weight.shape().axis(0))?;
        let bias = Tensor::from_fn([affine.shift.len()], |k| T::of(affine.shift[k])).beside(&weight)?;
        if weight.accelerator().is_some() {
            let mut scaled = Tensor::from_slice(*weight.shape(), &weight.to_vec()?)?;
            affine.scale_windows(scaled.make_mut("FoldedConv")?);
            weight = scaled.beside(&weight)?;
        } else {
            affine.scale_windows(weight.make_mut("FoldedConv")?);
        }
        Ok(Self {
            weight,
            bias,
            options,
        })
    }

    /// `conv` alone, where its weights are.
    ///
    /// # Errors
    /// Those of copying to the device where the weights are.
    pub fn unnormalised(conv: &Conv<T>) -> Result<Self> {
        let weight = conv.weight();
        Ok(Self {
            weight: weight.clone(),
            bias: Tensor::zeros([weight.shape().axis(0)]).beside(weight)?,
            options: conv.options(),
        })
    }

    /// The same with zeros behind the last row and column alone, instead of one row and column on every side; what has
    /// another padding stays as it is. TensorFlow's padding `SAME` is this for a 3×3 window at stride 2 on pictures of even size.
    ///
    /// A row and a column of zeros before the window's own move it by one pixel against the padding, and the operation
    /// need not know: 4×4 weights with padding 1 on both sides see what 3×3 weights see with padding 0 and 1.
    ///
    /// # Errors
    /// Those of copying from and to the device where the weights are.
    pub fn padded_at_end(self) -> Result<Self> {
        let &[k, r, s, c] = self.weight.dims() else {
            return Err(Error::shape(
                "FoldedConv",
                "weight",
                "[K, R, S, C]",
                self.weight.shape(),
            ));
        };
        if self.options.padding != [1, 1] {
            return Ok(self);
        }
        let window = self.weight.to_vec()?;
        let moved = Tensor::from_fn([k, r + 1, s + 1, c], |i| {
            let (channel, column, row) = (i % c, i / c % (s + 1), i / c / (s + 1) % (r + 1));
            let output = i / c / (s + 1) / (r + 1);
            match (row.checked_sub(1), column.checked_sub(1)) {
                (Some(row), Some(column)) => window[((output * r + row) * s + column) * c + channel],
                _ => T::zero(),
            }
        });
        Ok(Self {
            weight: moved.beside(&self.weight)?,
            ..self
        })
    }

    /// relu(conv(x) + residual), each of the two optional; `[N,H,W,C]` to `[N,P,Q,K]`.
    ///
    /// # Errors
    /// As [`Var::conv2d_fixed`].
    pub fn forward(
        &self,
        x: &Var<T>,
        residual: Option<&Var<T>>,
        relu: bool,
        precision: Precision,
    ) -> Result<Var<T>> {
        let epilogue = FixedEpilogue {
            bias: &self.bias,
            residual,
            relu,
        };
        x.conv2d_fixed(&self.weight, epilogue, self.options.with_precision(precision))
    }
}

/// A linear layer with the batch normalisation before it: w' = w·γ/√(σ² + ε) column by column and
/// b' = b + w·(β − μ·γ/√(σ² + ε)), computed in f64 and rounded once.
#[derive(Clone)]
pub struct FoldedLinear<T: Element = f32> {
    weight: Var<T>,
    bias: Var<T>,
}

impl<T: Element> FoldedLinear<T> {
    /// `norm` followed by `linear` as they are now, where their weights are.
    ///
    /// # Errors
    /// [`Error::Shape`] if `norm` does not have the linear layer's inputs.
    pub fn new(norm: &BatchNorm<T>, linear: &Linear<T>) -> Result<Self> {
        let (weight, bias) = (linear.weight(), linear.bias());
        let affine = norm.affine()?;
        affine.demand_channels("FoldedLinear", weight.shape().axis(1))?;
        let (mut rows, mut sums) = (weight.to_vec()?, bias.to_vec()?);
        for (row, sum) in rows.chunks_exact_mut(affine.scale.len().max(1)).zip(&mut sums) {
            let mut shifted = 0.0;
            for ((w, &scale), &shift) in row.iter_mut().zip(&affine.scale).zip(&affine.shift) {
                shifted += w.as_f64() * shift;
                *w = T::of(w.as_f64() * scale);
            }
            *sum = T::of(sum.as_f64() + shifted);
        }
        let constant = |like: &Tensor<T>, values: &[T]| {
            Tensor::from_slice(*like.shape(), values)?
                .beside(like)
                .map(Var::constant)
        };
        Ok(Self {
            weight: constant(weight, &rows)?,
            bias: constant(bias, &sums)?,
        })
    }

    /// [N, in] to [N, out].
    ///
    /// # Errors
    /// As [`Var::linear_in`].
    pub fn forward(&self, x: &Var<T>, precision: Precision) -> Result<Var<T>> {
        x.linear_in(precision, &self.weight, Some(&self.bias))
    }
}

/// What batch normalisation with running statistics does to each channel: scale·x + shift.
pub(super) struct Affine {
    pub scale: Vec<f64>,
    pub shift: Vec<f64>,
}

impl Affine {
    /// Multiplies the weights K,R,S,C of each output channel by the channel's factor, rounded once.
    fn scale_windows<T: Element>(&self, weights: &mut [T]) {
        let window = weights.len() / self.scale.len().max(1);
        for (window, &scale) in weights.chunks_exact_mut(window.max(1)).zip(&self.scale) {
            for w in window {
                *w = T::of(w.as_f64() * scale);
            }
        }
    }

    fn demand_channels(&self, op: &'static str, channels: usize) -> Result<()> {
        if self.scale.len() == channels {
            return Ok(());
        }
        let expected = format!("{channels} channels");
        Err(Error::shape(op, "norm", expected, self.scale.len()))
    }
}
