//! The weights of a pre-activation network, under the family's names.

use super::folded::FoldedPreActivationResNet;
use super::{Family, PreActivationConfig};
use crate::Result;
use crate::models::BlockKind;
use crate::nn::{BatchNorm, Conv, Init, Linear, Module, Slot, join};
use crate::tensor::Element;

/// A pre-activation network as files hold it. [`PreActivationResNet::folded`] evaluates it.
#[derive(Clone)]
pub struct PreActivationResNet<T: Element = f32> {
    config: PreActivationConfig,
    pub(super) stem: Conv<T>,
    pub(super) stages: Vec<Vec<Block<T>>>,
    pub(super) norm: Option<BatchNorm<T>>,
    pub(super) classifier: Linear<T>,
}

/// A block: conv(act(norm(·))) once for each convolution, added to the shortcut.
#[derive(Clone)]
pub(super) struct Block<T: Element> {
    /// What the branch begins with.
    pub norm: BatchNorm<T>,
    /// All convolutions but the last, each with the normalisation after it.
    pub inner: Vec<(Conv<T>, BatchNorm<T>)>,
    /// The last convolution.
    pub last: Conv<T>,
    /// The shortcut's convolution, where the shape changes.
    pub shortcut: Option<Conv<T>>,
}

impl<T: Element> PreActivationResNet<T> {
    /// A network with initial values from `init`.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if the configuration makes no network.
    pub fn new(config: PreActivationConfig, init: &mut Init) -> Result<Self> {
        config.check()?;
        let layers = &config.layers;
        let stem = Conv::new(init, layers.stem.channels, layers.stem.width, 3, 1)?;
        let mut channels = layers.stem.width;
        let mut stages = Vec::with_capacity(layers.widths.len());
        for (i, (&width, &count)) in layers.widths.iter().zip(&layers.blocks).enumerate() {
            let mut stage = Vec::with_capacity(count);
            for j in 0..count {
                let stride = if i > 0 && j == 0 { 2 } else { 1 };
                stage.push(Block::new(init, &config, channels, width, stride)?);
                channels = width * layers.block.expansion();
            }
            stages.push(stage);
        }
        Ok(Self {
            norm: config.final_norm.then(|| BatchNorm::new(channels)),
            classifier: Linear::new(init, channels, layers.classes)?,
            config,
            stem,
            stages,
        })
    }

    /// The architecture.
    pub fn config(&self) -> &PreActivationConfig {
        &self.config
    }

    /// Its evaluation form, beside its weights; later changes of the weights do not reach it.
    ///
    /// # Errors
    /// Those of copying from the device where the weights are.
    pub fn folded(&self) -> Result<FoldedPreActivationResNet<T>> {
        FoldedPreActivationResNet::new(self)
    }
}

impl<T: Element> Block<T> {
    fn new(
        init: &mut Init,
        config: &PreActivationConfig,
        input: usize,
        width: usize,
        stride: usize,
    ) -> Result<Self> {
        let kind = config.layers.block;
        let output = width * kind.expansion();
        let mut layer = |input: usize, kernel: usize, stride: usize| -> Result<_> {
            let conv = Conv::new(init, input, width, kernel, stride)?;
            Ok((conv, BatchNorm::new(width)))
        };
        let (inner, last_kernel) = match kind {
            BlockKind::Basic => (vec![layer(input, 3, stride)?], 3),
            BlockKind::Bottleneck => (vec![layer(input, 1, 1)?, layer(width, 3, stride)?], 1),
        };
        let shortcut_kernel = config.family.shortcut_kernel();
        Ok(Self {
            norm: BatchNorm::new(input),
            inner,
            last: Conv::new(init, width, output, last_kernel, 1)?,
            shortcut: (stride != 1 || input != output)
                .then(|| Conv::new(init, input, output, shortcut_kernel, stride))
                .transpose()?,
        })
    }

    fn visit(
        &mut self,
        family: Family,
        prefix: &str,
        visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>,
    ) -> Result<()> {
        let last = self.inner.len();
        self.norm.visit(&join(prefix, &family.norm(0)), visit)?;
        for (number, (conv, norm)) in self.inner.iter_mut().enumerate() {
            conv.visit(&join(prefix, &family.conv(number)), visit)?;
            norm.visit(&join(prefix, &family.norm(number + 1)), visit)?;
        }
        self.last.visit(&join(prefix, &family.conv(last)), visit)?;
        match &mut self.shortcut {
            Some(conv) => conv.visit(&join(prefix, family.shortcut()), visit),
            None => Ok(()),
        }
    }
}

impl<T: Element> Module<T> for PreActivationResNet<T> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>) -> Result<()> {
        let family = self.config.family;
        self.stem.visit(&join(prefix, family.stem()), visit)?;
        for (i, stage) in self.stages.iter_mut().enumerate() {
            for (j, block) in stage.iter_mut().enumerate() {
                block.visit(family, &join(prefix, &family.block(i, j)), visit)?;
            }
        }
        if let Some(norm) = &mut self.norm {
            norm.visit(&join(prefix, family.final_norm()), visit)?;
        }
        self.classifier.visit(&join(prefix, family.classifier()), visit)
    }
}
