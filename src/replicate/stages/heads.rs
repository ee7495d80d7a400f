//! Training of one head on the frozen backbone.
//!
//! As in the notebook the backbone's weights do not move, but with
//! [`HeadBatchNorm::Drifting`] it runs in training mode: batch statistics, and running statistics
//! that drift with every head. The checkpoint of a head therefore holds them too.

use crate::attacks::Draw;
use crate::autograd::Var;
use crate::data::Split;
use crate::device::Device;
use crate::ensemble::{Head, HeadBatchNorm, SelfEnsemble};
use crate::nn::{Mode, Module, Pass, Slot, SlotKind, join};
use crate::replicate::training::{Learner, Step};
use crate::tensor::Element;
use crate::{Error, Result};

/// One head and the backbone under it.
pub(crate) struct HeadLearner<'a> {
    part: HeadAndStatistics<'a>,
    index: usize,
}

impl<'a> HeadLearner<'a> {
    /// Head number `index` of `ensemble`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such head.
    pub fn new(ensemble: &'a mut SelfEnsemble, index: usize) -> Result<Self> {
        if index >= ensemble.heads.len() {
            let expected = format!("below {}", ensemble.heads.len());
            return Err(Error::argument("HeadLearner", "index", expected, index));
        }
        Ok(Self {
            part: HeadAndStatistics { ensemble, index },
            index,
        })
    }

    fn head(&self) -> &Head {
        &self.part.ensemble.heads[self.index]
    }
}

/// The tensors that change while a head is trained: the head's, and the backbone's running
/// statistics.
struct HeadAndStatistics<'a> {
    ensemble: &'a mut SelfEnsemble,
    index: usize,
}

impl Module for HeadAndStatistics<'_> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_>) -> Result<()>) -> Result<()> {
        self.ensemble.heads[self.index].visit(&join(prefix, "head"), visit)?;
        running_statistics(&mut self.ensemble.backbone, &join(prefix, "backbone"), visit)
    }
}

/// Shows only the buffers of `module`.
pub(crate) fn running_statistics<T: Element>(
    module: &mut dyn Module<T>,
    prefix: &str,
    visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>,
) -> Result<()> {
    module.visit(prefix, &mut |slot| match slot.kind {
        SlotKind::Buffer => visit(slot),
        SlotKind::Parameter => Ok(()),
    })
}

impl Learner for HeadLearner<'_> {
    fn module(&mut self) -> &mut dyn Module {
        &mut self.part
    }

    fn forward(&self, images: &Var, draws: &[Draw], mut pass: Pass) -> Result<Step> {
        let backbone = &self.part.ensemble.backbone;
        let drifting = backbone.method().head_batch_norm == HeadBatchNorm::Drifting;
        let mode = if drifting { Mode::Train } else { Mode::Eval };
        let mut beside = Pass::new(mode, false).with_precision(pass.precision());
        // The notebook's passes always go to the end, so all running statistics drift.
        let layers = [self.head().layer()];
        let taps = backbone.forward(images, draws, 0, &mut beside, &layers, drifting)?;
        let features = taps
            .layers
            .first()
            .ok_or_else(|| Error::argument("HeadLearner", "layer", "a layer of the network", layers[0]))?;
        let logits = self.head().forward(features, &mut pass)?;
        Ok(Step {
            logits,
            pass,
            beside: Some(beside),
        })
    }

    fn commit(&mut self, pass: Pass, beside: Option<Pass>) -> Result<()> {
        pass.commit(&mut self.part)?;
        match beside {
            Some(beside) => beside.commit(&mut self.part),
            None => Ok(()),
        }
    }

    fn test(&self, _: &Split, _: &Device, _: u16) -> Result<Option<f64>> {
        // All heads are measured together afterwards, when the statistics have stopped moving.
        Ok(None)
    }
}
