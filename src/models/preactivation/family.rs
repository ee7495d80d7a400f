//! The published families: whose names the tensors have, and what goes with the names.

use crate::autograd::Var;
use crate::io::TensorFile;
use crate::nn::{BatchNorm, Pass};
use crate::ops::BatchNormEpilogue;
use crate::tensor::Element;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Whose pre-activation network it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Wide ResNets as TRADES has them (Zhang et al., arXiv 1901.08573): `block1.layer.0.conv1`, `fc`.
    Wide,
    /// Wide ResNets of DeepMind (Gowal et al., arXiv 2010.03593): `layer.0.block.0.conv_0`, `logits`. A convolution of
    /// stride 2 is padded at the right and lower edge alone.
    DeepMindWide,
    /// Pre-activation ResNets of the collection pytorch-cifar: `layer1.0.conv1`, `linear`.
    PreAct,
    /// Pre-activation ResNets of DeepMind: `layer_0.0.conv_2d_1`, `logits`. Padding as [`Family::DeepMindWide`]; a
    /// shortcut is a 3×3 convolution.
    DeepMindPreAct,
}

/// The function after a batch normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// x·σ(x), also called swish.
    Silu,
}

impl Activation {
    /// The function of every element of norm(x).
    pub(super) fn after<T: Element>(
        self,
        norm: &BatchNorm<T>,
        x: &Var<T>,
        pass: &mut Pass<T>,
    ) -> Result<Var<T>> {
        let relu = BatchNormEpilogue {
            relu: true,
            ..BatchNormEpilogue::default()
        };
        match self {
            Self::Relu => norm.forward_then(x, relu, pass),
            Self::Silu => norm.forward(x, pass)?.silu(),
        }
    }
}

impl FromStr for Activation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "relu" => Ok(Self::Relu),
            "silu" => Ok(Self::Silu),
            _ => Err(Error::Usage(format!(
                "unknown activation `{text}`; expected relu or silu"
            ))),
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Relu => "relu",
            Self::Silu => "silu",
        })
    }
}

/// What the convolution in a block's shortcut is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShortcutInput {
    /// The block's input.
    Raw,
    /// The block's input after the first normalisation and activation.
    Activated,
}

impl FromStr for ShortcutInput {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "raw" => Ok(Self::Raw),
            "activated" => Ok(Self::Activated),
            _ => Err(Error::Usage(format!(
                "unknown input of shortcuts `{text}`; expected raw or activated"
            ))),
        }
    }
}

impl fmt::Display for ShortcutInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Raw => "raw",
            Self::Activated => "activated",
        })
    }
}

impl Family {
    const ALL: [Self; 4] = [Self::Wide, Self::DeepMindWide, Self::PreAct, Self::DeepMindPreAct];

    /// The family whose names are in `file`. Post-activation networks share some of them, but have a normalisation
    /// of the stem or a last layer `fc`.
    pub(in crate::models) fn of(file: &TensorFile) -> Option<Self> {
        let has = |name: &str| file.tensors.contains_key(name);
        Self::ALL.into_iter().find(|family| {
            let weight = |name: &str| has(&format!("{name}.weight"));
            let post_activation = *family == Self::PreAct && has("bn1.weight");
            let first = format!("{}.{}", family.block(0, 0), family.conv(0));
            weight(family.stem()) && weight(&first) && weight(family.classifier()) && !post_activation
        })
    }

    /// Whether it is one of DeepMind's.
    pub fn is_deep_mind(self) -> bool {
        matches!(self, Self::DeepMindWide | Self::DeepMindPreAct)
    }

    /// Whether it is a wide ResNet.
    pub fn is_wide(self) -> bool {
        matches!(self, Self::Wide | Self::DeepMindWide)
    }

    /// The activation of the published networks.
    pub fn usual_activation(self) -> Activation {
        match self.is_deep_mind() {
            true => Activation::Silu,
            false => Activation::Relu,
        }
    }

    /// What shortcuts begin with in the published networks. Pre-activation ResNets of pytorch-cifar are used in two
    /// ways: those with a normalisation before the last layer begin with the activated input.
    pub fn usual_shortcut(self, final_norm: bool) -> ShortcutInput {
        match self {
            Self::Wide | Self::DeepMindWide => ShortcutInput::Activated,
            Self::PreAct if final_norm => ShortcutInput::Activated,
            Self::PreAct | Self::DeepMindPreAct => ShortcutInput::Raw,
        }
    }

    /// Window of a shortcut's convolution, in pixels.
    pub(super) fn shortcut_kernel(self) -> usize {
        match self {
            Self::DeepMindPreAct => 3,
            _ => 1,
        }
    }

    /// Name of the stem's convolution.
    pub(super) fn stem(self) -> &'static str {
        match self {
            Self::Wide | Self::PreAct => "conv1",
            Self::DeepMindWide => "init_conv",
            Self::DeepMindPreAct => "conv_2d",
        }
    }

    /// Name of a block; stages and blocks count from 0.
    pub(super) fn block(self, stage: usize, block: usize) -> String {
        match self {
            Self::Wide => format!("block{}.layer.{block}", stage + 1),
            Self::DeepMindWide => format!("layer.{stage}.block.{block}"),
            Self::PreAct => format!("layer{}.{block}", stage + 1),
            Self::DeepMindPreAct => format!("layer_{stage}.{block}"),
        }
    }

    /// Name, within a block, of the normalisation before convolution `number`, from 0.
    pub(super) fn norm(self, number: usize) -> String {
        match self {
            Self::Wide | Self::PreAct => format!("bn{}", number + 1),
            Self::DeepMindWide | Self::DeepMindPreAct => format!("batchnorm_{number}"),
        }
    }

    /// Name, within a block, of convolution `number`, from 0.
    pub(super) fn conv(self, number: usize) -> String {
        match self {
            Self::Wide | Self::PreAct => format!("conv{}", number + 1),
            Self::DeepMindWide => format!("conv_{number}"),
            Self::DeepMindPreAct => format!("conv_2d_{}", number + 1),
        }
    }

    /// Name, within a block, of the shortcut's convolution.
    pub(super) fn shortcut(self) -> &'static str {
        match self {
            Self::Wide => "convShortcut",
            Self::PreAct => "shortcut.0",
            Self::DeepMindWide | Self::DeepMindPreAct => "shortcut",
        }
    }

    /// Name of the normalisation after the last block.
    pub(super) fn final_norm(self) -> &'static str {
        match self {
            Self::Wide => "bn1",
            Self::PreAct => "bn",
            Self::DeepMindWide | Self::DeepMindPreAct => "batchnorm",
        }
    }

    /// Name of the last, linear layer.
    pub(super) fn classifier(self) -> &'static str {
        match self {
            Self::Wide => "fc",
            Self::PreAct => "linear",
            Self::DeepMindWide | Self::DeepMindPreAct => "logits",
        }
    }
}
