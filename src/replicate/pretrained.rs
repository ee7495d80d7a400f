//! Weights that a training begins with, and what of them is replaced.

use super::Config;
use crate::io::{TensorFile, load_module};
use crate::models::ResNet;
use crate::nn::{Init, Module, Slot};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Published weights that have a name here, and where they come from.
const PUBLISHED: [(&str, &str); 1] = [(
    "resnet152-v2",
    "https://download.pytorch.org/models/resnet152-f82ba261.pth",
)];

/// Where the weights of a configuration are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weights {
    /// In this file.
    File(PathBuf),
    /// Not on this machine.
    Missing {
        /// Where they are published, if they have a name that is known.
        url: Option<&'static str>,
    },
}

impl Weights {
    /// Looks for `name`: the path of a file, or the name of published weights.
    pub fn find(name: &str) -> Self {
        if Path::new(name).is_file() {
            return Self::File(name.into());
        }
        let published = PUBLISHED.iter().find(|(known, _)| *known == name);
        Self::Missing {
            url: published.map(|(_, url)| *url),
        }
    }

    /// The file, for the weights called `name`.
    ///
    /// # Errors
    /// [`Error::Format`] that says where to get them.
    pub fn path(self, name: &str) -> Result<PathBuf> {
        let found = "nothing there";
        match self {
            Self::File(path) => Ok(path),
            Self::Missing { url: Some(url) } => {
                let advice = format!("download {url} and give the file with --weights");
                Err(Error::format(name, "a file with weights", found, advice))
            }
            Self::Missing { url: None } => {
                let names: Vec<&str> = PUBLISHED.iter().map(|(name, _)| *name).collect();
                let advice = format!("give the path of a file, or {}", names.join(", "));
                Err(Error::format(name, "a file with weights", found, advice))
            }
        }
    }
}

/// Which layers a network does not take from a file, but draws anew as PyTorch's constructors do: uniform in ±1/√fan_in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    /// The stem's convolution, which has other input channels, and the last layer, which has other classes.
    StemAndClassifier,
    /// The last layer.
    Classifier,
}

impl Replaced {
    fn contains(self, name: &str) -> bool {
        match name {
            "conv1.weight" => self == Self::StemAndClassifier,
            "fc.weight" | "fc.bias" => true,
            _ => false,
        }
    }
}

/// Sets `net` from the weights that `config` names, if it names any. The replaced layers are drawn from the run's
/// seed, by the numbers that the tensors from the file left unused.
///
/// # Errors
/// Those of [`Weights::path`] and [`transplant`].
pub(super) fn start(config: &Config, net: &mut ResNet, replaced: Replaced) -> Result<()> {
    let Some(name) = &config.backbone.weights else {
        return Ok(());
    };
    let path = Weights::find(name).path(name)?;
    transplant(net, &path, replaced, &mut Init::new(config.seed))
}

/// Sets `net` from the file at `path`, all but the layers `replaced`, which are drawn from `init`. Running statistics
/// are the file's.
///
/// # Errors
/// Those of reading; [`Error::Format`] if the file is not of this architecture.
pub(super) fn transplant(net: &mut ResNet, path: &Path, replaced: Replaced, init: &mut Init) -> Result<()> {
    let mut file = TensorFile::load(path)?;
    file.tensors.retain(|name, _| !replaced.contains(name));
    load_module(&mut Kept { net, replaced }, &file, path, "")?;
    let inputs = net.config().features();
    net.visit("", &mut |slot| {
        if replaced.contains(&slot.name) {
            let shape = *slot.parameter.value.shape();
            // A convolution's fan-in is a filter's length; the bias of the last layer has its weight's.
            let fan_in = match shape.dims() {
                [_, filter @ ..] if !filter.is_empty() => filter.iter().product(),
                _ => inputs,
            };
            let drawn = init.uniform(shape.dims(), fan_in)?;
            slot.parameter.value = drawn.beside(&slot.parameter.value)?;
        }
        Ok(())
    })
}

/// The tensors of a network that come from a file.
struct Kept<'a> {
    net: &'a mut ResNet,
    replaced: Replaced,
}

impl Module for Kept<'_> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_>) -> Result<()>) -> Result<()> {
        let dropped = |name: &str| self.replaced.contains(name.strip_prefix(prefix).unwrap_or(name));
        self.net.visit(prefix, &mut |slot| match dropped(&slot.name) {
            true => Ok(()),
            false => visit(slot),
        })
    }
}
