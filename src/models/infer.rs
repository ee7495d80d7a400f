//! Reading an architecture off the names and shapes of its tensors.

use super::{BlockKind, ResNetConfig, Stem};
use crate::io::{TensorFile, shown_name};
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
                let found = format!(
                    "no tensor {name} among {}{}",
                    file.tensors.len(),
                    first_names(file)
                );
                Error::format(
                    path,
                    "a ResNet with torchvision's names",
                    found,
                    "give a ResNet, WideResNet or PreActResNet under its publisher's names",
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
    if let Some(found) = foreign_feature(file) {
        let advice = "only torchvision's plain ResNets (18, 34, 50, 101, 152 and their kin) are known";
        return Err(Error::format(path, "a plain ResNet", found, advice));
    }
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
    demand_numbers(&config, file, path)?;
    Ok(config)
}

/// Refuses a small file that would make its reader take memory for a huge network.
pub(super) fn demand_numbers(config: &ResNetConfig, file: &TensorFile, path: &Path) -> Result<()> {
    let (needed, stored) = (
        config.weight_count(),
        file.tensors.values().map(|t| t.shape().len() as u128).sum(),
    );
    if needed > stored {
        let expected =
            format!("a ResNet of at least {needed} numbers, going by the shapes of its first layers");
        return Err(Error::format(path, expected, stored, "check the file"));
    }
    Ok(())
}

/// The first names in the file, for a message.
fn first_names(file: &TensorFile) -> String {
    let names: Vec<String> = file.tensors.keys().take(3).map(|name| shown_name(name)).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(" ({}, …)", names.join(", ")),
    }
}

/// What the tensors show of a relative of ResNets that is not one.
fn foreign_feature(file: &TensorFile) -> Option<&'static str> {
    let axis = |name: &str, axis: usize| file.tensors.get(name)?.shape().dims().get(axis).copied();
    if axis("conv1.weight", 0).is_none() && axis("conv1.0.weight", 0).is_some() {
        return Some("a stem of several convolutions (ResNet-C, -D)");
    }
    // Of a bottleneck: 1×1, 3×3, 1×1, the last of four times as many channels.
    let width = axis("layer1.0.conv1.weight", 0)?;
    let expanded = axis("layer1.0.conv3.weight", 0)?;
    if axis("layer1.0.conv2.weight", 1)? < width {
        return Some("convolutions in groups (ResNeXt)");
    }
    (expanded / 4 < width).then_some("bottlenecks of more than the usual width (wide ResNet)")
}
