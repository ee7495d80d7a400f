//! How the layers of a residual network are connected, whatever they are.

use super::blocks::Block;
use super::layer::{ConvNorm, Layer};
use super::{ResNetConfig, Taps};
use crate::autograd::Var;
use crate::nn::{FoldedConv, Init, Linear, Pass};
use crate::tensor::Element;
use crate::{Error, Result};

/// Stem, blocks, average pool and linear layer, of layers that are [`ConvNorm`]s or what they fold to.
#[derive(Clone)]
pub(super) struct Network<T: Element, L> {
    pub config: ResNetConfig,
    pub stem: L,
    pub stages: Vec<Vec<Block<L>>>,
    pub fc: Linear<T>,
}

impl<T: Element> Network<T, ConvNorm<T>> {
    pub fn new(config: ResNetConfig, init: &mut Init) -> Result<Self> {
        config.check()?;
        let stem = config.stem;
        let conv1 = ConvNorm::new(init, stem.channels, stem.width, stem.kernel, stem.stride)?;
        let mut channels = stem.width;
        let mut stages = Vec::with_capacity(config.widths.len());
        for (i, (&width, &count)) in config.widths.iter().zip(&config.blocks).enumerate() {
            let mut stage = Vec::with_capacity(count);
            for j in 0..count {
                let stride = if i > 0 && j == 0 { 2 } else { 1 };
                stage.push(Block::new(init, config.block, channels, width, stride)?);
                channels = width * config.block.expansion();
            }
            stages.push(stage);
        }
        Ok(Self {
            fc: Linear::new(init, channels, config.classes)?,
            config,
            stem: conv1,
            stages,
        })
    }

    pub fn into_folded(self) -> Result<Network<T, FoldedConv<T>>> {
        let fold = |stage: Vec<Block<ConvNorm<T>>>| stage.into_iter().map(Block::into_folded).collect();
        Ok(Network {
            config: self.config,
            stem: self.stem.into_folded()?,
            stages: self.stages.into_iter().map(fold).collect::<Result<_>>()?,
            fc: self.fc,
        })
    }
}

impl<T: Element, L: Layer<T>> Network<T, L> {
    /// The outputs of `layers` and, if `to_the_end`, the logits; see [`super::ResNet::forward_taps`].
    pub fn forward_taps(
        &self,
        x: &Var<T>,
        pass: &mut Pass<T>,
        layers: &[usize],
        to_the_end: bool,
    ) -> Result<Taps<T>> {
        let pool = self.config.pool_layer();
        if let Some(layer) = layers.iter().find(|&&layer| layer > pool + 1) {
            let expected = format!("0..={}", pool + 1);
            return Err(Error::argument("ResNet", "layer", expected, layer));
        }
        let deepest = layers.iter().copied().max().unwrap_or(0);
        let mut found: Vec<Option<Var<T>>> = vec![None; layers.len()];
        let mut record = |number: usize, value: &Var<T>| {
            for (slot, &layer) in found.iter_mut().zip(layers) {
                if layer == number {
                    *slot = Some(value.clone());
                }
            }
            to_the_end || number < deepest
        };
        let mut logits = None;
        let mut y = x.clone();
        let mut go_on = record(0, &y);
        if go_on {
            y = self.stem(&y, pass)?;
            go_on = record(1, &y);
        }
        for (i, block) in self.stages.iter().flatten().enumerate() {
            if !go_on {
                break;
            }
            y = block.forward(&y, pass)?;
            go_on = record(i + 2, &y);
        }
        if go_on {
            y = y.global_avg_pool2d()?;
            go_on = record(pool, &y);
        }
        if go_on {
            y = self.fc.forward(&y.flatten()?, pass)?;
            record(pool + 1, &y);
            logits = Some(y);
        }
        Ok(Taps {
            layers: found.into_iter().flatten().collect(),
            logits,
        })
    }

    /// Logits [N, classes]; see [`super::ResNet::forward`].
    pub fn forward(&self, x: &Var<T>, pass: &mut Pass<T>) -> Result<Var<T>> {
        let taps = self.forward_taps(x, pass, &[], true)?;
        taps.logits
            .ok_or_else(|| Error::argument("ResNet", "pass", "logits", "none"))
    }

    fn stem(&self, x: &Var<T>, pass: &mut Pass<T>) -> Result<Var<T>> {
        let y = self.stem.forward(x, None, true, pass)?;
        if self.config.stem.max_pool {
            y.max_pool2d(3, 2, 1)
        } else {
            Ok(y)
        }
    }
}
