//! The two residual blocks (He et al., arXiv 1512.03385; stride in the 3×3, as torchvision).

use super::layer::{ConvNorm, Layer};
use crate::Result;
use crate::autograd::Var;
use crate::nn::{FoldedConv, Init, Module, Pass, Slot};
use crate::tensor::Element;
use serde::{Deserialize, Serialize};

/// Which residual block a network is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlockKind {
    /// Two 3×3 convolutions (ResNet-18, -34, CIFAR-size nets).
    Basic,
    /// 1×1, 3×3, 1×1 with four times the channels at the end (ResNet-50, -101, -152).
    Bottleneck,
}

impl BlockKind {
    /// Output channels for each channel of a stage's width.
    pub fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }
}

/// A residual block: relu(branch(x) + shortcut(x)). Its layers are [`ConvNorm`]s or what they fold to.
#[derive(Clone)]
pub(super) struct Block<L> {
    branch: Vec<L>,
    downsample: Option<L>,
}

impl<L> Block<L> {
    /// `[N,H,W,C]` to `[N,P,Q,K]`.
    pub fn forward<T: Element>(&self, x: &Var<T>, pass: &mut Pass<T>) -> Result<Var<T>>
    where
        L: Layer<T>,
    {
        let shortcut = match &self.downsample {
            Some(downsample) => downsample.forward(x, None, false, pass)?,
            None => x.clone(),
        };
        let mut y = x.clone();
        for (i, layer) in self.branch.iter().enumerate() {
            let is_last = i + 1 == self.branch.len();
            y = layer.forward(&y, is_last.then_some(&shortcut), true, pass)?;
        }
        Ok(y)
    }
}

impl<T: Element> Block<ConvNorm<T>> {
    pub fn new(init: &mut Init, kind: BlockKind, input: usize, width: usize, stride: usize) -> Result<Self> {
        let output = width * kind.expansion();
        let branch = match kind {
            BlockKind::Basic => vec![
                ConvNorm::new(init, input, width, 3, stride)?,
                ConvNorm::new(init, width, width, 3, 1)?,
            ],
            BlockKind::Bottleneck => vec![
                ConvNorm::new(init, input, width, 1, 1)?,
                ConvNorm::new(init, width, width, 3, stride)?,
                ConvNorm::new(init, width, output, 1, 1)?,
            ],
        };
        let downsample = (stride != 1 || input != output)
            .then(|| ConvNorm::new(init, input, output, 1, stride))
            .transpose()?;
        Ok(Self { branch, downsample })
    }

    pub fn into_folded(self) -> Result<Block<FoldedConv<T>>> {
        let branch = self.branch.into_iter();
        Ok(Block {
            branch: branch.map(ConvNorm::into_folded).collect::<Result<_>>()?,
            downsample: self.downsample.map(ConvNorm::into_folded).transpose()?,
        })
    }
}

impl<T: Element> Module<T> for Block<ConvNorm<T>> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>) -> Result<()> {
        for (i, layer) in self.branch.iter_mut().enumerate() {
            layer.conv.visit(&format!("{prefix}.conv{}", i + 1), visit)?;
            layer.norm.visit(&format!("{prefix}.bn{}", i + 1), visit)?;
        }
        if let Some(downsample) = &mut self.downsample {
            downsample.conv.visit(&format!("{prefix}.downsample.0"), visit)?;
            downsample.norm.visit(&format!("{prefix}.downsample.1"), visit)?;
        }
        Ok(())
    }
}
