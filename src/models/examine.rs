//! What a file of weights holds.

use super::colours::is_beside_the_network;
use super::names::{Naming, unify_names, with_torchvision_names};
use super::{Architecture, Colours, Network, Untraced};
use crate::io::{LoadReport, Stored, TensorFile, WeightsFile, load_weights, set_module};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// The weights of a ResNet under torchvision's names, from a file of any known format and naming.
///
/// # Errors
/// Those of [`load_weights`].
pub fn load_resnet_weights(path: &Path) -> Result<TensorFile> {
    load_weights(path).map(|file| with_torchvision_names(file).0)
}

/// A network that was read from a file.
pub struct LoadedNetwork {
    /// The network.
    pub network: Box<dyn Network>,
    /// How it wants its pictures: as the file says, else as is usual.
    pub colours: Colours,
}

/// The network in the weights file at `path`, of any known format, naming and architecture; `told` is what its tensors
/// do not tell.
///
/// # Errors
/// Those of [`load_weights`] and [`Architecture::infer`]; [`Error::Format`] naming what is missing, unexpected, of another
/// shape or not finite.
pub fn load_network(path: &Path, told: Untraced) -> Result<LoadedNetwork> {
    let (file, naming) = with_torchvision_names(load_weights(path)?);
    let architecture = Architecture::infer(&file, path, told)?;
    let mut network = architecture.blank()?;
    let misfits = set_module(network.as_mut(), &tensors_of(&file, &architecture), "")?;
    if !misfits.is_clean() {
        let expected = "the tensors of this architecture";
        let advice = "check that weights and architecture belong together";
        return Err(Error::format(path, expected, misfits, advice));
    }
    Ok(LoadedNetwork {
        network,
        colours: Colours::kept_in(&file)?.unwrap_or(Colours::usual(&architecture, naming)),
    })
}

/// The tensors of `file` but those that are not the network's.
fn tensors_of(file: &TensorFile, architecture: &Architecture) -> BTreeMap<String, Stored> {
    let tensors = file.tensors.iter();
    tensors
        .filter(|(name, _)| !is_beside_the_network(name, architecture))
        .map(|(name, stored)| (name.clone(), stored.clone()))
        .collect()
}

/// A file of weights, looked at.
#[derive(Debug)]
pub struct ExaminedWeights {
    /// The file, under torchvision's names, or those of a family with pre-activation.
    pub weights: WeightsFile,
    /// Whose names it had.
    pub naming: Naming,
    /// The network that it makes; else what is missing for one.
    pub network: Result<ExaminedNetwork, Error>,
}

/// The network that a file of weights makes.
#[derive(Debug)]
pub struct ExaminedNetwork {
    /// Its architecture. What leaves no trace in the tensors is a guess, see [`Untraced`].
    pub architecture: Architecture,
    /// How it wants its pictures: as the file says, else as is usual.
    pub colours: Colours,
    /// What in the file does not fit it.
    pub misfits: LoadReport,
}

/// Reads the file at `path` and compares it, tensor by tensor, with the architecture that its names and shapes tell.
///
/// # Errors
/// Those of [`WeightsFile::load`].
pub fn examine_weights(path: &Path) -> Result<ExaminedWeights> {
    let mut weights = WeightsFile::load(path)?;
    let naming = unify_names(&mut weights.file, &mut weights.types);
    let file = &weights.file;
    let network = match Architecture::infer(file, path, Untraced::default()) {
        Ok(architecture) => {
            let tensors = tensors_of(file, &architecture);
            let aside = file.tensors.len() - tensors.len();
            if aside > 0 {
                let note =
                    format!("{aside} tensors are not the network's own: colours, or blocks it does not use");
                weights.notes.push(note);
            }
            let misfits = set_module(architecture.blank::<f32>()?.as_mut(), &tensors, "")?;
            Ok(ExaminedNetwork {
                colours: Colours::kept_in(file)?.unwrap_or(Colours::usual(&architecture, naming)),
                architecture,
                misfits,
            })
        }
        Err(error) => Err(error),
    };
    Ok(ExaminedWeights {
        weights,
        naming,
        network,
    })
}
