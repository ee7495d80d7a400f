//! What a file of weights holds.

use super::names::{Naming, rename, renaming, unchanged, with_torchvision_names};
use super::{ResNet, ResNetConfig, infer_resnet};
use crate::io::{LoadReport, TensorFile, WeightsFile, load_weights, set_module};
use crate::nn::Init;
use crate::{Error, Result};
use std::path::Path;

/// The weights of a ResNet under torchvision's names, from a file of any known format and naming.
///
/// # Errors
/// Those of [`load_weights`].
pub fn load_resnet_weights(path: &Path) -> Result<TensorFile> {
    load_weights(path).map(|file| with_torchvision_names(file).0)
}

/// A file of weights, looked at.
#[derive(Debug)]
pub struct ExaminedWeights {
    /// The file, under torchvision's names.
    pub weights: WeightsFile,
    /// Whose names it had.
    pub naming: Naming,
    /// The network that it makes, if it is a ResNet's; else what is missing for one.
    pub network: Result<ExaminedNetwork, Error>,
}

/// The ResNet that a file of weights makes.
#[derive(Debug)]
pub struct ExaminedNetwork {
    /// Its architecture. Stride and pool of the stem are a guess, see [`infer_resnet`].
    pub config: ResNetConfig,
    /// What in the file does not fit it.
    pub misfits: LoadReport,
}

/// Reads the file at `path` and compares it, tensor by tensor, with the architecture that its names and shapes tell.
///
/// # Errors
/// Those of [`WeightsFile::load`].
pub fn examine_weights(path: &Path) -> Result<ExaminedWeights> {
    let mut weights = WeightsFile::load(path)?;
    let naming = match renaming(&weights.file) {
        Some(names) => {
            rename(&mut weights.file.tensors, &names);
            rename(&mut weights.types, &names);
            Naming::HuggingFace
        }
        None => unchanged(&weights.file),
    };
    let file = &weights.file;
    let network = match infer_resnet(file, path, None) {
        Ok(config) => {
            let mut net = ResNet::<f32>::new(config.clone(), &mut Init::new(0))?;
            let misfits = set_module(&mut net, &file.tensors, "")?;
            Ok(ExaminedNetwork { config, misfits })
        }
        Err(error) => Err(error),
    };
    Ok(ExaminedWeights {
        weights,
        naming,
        network,
    })
}
