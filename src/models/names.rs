//! Names that other libraries give to the tensors of torchvision's ResNets.
//!
//! timm's ResNets have torchvision's names. Hugging Face's `transformers` has its own, of which these are the parts:
//!
//! | Hugging Face | torchvision |
//! | --- | --- |
//! | `embedder.embedder.convolution`, `.normalization` | `conv1`, `bn1` |
//! | `encoder.stages.S.layers.B.layer.K.convolution`, `.normalization` | `layer(S+1).B.conv(K+1)`, `.bn(K+1)` |
//! | `encoder.stages.S.layers.B.shortcut.convolution`, `.normalization` | `layer(S+1).B.downsample.0`, `.1` |
//! | `classifier.1` | `fc` |
//!
//! All but the last have `resnet.` before them in files of whole classifiers.
//!
//! The collection pytorch-cifar calls a shortcut `shortcut` instead of `downsample`, and the last layer `linear`.
//! The families with pre-activation keep their own names. Wrappers put `module.` or `model.` before all.

use super::Family;
use super::colours::is_colours;
use crate::io::TensorFile;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Whose names the tensors of a file have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// torchvision's.
    Torchvision,
    /// Those of Hugging Face's `transformers`.
    HuggingFace,
    /// Those of the collection pytorch-cifar, of a ResNet.
    PytorchCifar,
    /// Those of a family with pre-activation, as in RobustBench's collection.
    RobustBench,
    /// None of these.
    Unknown,
}

impl fmt::Display for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Torchvision => "torchvision's",
            Self::HuggingFace => "Hugging Face's",
            Self::PytorchCifar => "pytorch-cifar's",
            Self::RobustBench => "RobustBench's",
            Self::Unknown => "unknown",
        })
    }
}

/// The file with torchvision's names, and whose it had. Networks with pre-activation keep their family's names, without
/// those of wrappers. A file that is not wholly in another library's names stays as it is.
pub fn with_torchvision_names(mut file: TensorFile) -> (TensorFile, Naming) {
    let naming = unify_names(&mut file, &mut BTreeMap::<_, ()>::new());
    (file, naming)
}

/// Gives the tensors of `file`, and what `beside` says of them, the names that architectures are known by: torchvision's,
/// or a family's own. Tells whose the names were.
pub(super) fn unify_names<V>(file: &mut TensorFile, beside: &mut BTreeMap<String, V>) -> Naming {
    let mut give = |file: &mut TensorFile, names: &BTreeMap<String, String>| {
        rename(&mut file.tensors, names);
        rename(beside, names);
    };
    while let Some(names) = WRAPPERS
        .iter()
        .find_map(|&wrapper| renaming(file, |name| unwrapped(name, wrapper)))
    {
        give(file, &names);
    }
    if let Some(names) = renaming(file, hugging_face_to_torchvision) {
        give(file, &names);
        return Naming::HuggingFace;
    }
    let has = |name: &str| file.tensors.contains_key(name);
    let is_pytorch_cifar = has("linear.weight") && has("bn1.weight") && !has("fc.weight");
    if is_pytorch_cifar && let Some(names) = renaming(file, |name| Some(pytorch_cifar_to_torchvision(name))) {
        give(file, &names);
        return Naming::PytorchCifar;
    }
    match Family::of(file) {
        Some(_) => Naming::RobustBench,
        None => unchanged(file),
    }
}

/// Whose names a file has that is not to be renamed: torchvision's begin with the stem's.
fn unchanged(file: &TensorFile) -> Naming {
    match file.tensors.contains_key("conv1.weight") {
        true => Naming::Torchvision,
        false => Naming::Unknown,
    }
}

/// What wrappers of networks put before every name: data parallelism, a normalisation.
const WRAPPERS: [&str; 2] = ["module.", "model."];

/// `name` without what `wrapper` put before it; the colours that a wrapper normalises with are its own.
fn unwrapped(name: &str, wrapper: &str) -> Option<String> {
    match name.strip_prefix(wrapper) {
        None if is_colours(name) => Some(name.to_owned()),
        rest => rest.map(str::to_owned),
    }
}

/// A new name for each of the file's, if all have one, one changes, and none meets another.
fn renaming(
    file: &TensorFile,
    new_name: impl Fn(&str) -> Option<String>,
) -> Option<BTreeMap<String, String>> {
    let pairs = file.tensors.keys();
    let pairs = pairs.map(|name| Some((name.clone(), new_name(name)?)));
    let names: BTreeMap<String, String> = pairs.collect::<Option<_>>()?;
    let distinct: BTreeSet<&String> = names.values().collect();
    let changes = names.iter().any(|(old, new)| old != new);
    (changes && distinct.len() == names.len()).then_some(names)
}

/// Gives what is under each old name its new one.
fn rename<V>(map: &mut BTreeMap<String, V>, names: &BTreeMap<String, String>) {
    let renamed = std::mem::take(map).into_iter();
    *map = renamed
        .map(|(name, value)| (names.get(&name).cloned().unwrap_or(name), value))
        .collect();
}

