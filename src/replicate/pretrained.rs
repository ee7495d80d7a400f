//! Weights that a training begins with, and what of them is replaced.

use super::Config;
use crate::io::load_module;
use crate::models::{ResNet, load_resnet_weights};
use crate::nn::{Init, Module, Slot};
use crate::{Error, Result};
use std::path::Path;

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
/// [`Error::Format`] if there is no such file; those of [`transplant`].
pub(super) fn start(config: &Config, net: &mut ResNet, replaced: Replaced) -> Result<()> {
    let Some(name) = &config.backbone.weights else {
        return Ok(());
    };
    let path = Path::new(name);
    check_weights(path)?;
    transplant(net, path, replaced, &mut Init::new(config.seed))
}

/// Refuses weights that are not there.
///
/// # Errors
/// [`Error::Format`] that says what could be given instead.
pub(super) fn check_weights(path: &Path) -> Result<()> {
    if path.is_file() {
        return Ok(());
    }
    let advice =
        "give the path of a file, or a name that `crossmax fetch --list` tells, such as resnet152-v2";
    Err(Error::format(
        path,
        "a file with weights",
        "nothing there",
        advice,
    ))
}

/// Sets `net` from the file at `path`, all but the layers `replaced`, which are drawn from `init`. Running statistics
/// are the file's.
///
/// # Errors
/// Those of reading; [`Error::Format`] if the file is not of this architecture.
pub(super) fn transplant(net: &mut ResNet, path: &Path, replaced: Replaced, init: &mut Init) -> Result<()> {
    let mut file = load_resnet_weights(path)?;
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
