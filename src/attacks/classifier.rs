//! What an attack sees of a model.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Element, Tensor};

/// Names one random draw of a randomised model for one image. A model's randomness may depend on
/// this and on nothing else, so that a result never depends on batch, order, threads or
/// interruption. Deterministic models ignore it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Draw {
    /// Image id: the index of the image in its data set.
    pub image: u32,
    /// Who asks: 0 outside attacks, else the number of the attack or evaluation, below 64.
    pub attack: u8,
    /// Restart, below 1,024.
    pub restart: u16,
    /// Iteration.
    pub iteration: u16,
    /// Number of the draw within the iteration (expectation over transformations, EoT).
    pub draw: u16,
}

/// A model under attack: logits for images, and the pullback of a cotangent.
///
/// Images are `[N,H,W,C]` in `[0,1]`, whatever normalisation the model needs it does itself.
pub trait Classifier<T: Element = f32>: Sync {
    /// Number of classes.
    fn classes(&self) -> usize;

    /// Whether logits depend on the draws at all.
    fn is_random(&self) -> bool;

    /// Logits [N, classes] of `images`, one draw an image.
    ///
    /// # Errors
    /// Whatever the model's evaluation returns.
    fn logits(&self, images: &Tensor<T>, draws: &[Draw]) -> Result<Tensor<T>>;

    /// The logits and the way back from them, for the same draws.
    ///
    /// # Errors
    /// Whatever the model's evaluation returns.
    fn linearise<'a>(&'a self, images: &Tensor<T>, draws: &[Draw]) -> Result<Linearised<'a, T>>;
}

/// A model evaluated at some images, ready to be differentiated there.
pub struct Linearised<'a, T: Element = f32> {
    /// Logits [N, classes].
    pub logits: Tensor<T>,
    /// From a cotangent of the logits [N, classes] to the images' `[N,H,W,C]`; may be called again
    /// with another one (a Jacobian, row by row).
    pub pullback: Pullback<'a, T>,
}

/// The map from cotangents of the logits to cotangents of the images.
pub type Pullback<'a, T> = Box<dyn Fn(&Tensor<T>) -> Result<Tensor<T>> + Send + 'a>;

/// Logits and pullback of `model`, a differentiable function from images `[N,H,W,C]` to logits
/// [N, classes]: what most classifiers built from this crate's operations return.
///
/// # Errors
/// Whatever `model` returns.
pub fn linearise<'a, T: Element>(
    images: &Tensor<T>,
    model: impl FnOnce(&Var<T>) -> Result<Var<T>>,
) -> Result<Linearised<'a, T>> {
    let leaf = Var::leaf(images.clone());
    let logits = model(&leaf)?;
    let shape = *leaf.shape();
    Ok(Linearised {
        logits: logits.value().clone(),
        pullback: Box::new(move |cotangent| {
            let mut gradients = logits.backward_keeping(Some(cotangent.clone()))?;
            match gradients.take(&leaf) {
                Some(gradient) => Ok(gradient),
                None => leaf.value().full_beside(shape, T::zero()),
            }
        }),
    })
}