/// torchvision's name of what pytorch-cifar calls `name`.
fn pytorch_cifar_to_torchvision(name: &str) -> String {
    match name.strip_prefix("linear.") {
        Some(kind) => format!("fc.{kind}"),
        None => name.replace(".shortcut.", ".downsample."),
    }
}

/// torchvision's name of what Hugging Face calls `name`.
fn hugging_face_to_torchvision(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.strip_prefix("resnet.").unwrap_or(name).split('.').collect();
    Some(match parts[..] {
        ["embedder", "embedder", "convolution", kind] => format!("conv1.{kind}"),
        ["embedder", "embedder", "normalization", kind] => format!("bn1.{kind}"),
        [
            "encoder",
            "stages",
            stage,
            "layers",
            block,
            "layer",
            layer,
            part,
            kind,
        ] => {
            let part = match part {
                "convolution" => "conv",
                "normalization" => "bn",
                _ => return None,
            };
            let (stage, layer) = (next(stage)?, next(layer)?);
            format!("layer{stage}.{block}.{part}{layer}.{kind}")
        }
        [
            "encoder",
            "stages",
            stage,
            "layers",
            block,
            "shortcut",
            part,
            kind,
        ] => {
            let part = match part {
                "convolution" => 0,
                "normalization" => 1,
                _ => return None,
            };
            format!("layer{}.{block}.downsample.{part}.{kind}", next(stage)?)
        }
        ["classifier", "1", kind] => format!("fc.{kind}"),
        _ => return None,
    })
}

/// The number behind the one in `text`.
fn next(text: &str) -> Option<u32> {
    text.parse::<u32>().ok()?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{Stored, module_tensors};
    use crate::models::{BlockKind, ResNet, ResNetConfig, Stem};
    use crate::nn::Init;
    use crate::tensor::Shape;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    /// Hugging Face's name of what torchvision calls `name`; the other direction, written on its own.
    fn hugging_face(name: &str) -> String {
        let (path, kind) = name.rsplit_once('.').unwrap_or_default();
        match path.split('.').collect::<Vec<_>>()[..] {
            ["conv1"] => format!("resnet.embedder.embedder.convolution.{kind}"),
            ["bn1"] => format!("resnet.embedder.embedder.normalization.{kind}"),
            ["fc"] => format!("classifier.1.{kind}"),
            [stage, block, ref rest @ ..] => {
                let digit = |text: &str| text.bytes().last().map_or(0, |digit| digit - b'1');
                let start = format!("resnet.encoder.stages.{}.layers.{block}", digit(stage));
                match rest {
                    ["downsample", "0"] => format!("{start}.shortcut.convolution.{kind}"),
                    ["downsample", _] => format!("{start}.shortcut.normalization.{kind}"),
                    [layer, ..] if layer.starts_with("conv") => {
                        format!("{start}.layer.{}.convolution.{kind}", digit(layer))
                    }
                    [layer, ..] => format!("{start}.layer.{}.normalization.{kind}", digit(layer)),
                    [] => String::new(),
                }
            }
            _ => String::new(),
        }
    }

    #[test]
    fn every_name_of_a_resnet_is_translated() -> TestResult {
        for block in [BlockKind::Basic, BlockKind::Bottleneck] {
            let config = ResNetConfig {
                stem: Stem::imagenet(3),
                block,
                widths: vec![4, 6, 8],
                blocks: vec![1, 2, 1],
                classes: 5,
            };
            let mut net = ResNet::<f32>::new(config, &mut Init::new(0))?;
            let mut tensors = module_tensors(&mut net, "")?;
            let counter = Stored::Int(Shape::SCALAR, vec![1]);
            tensors.insert("bn1.num_batches_tracked".into(), counter);
            let names: Vec<String> = tensors.keys().cloned().collect();
            let theirs = tensors.into_iter().map(|(name, t)| (hugging_face(&name), t));
            let file = TensorFile {
                tensors: theirs.collect(),
                ..TensorFile::default()
            };
            assert_eq!(file.tensors.len(), names.len());
            let (file, naming) = with_torchvision_names(file);
            assert_eq!(naming, Naming::HuggingFace);
            assert!(file.tensors.keys().eq(&names));
            let (again, naming) = with_torchvision_names(file);
            assert_eq!((again.tensors.len(), naming), (names.len(), Naming::Torchvision));
        }
        Ok(())
    }

    #[test]
    fn mixed_names_stay_as_they_are() {
        let names = [
            "resnet.embedder.embedder.convolution.weight",
            "conv1.weight",
            "note",
        ];
        let zero = || Stored::Int(Shape::SCALAR, vec![0]);
        let file = TensorFile {
            tensors: names.map(|name| (name.to_owned(), zero())).into(),
            ..TensorFile::default()
        };
        let (file, naming) = with_torchvision_names(file);
        assert_eq!(naming, Naming::Torchvision);
        assert!(names.iter().all(|&name| file.tensors.contains_key(name)));
    }
}
