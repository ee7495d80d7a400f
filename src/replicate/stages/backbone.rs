//! Training of the multi-resolution backbone.

use crate::Result;
use crate::attacks::Draw;
use crate::autograd::Var;
use crate::data::Split;
use crate::device::Device;
use crate::ensemble::{BackboneClassifier, MultiResolution, Stream};
use crate::nn::{Module, Pass};
use crate::replicate::evaluate::accuracy;
use crate::replicate::training::{Learner, Step};

impl Learner for MultiResolution {
    fn module(&mut self) -> &mut dyn Module {
        self
    }

    fn forward(&self, images: &Var, draws: &[Draw], mut pass: Pass) -> Result<Step> {
        let logits = self.logits(images, draws, 0, &mut pass)?;
        Ok(Step {
            logits,
            pass,
            beside: None,
        })
    }

    fn test(&self, test: &Split, device: &Device, epoch: u16) -> Result<Option<f64>> {
        let classifier = BackboneClassifier::new(self)?;
        accuracy(&classifier, test, device, Stream::EpochTest, epoch).map(Some)
    }
}
