//! The evaluation form of a pre-activation network.

use super::network::{Block, PreActivationResNet};
use super::{Activation, PreActivationConfig, ShortcutInput};
use crate::Result;
use crate::autograd::Var;
use crate::nn::{BatchNorm, Conv, FoldedConv, Linear, Pass};
use crate::ops::Precision;
use crate::tensor::Element;

/// A pre-activation network with running statistics, as it was when [`PreActivationResNet::folded`] was called.
/// Gradients reach the input alone.
///
/// Within a branch each batch normalisation but the first is part of the convolution before it, and so is its ReLU. The
/// first follows a sum that the shortcut takes as it is, so it stays a step of its own.
#[derive(Clone)]
pub struct FoldedPreActivationResNet<T: Element = f32> {
    config: PreActivationConfig,
    stem: FoldedConv<T>,
    blocks: Vec<FoldedBlock<T>>,
    norm: Option<BatchNorm<T>>,
    classifier: Linear<T>,
}

#[derive(Clone)]
struct FoldedBlock<T: Element> {
    norm: BatchNorm<T>,
    /// All but the last, each with the normalisation after it.
    inner: Vec<FoldedConv<T>>,
    last: FoldedConv<T>,
    shortcut: Option<FoldedConv<T>>,
}

impl<T: Element> FoldedPreActivationResNet<T> {
    pub(super) fn new(net: &PreActivationResNet<T>) -> Result<Self> {
        let config = net.config().clone();
        let blocks = net.stages.iter().flatten();
        Ok(Self {
            stem: FoldedConv::unnormalised(&net.stem)?,
            blocks: blocks
                .map(|block| FoldedBlock::new(&config, block))
                .collect::<Result<_>>()?,
            norm: net.norm.clone(),
            classifier: net.classifier.clone(),
            config,
        })
    }

    /// The architecture.
    pub fn config(&self) -> &PreActivationConfig {
        &self.config
    }

    /// Logits [N, classes] of normalised images `[N,H,W,C]`, with the layers' products in `precision`.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if the images do not fit the network;
    /// [`Error::Unsupported`](crate::Error::Unsupported) if the device lacks the precision.
    pub fn forward(&self, x: &Var<T>, precision: Precision) -> Result<Var<T>> {
        let pass = &mut Pass::eval().with_precision(precision);
        let mut y = self.stem.forward(x, None, false, precision)?;
        for block in &self.blocks {
            y = block.forward(&y, &self.config, pass)?;
        }
        if let Some(norm) = &self.norm {
            y = self.config.activation.after(norm, &y, pass)?;
        }
        self.classifier.forward(&y.global_avg_pool2d()?.flatten()?, pass)
    }
}

impl<T: Element> FoldedBlock<T> {
    fn new(config: &PreActivationConfig, block: &Block<T>) -> Result<Self> {
        // DeepMind's networks come from TensorFlow, whose padding at stride 2 begins behind the picture.
        let placed = |conv: &Conv<T>, folded: FoldedConv<T>| match config.family.is_deep_mind()
            && conv.stride() == 2
        {
            true => folded.padded_at_end(),
            false => Ok(folded),
        };
        let inner = block.inner.iter();
        let shortcut = block.shortcut.as_ref();
        Ok(Self {
            norm: block.norm.clone(),
            inner: inner
                .map(|(conv, norm)| placed(conv, FoldedConv::new(conv.clone(), norm)?))
                .collect::<Result<_>>()?,
            last: FoldedConv::unnormalised(&block.last)?,
            shortcut: shortcut
                .map(|conv| placed(conv, FoldedConv::unnormalised(conv)?))
                .transpose()?,
        })
    }

    fn forward(&self, x: &Var<T>, config: &PreActivationConfig, pass: &mut Pass<T>) -> Result<Var<T>> {
        let precision = pass.precision();
        let activated = config.activation.after(&self.norm, x, pass)?;
        let shortcut = match (&self.shortcut, config.shortcut) {
            (None, _) => x.clone(),
            (Some(conv), ShortcutInput::Raw) => conv.forward(x, None, false, precision)?,
            (Some(conv), ShortcutInput::Activated) => conv.forward(&activated, None, false, precision)?,
        };
        let mut y = activated;
        for conv in &self.inner {
            y = match config.activation {
                Activation::Relu => conv.forward(&y, None, true, precision)?,
                Activation::Silu => conv.forward(&y, None, false, precision)?.silu()?,
            };
        }
        self.last.forward(&y, Some(&shortcut), false, precision)
    }
}
