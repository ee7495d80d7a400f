//! Reading a pre-activation architecture off the names and shapes of its tensors.

use super::{Activation, Family, PreActivationConfig, ShortcutInput};
use crate::io::TensorFile;
use crate::models::infer::demand_numbers;
use crate::models::{BlockKind, ResNetConfig, Stem};
use crate::{Error, Result};
use std::path::Path;

/// The network of `family` whose tensors are in `file` (read from `path`, for messages).
///
/// Activation and input of the shortcuts leave no trace in the tensors: they are the family's usual ones unless told.
///
/// # Errors
/// [`Error::Format`] if the shapes contradict each other, or the file holds fewer numbers than such a network has.
pub(in crate::models) fn infer_preactivation(
    file: &TensorFile,
    path: &Path,
    family: Family,
    activation: Option<Activation>,
    shortcut: Option<ShortcutInput>,
) -> Result<PreActivationConfig> {
    let axis = |name: &str, axis: usize| {
        let name = format!("{name}.weight");
        let shape = file
            .tensors
            .get(&name)
            .map(|tensor| tensor.shape().dims().to_vec());
        shape.and_then(|dims| dims.get(axis).copied()).ok_or_else(|| {
            let found = format!("{name} missing or with too few axes");
            Error::format(path, "a pre-activation network's shapes", found, "check the file")
        })
    };
    let conv = |stage: usize, block: usize, number: usize| {
        format!("{}.{}", family.block(stage, block), family.conv(number))
    };
    let has = |name: &str| file.tensors.contains_key(&format!("{name}.weight"));
    let block = match has(&conv(0, 0, 2)) {
        true => BlockKind::Bottleneck,
        false => BlockKind::Basic,
    };
    let (mut widths, mut blocks) = (Vec::new(), Vec::new());
    while has(&conv(widths.len(), 0, 0)) {
        let stage = widths.len();
        widths.push(axis(&conv(stage, 0, 0), 0)?);
        blocks.push((0..).take_while(|&block| has(&conv(stage, block, 0))).count());
    }
    let layers = ResNetConfig {
        stem: Stem {
            kernel: axis(family.stem(), 2)?,
            ..Stem::cifar(axis(family.stem(), 1)?, axis(family.stem(), 0)?)
        },
        block,
        widths,
        blocks,
        classes: axis(family.classifier(), 0)?,
    };
    let usual = PreActivationConfig::usual(family, layers, has(family.final_norm()));
    let config = PreActivationConfig {
        activation: activation.unwrap_or(usual.activation),
        shortcut: shortcut.unwrap_or(usual.shortcut),
        ..usual
    };
    config.check().map_err(|e| {
        let advice = "check that the file is whole and a pre-activation network's";
        Error::format(path, "a pre-activation network's shapes", e, advice)
    })?;
    demand_numbers(&config.layers, file, path)?;
    Ok(config)
}
