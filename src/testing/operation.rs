//! Every operation under test with its settings, applied in any number type.

use super::conformance::Place;
use super::formula::FormulaNoise;
use crate::autograd::Var;
use crate::ensemble::crossmax;
use crate::ops::{AvgPool2d, BatchNormMode, Conv2d, FixedEpilogue, ViewDraw, ViewStack};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// What becomes of a loss of every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// It is kept: `[N]`.
    None,
    /// The mean over rows is taken: a scalar.
    Mean,
}

/// An operation and everything that it is given beside tracked inputs, which are its operands in
/// that order.
#[derive(Clone, Debug)]
pub enum Operation {
    /// [`Var::conv2d`] of picture, weight and, if there is one, bias.
    Conv2d(Conv2d),
    /// z of y = relu(conv(x) + b) and z = relu(conv(y) + b + y), by [`Var::conv2d_fixed`].
    RectifiedConvs {
        /// Of z; y has stride 1. Where z is smaller than y, y is not added to it.
        options: Conv2d,
        /// Weights of both `[C,R,S,C]`.
        weight: Tensor<f64>,
        /// Bias of both, b `[C]`.
        bias: Tensor<f64>,
    },
    /// ResNet's stem: [`Var::max_pool2d`] (3, 2, 1) of relu(conv(x) + b), by [`Var::conv2d_fixed`].
    Stem {
        /// Of the convolution.
        options: Conv2d,
        /// Its weights `[K,R,S,C]`.
        weight: Tensor<f64>,
        /// Its bias, b `[K]`.
        bias: Tensor<f64>,
    },
    /// [`Var::batch_norm`] of input, weight and bias, with the batch's statistics.
    BatchNormTrain {
        /// Added to the variance.
        eps: f64,
    },
    /// [`Var::batch_norm`] of input, weight and bias, with stored statistics.
    BatchNormEval {
        /// Added to the variance.
        eps: f64,
        /// Running mean `[C]`.
        mean: Tensor<f64>,
        /// Running variance `[C]`.
        variance: Tensor<f64>,
    },
    /// [`Var::linear`] of input, weight and, if there is one, bias.
    Linear,
    /// [`Var::matmul`] of two matrices.
    MatMul,
    /// [`Var::max_pool2d`].
    MaxPool2d {
        /// Side of the window, in pixels.
        kernel: usize,
        /// Step between windows, in pixels.
        stride: usize,
        /// Pixels around the picture.
        padding: usize,
    },
    /// [`Var::avg_pool2d`].
    AvgPool2d(AvgPool2d),
    /// [`Var::global_avg_pool2d`].
    GlobalAvgPool2d,
    /// [`Var::relu`].
    Relu,
    /// [`Var::silu`].
    Silu,
    /// [`Var::tanh`].
    Tanh,
    /// [`Var::clamp`].
    Clamp {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// [`Var::add`].
    Add,
    /// [`Var::sub`].
    Sub,
    /// [`Var::mul`].
    Mul,
    /// [`Var::div`].
    Div,
    /// [`Var::roll`], one shift an image.
    Roll(Vec<[i32; 2]>),
    /// [`Var::concat`] of all inputs.
    Concat,
    /// [`Var::flatten`].
    Flatten,
    /// [`Var::resize_bicubic`].
    ResizeBicubic {
        /// Rows of the result.
        height: usize,
        /// Columns of the result.
        width: usize,
    },
    /// [`Var::contrast`], one amount an image.
    Contrast(Vec<f64>),
    /// [`Var::mix_channels`], one amount an image.
    MixChannels(Vec<f64>),
    /// [`Var::channel_mean`].
    ChannelMean,
    /// [`Var::sum`].
    Sum {
        /// The axis that is removed.
        axis: usize,
    },
    /// [`Var::mean`].
    Mean {
        /// The axis that is removed.
        axis: usize,
    },
    /// [`Var::max`].
    Max {
        /// The axis that is removed.
        axis: usize,
    },
    /// [`Var::top_k`].
    TopK {
        /// The axis that is shortened.
        axis: usize,
        /// To this length.
        k: usize,
    },
    /// [`Var::softmax`].
    Softmax,
    /// [`Var::log_softmax`].
    LogSoftmax,
    /// [`Var::cross_entropy`].
    CrossEntropy {
        /// One class an image.
        labels: Vec<usize>,
        /// What becomes of the losses.
        reduction: Reduction,
    },
    /// [`Var::soft_cross_entropy`].
    SoftCrossEntropy {
        /// Probabilities [N, classes].
        targets: Tensor<f64>,
        /// What becomes of the losses.
        reduction: Reduction,
    },
    /// [`Var::dlr`].
    Dlr {
        /// One class an image.
        labels: Vec<usize>,
    },
    /// [`Var::dlr_targeted`].
    DlrTargeted {
        /// One class an image.
        labels: Vec<usize>,
        /// Another class an image.
        targets: Vec<usize>,
    },
    /// [`crossmax`].
    CrossMax {
        /// Which of the highest is taken.
        k: usize,
    },
    /// [`Var::view_stack`].
    ViewStack(Views),
}

/// The settings of a view stack.
#[derive(Clone, Debug)]
pub struct Views {
    /// Resolution of every view, in pixels.
    pub resolutions: Vec<usize>,
    /// Amplitude of the noise.
    pub amplitude: f64,
    /// Mean of every colour in the final normalisation.
    pub mean: [f64; 3],
    /// Standard deviation of every colour in the final normalisation.
    pub std: [f64; 3],
    /// One draw an image and view.
    pub draws: Vec<ViewDraw>,
    /// The noise pictures.
    pub noise: FormulaNoise,
}

impl Operation {
    /// The operation's output for `inputs`, which are at `place`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are too few inputs; errors of the operation.
    pub fn apply<T: Element>(&self, inputs: &[Var<T>], place: &Place) -> Result<Var<T>> {
        let at = |i: usize| {
            let expected = || Error::argument("Operation", "inputs", "one more", inputs.len());
            inputs.get(i).ok_or_else(expected)
        };
        let numbers = |values: &[f64]| values.iter().map(|&v| T::of(v)).collect::<Vec<T>>();
        let x = at(0)?;
        match self {
            Self::Conv2d(options) => x.conv2d(at(1)?, inputs.get(2), *options),
            Self::RectifiedConvs {
                options,
                weight,
                bias,
            } => rectified_convs(x, *options, &place.put(weight)?, &place.put(bias)?),
            Self::Stem {
                options,
                weight,
                bias,
            } => {
                let epilogue = FixedEpilogue {
                    bias: &place.put(bias)?,
                    residual: None,
                    relu: true,
                };
                let rectified = x.conv2d_fixed(&place.put(weight)?, epilogue, *options)?;
                rectified.max_pool2d(3, 2, 1)
            }
            Self::BatchNormTrain { eps } => {
                let mode = BatchNormMode::Train;
                Ok(x.batch_norm(at(1)?, at(2)?, mode, T::of(*eps))?.0)
            }
            Self::BatchNormEval { eps, mean, variance } => {
                let (mean, variance) = (&place.put(mean)?, &place.put(variance)?);
                let mode = BatchNormMode::Eval { mean, variance };
                Ok(x.batch_norm(at(1)?, at(2)?, mode, T::of(*eps))?.0)
            }
            Self::Linear => x.linear(at(1)?, inputs.get(2)),
            Self::MatMul => x.matmul(at(1)?),
            Self::MaxPool2d {
                kernel,
                stride,
                padding,
            } => x.max_pool2d(*kernel, *stride, *padding),
            Self::AvgPool2d(options) => x.avg_pool2d(*options),
            Self::GlobalAvgPool2d => x.global_avg_pool2d(),
            Self::Relu => x.relu(),
            Self::Silu => x.silu(),
            Self::Tanh => x.tanh(),
            Self::Clamp { low, high } => x.clamp(T::of(*low), T::of(*high)),
            Self::Add => x.add(at(1)?),
            Self::Sub => x.sub(at(1)?),
            Self::Mul => x.mul(at(1)?),
            Self::Div => x.div(at(1)?),
            Self::Roll(shifts) => x.roll(shifts),
            Self::Concat => Var::concat(&inputs.iter().collect::<Vec<_>>()),
            Self::Flatten => x.flatten(),
            Self::ResizeBicubic { height, width } => x.resize_bicubic(*height, *width),
            Self::Contrast(amounts) => x.contrast(&numbers(amounts)),
            Self::MixChannels(amounts) => x.mix_channels(&numbers(amounts)),
            Self::ChannelMean => x.channel_mean(),
            Self::Sum { axis } => x.sum(*axis),
            Self::Mean { axis } => x.mean(*axis),
            Self::Max { axis } => x.max(*axis),
            Self::TopK { axis, k } => x.top_k(*axis, *k),
            Self::Softmax => x.softmax(),
            Self::LogSoftmax => x.log_softmax(),
            Self::CrossEntropy { labels, reduction } => reduce(x.cross_entropy(labels)?, *reduction),
            Self::SoftCrossEntropy { targets, reduction } => {
                reduce(x.soft_cross_entropy(&place.put(targets)?)?, *reduction)
            }
            Self::Dlr { labels } => x.dlr(labels),
            Self::DlrTargeted { labels, targets } => x.dlr_targeted(labels, targets),
            Self::CrossMax { k } => crossmax(x, *k),
            Self::ViewStack(views) => views.apply(x),
        }
    }
}

impl Views {
    fn apply<T: Element>(&self, x: &Var<T>) -> Result<Var<T>> {
        let size = [x.shape().axis(1), x.shape().axis(2)];
        let plan = ViewStack::new(size, &self.resolutions, self.amplitude, self.mean, self.std)?;
        x.view_stack(&plan, &self.draws, &self.noise)
    }
}

fn rectified_convs<T: Element>(
    x: &Var<T>,
    options: Conv2d,
    weight: &Tensor<T>,
    bias: &Tensor<T>,
) -> Result<Var<T>> {
    let first = Conv2d {
        stride: [1, 1],
        ..options
    };
    let mut epilogue = FixedEpilogue {
        bias,
        residual: None,
        relu: true,
    };
    let y = x.conv2d_fixed(weight, epilogue, first)?;
    if options.stride == [1, 1] {
        epilogue.residual = Some(&y);
    }
    y.conv2d_fixed(weight, epilogue, options)
}

fn reduce<T: Element>(losses: Var<T>, reduction: Reduction) -> Result<Var<T>> {
    match reduction {
        Reduction::None => Ok(losses),
        Reduction::Mean => losses.mean_all(),
    }
}
