//! Any architecture that weights files are known of.

use super::preactivation::infer_preactivation;
use super::{
    Activation, Family, Network, PreActivationConfig, PreActivationResNet, ResNet, ResNetConfig,
    ShortcutInput, infer_resnet,
};
use crate::io::TensorFile;
use crate::nn::Init;
use crate::tensor::Element;
use crate::{Error, Result};
use serde::Serialize;
use std::path::Path;

/// The architecture of a network in a weights file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Architecture {
    /// A residual network, torchvision's or its like.
    ResNet(ResNetConfig),
    /// A residual network with pre-activation: wide ResNets, pre-activation ResNets.
    PreActivation(PreActivationConfig),
}

/// What leaves no trace in the tensors of a file. What is not said is taken as published networks have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Untraced {
    /// Of a ResNet: stride of the stem, and whether a maximum pool follows it.
    pub stem: Option<(usize, bool)>,
    /// Of a network with pre-activation: the function after each normalisation.
    pub activation: Option<Activation>,
    /// Of a network with pre-activation: what the convolution of a shortcut is applied to.
    pub shortcut: Option<ShortcutInput>,
}

impl Architecture {
    /// The network whose tensors are in `file` (read from `path`, for messages), under torchvision's names or a
    /// family's own.
    ///
    /// # Errors
    /// [`Error::Usage`] if `told` is about another kind of network; those of [`infer_resnet`], and the like for the
    /// other families.
    pub fn infer(file: &TensorFile, path: &Path, told: Untraced) -> Result<Self> {
        let refuse = |what: &str, whose: &str| {
            let network = path.display();
            Err(Error::Usage(format!(
                "{network}: {what} was told, which {whose} does not have"
            )))
        };
        match Family::of(file) {
            Some(_) if told.stem.is_some() => refuse("a stem", "a network with pre-activation"),
            Some(family) => infer_preactivation(file, path, family, told.activation, told.shortcut)
                .map(Self::PreActivation),
            None if told.activation.is_some() => refuse("an activation", "a plain ResNet"),
            None if told.shortcut.is_some() => refuse("the input of shortcuts", "a plain ResNet"),
            None => infer_resnet(file, path, told.stem).map(Self::ResNet),
        }
    }

    /// Stem, blocks and classes.
    pub fn layers(&self) -> &ResNetConfig {
        match self {
            Self::ResNet(config) => config,
            Self::PreActivation(config) => &config.layers,
        }
    }

    /// What one calls it. Channels and classes are not part of it.
    pub fn title(&self) -> String {
        match self {
            Self::ResNet(config) => config.title(),
            Self::PreActivation(config) => config.title(),
        }
    }

    /// What about it is not in its weights, in one line: networks of the same weights are the same if this is.
    pub fn untraced(&self) -> String {
        match self {
            Self::ResNet(config) => format!("{} {}", config.stem.stride, config.stem.max_pool),
            Self::PreActivation(config) => format!("{} {}", config.activation, config.shortcut),
        }
    }

    /// A network of this architecture, all zeros: for weights from a file.
    ///
    /// # Errors
    /// [`Error::Argument`] if the configuration makes no network.
    pub fn blank<T: Element>(&self) -> Result<Box<dyn Network<T>>> {
        let init = &mut Init::blank();
        Ok(match self {
            Self::ResNet(config) => Box::new(ResNet::new(config.clone(), init)?),
            Self::PreActivation(config) => Box::new(PreActivationResNet::new(config.clone(), init)?),
        })
    }
}
