//! The backbone: a network that sees several views of an image at once.

use super::{Method, PhiloxNoise, draw_of, view_draws};
use crate::attacks::Draw;
use crate::autograd::Var;
use crate::models::{Colours, ResNet, Taps};
use crate::nn::{Module, Pass, Slot};
use crate::ops::ViewStack;
use crate::tensor::{Element, Philox, Purpose, Tensor};
use crate::{Error, Result};

/// Mean of ImageNet's colours.
pub const IMAGENET_MEAN: [f64; 3] = Colours::IMAGENET.mean;
/// Standard deviation of ImageNet's colours.
pub const IMAGENET_STD: [f64; 3] = Colours::IMAGENET.std;

/// A residual network behind the multi-resolution view stack.
///
/// Images `[N,H,W,3]` in `[0,1]` become V views with 3·V channels, resized (bicubic) to the network's
/// input size where that differs, normalised with ImageNet's constants, and classified.
#[derive(Clone)]
pub struct MultiResolution<T: Element = f32> {
    /// The network; its stem takes 3·V channels.
    pub net: ResNet<T>,
    method: Method,
    plan: ViewStack<T>,
    input_size: usize,
    philox: Philox,
}

impl<T: Element> MultiResolution<T> {
    /// `net` behind views of `image_size`×`image_size` images, resized to `input_size`; the views'
    /// random draws belong to `seed`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the stem does not take three channels a view; errors of
    /// [`Method::check`] and [`ViewStack::new`].
    pub fn new(
        net: ResNet<T>,
        method: Method,
        image_size: usize,
        input_size: usize,
        seed: u64,
    ) -> Result<Self> {
        method.check()?;
        let channels = 3 * method.resolutions.len();
        if net.config().stem.channels != channels {
            let expected = format!("{channels} input channels for {} views", method.resolutions.len());
            return Err(Error::shape(
                "MultiResolution",
                "net",
                expected,
                net.config().stem.channels,
            ));
        }
        // Normalisation comes after the last resize; without one it is part of the stack.
        let (mean, std) = match image_size == input_size {
            true => (IMAGENET_MEAN, IMAGENET_STD),
            false => ([0.0; 3], [1.0; 3]),
        };
        let plan = ViewStack::new([image_size; 2], &method.resolutions, method.noise, mean, std)?;
        Ok(Self {
            net,
            method,
            plan,
            input_size,
            philox: Philox::new(seed, Purpose::Views),
        })
    }

    /// Makes the views' random draws belong to another seed.
    pub fn set_seed(&mut self, seed: u64) {
        self.philox = Philox::new(seed, Purpose::Views);
    }

    /// The settings of the views.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Height and width of what the network is given.
    pub fn input_size(&self) -> usize {
        self.input_size
    }

    /// The views of `images` `[N,H,W,3]` as the network is given them: [N,S,S,3·V], normalised; one
    /// draw an image, pass `pass`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the images are not of this model's size; [`Error::Argument`] if there is
    /// not one draw an image.
    pub fn views(&self, images: &Var<T>, draws: &[Draw], pass: u8) -> Result<Var<T>> {
        let counters: Vec<_> = draws.iter().map(|draw| draw_of(draw, pass)).collect();
        let noise = PhiloxNoise {
            philox: self.philox,
            counters: &counters,
            kind: self.method.noise_kind,
        };
        let view_draws = view_draws(&self.philox, &self.method, &counters);
        let views = images.view_stack(&self.plan, &view_draws, &noise)?;
        if self.plan.size() == [self.input_size; 2] {
            return Ok(views);
        }
        let constant = |f: &dyn Fn(usize) -> f64| {
            let channels = 3 * self.method.resolutions.len();
            let values = Tensor::from_fn([channels], |i| T::of(f(i % 3)));
            values.beside(views.value()).map(Var::constant)
        };
        views
            .resize_bicubic(self.input_size, self.input_size)?
            .sub(&constant(&|c| IMAGENET_MEAN[c])?)?
            .mul(&constant(&|c| 1.0 / IMAGENET_STD[c])?)
    }

    /// A pass over `images`: the outputs of `layers`, and the logits if `to_the_end`.
    ///
    /// # Errors
    /// As [`MultiResolution::views`] and [`ResNet::forward_taps`].
    pub fn forward(
        &self,
        images: &Var<T>,
        draws: &[Draw],
        pass_number: u8,
        pass: &mut Pass<T>,
        layers: &[usize],
        to_the_end: bool,
    ) -> Result<Taps<T>> {
        let views = self.views(images, draws, pass_number)?;
        self.net.forward_taps(&views, pass, layers, to_the_end)
    }

    /// Logits [N, classes] of one pass.
    ///
    /// # Errors
    /// As [`MultiResolution::forward`].
    pub fn logits(
        &self,
        images: &Var<T>,
        draws: &[Draw],
        pass_number: u8,
        pass: &mut Pass<T>,
    ) -> Result<Var<T>> {
        let views = self.views(images, draws, pass_number)?;
        self.net.forward(&views, pass)
    }
}

impl<T: Element> Module<T> for MultiResolution<T> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>) -> Result<()> {
        self.net.visit(prefix, visit)
    }
}

/// Number of the pass that the heads see.
pub(super) const HEADS_PASS: u8 = 0;
/// Number of the backbone's own pass.
pub(super) const BACKBONE_PASS: u8 = 1;
