//! The small classifiers of the golden comparison.

use crate::fixture::Trace;
use crossmax::Result;
use crossmax::attacks::{Classifier, Draw, LabelledImages, Linearised, linearise};
use crossmax::autograd::Var;
use crossmax::ops::Conv2d;
use crossmax::tensor::Tensor;

/// Classes of both networks.
const CLASSES: usize = 10;
/// Extent (channel, row, column) of what the linear layer reads.
const FEATURES: [usize; 3] = [16, 4, 4];
/// Height, width and channels of the images.
pub const IMAGE: [usize; 3] = [8, 8, 3];

/// Two convolutions and a linear layer.
pub struct SmallNetwork {
    conv1: [Var<f64>; 2],
    conv2: [Var<f64>; 2],
    linear: [Var<f64>; 2],
    grey: Var<f64>,
}

impl SmallNetwork {
    /// The network whose weights stand in `trace`, in PyTorch's layouts.
    pub fn new(trace: &Trace) -> Result<Self> {
        let bias = |name: &str| Var::constant(trace.reals(&format!("{name}.bias")));
        let weight = |name: &str| trace.reals(&format!("{name}.weight"));
        let convolution =
            |name: &str| -> Result<_> { Ok([Var::constant(weight(name).nchw_to_nhwc()?), bias(name)]) };
        let [channels, rows, columns] = FEATURES;
        let linear = weight("linear")
            .reshape([CLASSES, channels, rows, columns])?
            .nchw_to_nhwc()?
            .reshape([CLASSES, channels * rows * columns])?;
        Ok(Self {
            conv1: convolution("conv1")?,
            conv2: convolution("conv2")?,
            linear: [Var::constant(linear), bias("linear")],
            grey: Var::constant(Tensor::from_slice([], &[0.5])?),
        })
    }

    fn forward(&self, images: &Var<f64>) -> Result<Var<f64>> {
        let layer = |x: Var<f64>, [weight, bias]: &[Var<f64>; 2], stride| {
            x.conv2d(weight, Some(bias), Conv2d::square(stride, 1))?.relu()
        };
        let x = layer(images.sub(&self.grey)?, &self.conv1, 1)?;
        let x = layer(x, &self.conv2, 2)?;
        let [weight, bias] = &self.linear;
        x.flatten()?.linear(weight, Some(bias))
    }
}

impl Classifier<f64> for SmallNetwork {
    fn classes(&self) -> usize {
        CLASSES
    }

    fn is_random(&self) -> bool {
        false
    }

    fn logits(&self, images: &Tensor<f64>, _: &[Draw]) -> Result<Tensor<f64>> {
        Ok(self.forward(&Var::constant(images.clone()))?.into_value())
    }

    fn linearise<'a>(&'a self, images: &Tensor<f64>, _: &[Draw]) -> Result<Linearised<'a, f64>> {
        linearise(images, |images| self.forward(images))
    }
}

/// The 64 images, stored as bytes (N,C,H,W); their ids are their indices.
pub fn samples(trace: &Trace) -> Result<LabelledImages<f64>> {
    let [height, width, channels] = IMAGE;
    let labels = trace.integers("labels");
    let pixels: Vec<f64> = trace
        .integers("images")
        .iter()
        .map(|&byte| byte as f64 / 255.0)
        .collect();
    let images = Tensor::from_slice([labels.len(), channels, height, width], &pixels)?.nchw_to_nhwc()?;
    let ids = (0..labels.len() as u32).collect();
    LabelledImages::new(images, labels, ids)
}
