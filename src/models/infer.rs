//! Reading an architecture off the names and shapes of its tensors.

use super::{BlockKind, ResNetConfig, Stem};
use crate::io::TensorFile;
use crate::{Error, Result};
use std::path::Path;

/// The residual network whose tensors, under torchvision's names, are in `file` (read from
/// `path`, for messages).
///
/// Stride and pool of the stem leave no trace in the tensors: a 7×7 stem is taken as
/// torchvision's (stride 2, pool), a 3×3 one as CIFAR's (stride 1, no pool), unless `stem`
/// (stride, max_pool) says otherwise.
///
/// # Errors
/// [`Error::Format`] if the names are not a ResNet's or contradict each other, or the file holds
/// fewer numbers than such a network has.
pub fn infer_resnet(file: &TensorFile, path: &Path, stem: Option<(usize, bool)>) -> Result<ResNetConfig> {
    let shape = |name: &str| {
        file.tensors
            .get(name)
            .map(|tensor| tensor.shape().dims().to_vec())
            .ok_or_else(|| {
                let found = format!("no tensor {name} among {}", file.tensors.len());
                Error::format(
                    path,
                    "a ResNet with torchvision's names",
                    found,
                    "convert the names first",
                )
            })
    };
    let axis = |name: &str, axis: usize| {
        shape(name)?.get(axis).copied().ok_or_else(|| {
            let found = format!("{name} with too few axes");
            Error::format(
                path,
                "a ResNet with torchvision's shapes",
                found,
                "check the file",
            )
        })
    };
    let count = |prefix: &dyn Fn(usize) -> String| {
        (0..)
            .take_while(|&i| file.tensors.contains_key(&prefix(i)))
            .count()
    };
    let kernel = axis("conv1.weight", 2)?;
    let (stride, max_pool) = stem.unwrap_or(if kernel >= 7 { (2, true) } else { (1, false) });
    let stages = count(&|i| format!("layer{}.0.conv1.weight", i + 1));
    let block = if file.tensors.contains_key("layer1.0.conv3.weight") {
        BlockKind::Bottleneck
    } else {
        BlockKind::Basic
    };
    let mut widths = Vec::with_capacity(stages);
    let mut blocks = Vec::with_capacity(stages);
    for stage in 1..=stages {
        widths.push(axis(&format!("layer{stage}.0.conv1.weight"), 0)?);
        blocks.push(count(&|j| format!("layer{stage}.{j}.conv1.weight")));
    }
    let config = ResNetConfig {
        stem: Stem {
            channels: axis("conv1.weight", 1)?,
            width: axis("conv1.weight", 0)?,
            kernel,
            stride,
            max_pool,
        },
        block,
        widths,
        blocks,
        classes: axis("fc.weight", 0)?,
    };
    config.check().map_err(|e| {
        Error::format(
            path,
            "a ResNet with torchvision's shapes",
            e,
            "check that the file is whole and a ResNet's",
        )
    })?;
    // A small file must not make its reader take memory for a huge network.
    let (needed, stored) = (
        config.weight_count(),
        file.tensors.values().map(|t| t.shape().len() as u128).sum(),
    );
    if needed > stored {
        let expected =
            format!("a ResNet of at least {needed} numbers, going by the shapes of its first layers");
        return Err(Error::format(path, expected, stored, "check the file"));
    }
    Ok(config)
}
