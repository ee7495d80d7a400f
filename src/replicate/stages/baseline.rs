//! The baseline: the same blocks as a plain three-channel network, no views, no heads.

use crate::Result;
use crate::attacks::Draw;
use crate::autograd::Var;
use crate::data::Split;
use crate::device::Device;
use crate::ensemble::{IMAGENET_MEAN, IMAGENET_STD, Stream};
use crate::models::{Normalisation, PlainClassifier, ResNet, resized};
use crate::nn::{Module, Pass};
use crate::replicate::evaluate::accuracy;
use crate::replicate::training::{Learner, Step};

/// A plain network with ImageNet's normalisation.
pub(crate) struct Baseline {
    /// The network.
    pub net: ResNet,
    /// Height and width that images are resized to (bicubic) before they are normalised, pixels.
    pub input_size: usize,
}

impl Baseline {
    /// The network as attacks see it: deterministic.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the network does not take three channels.
    pub fn classifier(&self) -> Result<PlainClassifier<'_>> {
        let classifier = PlainClassifier::new(&self.net, IMAGENET_MEAN, IMAGENET_STD)?;
        Ok(classifier.with_input_size(self.input_size))
    }
}

impl Learner for Baseline {
    fn module(&mut self) -> &mut dyn Module {
        &mut self.net
    }

    fn forward(&self, images: &Var, _: &[Draw], mut pass: Pass) -> Result<Step> {
        let images = resized(images, self.input_size)?;
        let images = Normalisation::new(IMAGENET_MEAN, IMAGENET_STD)?.apply(&images)?;
        let logits = self.net.forward(&images, &mut pass)?;
        Ok(Step {
            logits,
            pass,
            beside: None,
        })
    }

    fn test(&self, test: &Split, device: &Device, epoch: u16) -> Result<Option<f64>> {
        accuracy(&self.classifier()?, test, device, Stream::EpochTest, epoch).map(Some)
    }
}
