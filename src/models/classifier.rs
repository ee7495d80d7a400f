//! A network without views or heads, as attacks see it.

use super::{EvaluationForm, Network};
use crate::attacks::{Classifier, Draw, Linearised, linearise};
use crate::autograd::Var;
use crate::ops::Precision;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::marker::PhantomData;
use std::sync::Arc;

/// (image − mean) / std, colour by colour.
#[derive(Clone)]
pub struct Normalisation<T: Element = f32> {
    mean: Tensor<T>,
    std: Tensor<T>,
}

impl<T: Element> Normalisation<T> {
    /// With `mean` and `std` of the colours, in units of `[0,1]` images.
    ///
    /// # Errors
    /// [`Error::Argument`] if a mean is not finite or a standard deviation not positive and finite.
    pub fn new(mean: [f64; 3], std: [f64; 3]) -> Result<Self> {
        if let Some(value) = mean.iter().find(|value| !value.is_finite()) {
            return Err(Error::argument("Normalisation", "mean", "finite numbers", value));
        }
        if let Some(value) = std.iter().find(|&&value| !(value.is_finite() && value > 0.0)) {
            return Err(Error::argument("Normalisation", "std", "positive numbers", value));
        }
        let colour = |values: [f64; 3]| Tensor::from_fn([3], |c| T::of(values[c]));
        Ok(Self {
            mean: colour(mean),
            std: colour(std),
        })
    }

    /// Images `[N,H,W,3]` to the same shape, where they are.
    ///
    /// # Errors
    /// [`Error::Shape`] if the images do not have 3 channels.
    pub fn apply(&self, images: &Var<T>) -> Result<Var<T>> {
        let beside = |colour: &Tensor<T>| colour.beside(images.value()).map(Var::constant);
        images.sub(&beside(&self.mean)?)?.div(&beside(&self.std)?)
    }
}

/// `images` [N, H, W, C] at `size`×`size` pixels: bicubic, or as they are.
pub(crate) fn resized<T: Element>(images: &Var<T>, size: usize) -> Result<Var<T>> {
    match images.dims() {
        &[_, height, width, _] if [height, width] == [size; 2] => Ok(images.clone()),
        _ => images.resize_bicubic(size, size),
    }
}

/// A network of any architecture on normalised images, deterministic: (image − mean) / std, then the network
/// with its running statistics, folded. The images are classified at their own size, or at one of its
/// own.
#[derive(Clone)]
pub struct PlainClassifier<'a, T: Element = f32> {
    net: Arc<dyn EvaluationForm<T>>,
    classes: usize,
    precision: Precision,
    normalisation: Normalisation<T>,
    input_size: Option<usize>,
    /// While the classifier lives, the network that it was folded from cannot change.
    unchanged: PhantomData<&'a ()>,
}

impl<'a, T: Element> PlainClassifier<'a, T> {
    /// `net` behind a normalisation with `mean` and `std` of the colours, in units of `[0,1]` images.
    ///
    /// # Errors
    /// [`Error::Shape`] if the network's stem does not take 3 channels; those of
    /// [`Normalisation::new`] and [`Network::evaluation_form`].
    pub fn new(net: &'a (impl Network<T> + ?Sized), mean: [f64; 3], std: [f64; 3]) -> Result<Self> {
        let architecture = net.architecture();
        let channels = architecture.layers().stem.channels;
        if channels != 3 {
            return Err(Error::shape(
                "PlainClassifier",
                "net",
                "3 input channels",
                channels,
            ));
        }
        Ok(Self {
            net: net.evaluation_form()?,
            classes: architecture.layers().classes,
            precision: Precision::F32,
            normalisation: Normalisation::new(mean, std)?,
            input_size: None,
            unchanged: PhantomData,
        })
    }

    /// The same with the products of the network's layers in `precision`.
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The same for images that are first resized to `size`×`size` pixels (bicubic).
    pub fn with_input_size(self, size: usize) -> Self {
        Self {
            input_size: Some(size),
            ..self
        }
    }

    fn evaluate(&self, images: &Var<T>) -> Result<Var<T>> {
        let images = match self.input_size {
            Some(size) => resized(images, size)?,
            None => images.clone(),
        };
        self.net
            .logits(&self.normalisation.apply(&images)?, self.precision)
    }
}

impl<T: Element> Classifier<T> for PlainClassifier<'_, T> {
    fn classes(&self) -> usize {
        self.classes
    }

    fn is_random(&self) -> bool {
        false
    }

    fn logits(&self, images: &Tensor<T>, _: &[Draw]) -> Result<Tensor<T>> {
        Ok(self.evaluate(&Var::constant(images.clone()))?.into_value())
    }

    fn linearise<'b>(&'b self, images: &Tensor<T>, _: &[Draw]) -> Result<Linearised<'b, T>> {
        linearise(images, |images| self.evaluate(images))
    }
}
