//! Modules to and from files of named tensors in PyTorch's layouts and with PyTorch's names.
//!
//! `num_batches_tracked`, which PyTorch keeps beside running statistics but does not use with a
//! momentum, is neither written nor required; PyTorch fills it in when it loads our files.

use crate::io::{Stored, TensorFile, shown_name};
use crate::nn::{Layout, Module};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

/// What does not fit between a file and a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Names the module needs and the file lacks.
    pub missing: Vec<String>,
    /// Names in the file that the module does not know.
    pub unexpected: Vec<String>,
    /// Names with another shape: (name, in the file, needed), in the file's layout.
    pub mis_shaped: Vec<(String, String, String)>,
    /// Names of tensors that hold NaN or an infinity.
    pub not_finite: Vec<String>,
}

impl LoadReport {
    /// Whether everything fits.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for LoadReport {
    /// One line: each kind of misfit with its count and first names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let mut list = |what: &str, names: Vec<String>| {
            if !names.is_empty() {
                let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
                let more = if names.len() > 3 { ", …" } else { "" };
                parts.push(format!("{} {what} ({shown}{more})", names.len()));
            }
        };
        let plain = |names: &[String]| names.iter().map(|name| shown_name(name)).collect();
        list("missing", plain(&self.missing));
        list("unexpected", plain(&self.unexpected));
        let shapes = self.mis_shaped.iter();
        list(
            "of another shape",
            shapes
                .map(|(name, found, needed)| format!("{} is {found}, needed {needed}", shown_name(name)))
                .collect(),
        );
        list("not finite", plain(&self.not_finite));
        f.write_str(&parts.join("; "))
    }
}

/// From memory to file layout.
fn to_file<T: Element>(layout: Layout, tensor: &Tensor<T>) -> Result<Tensor<T>> {
    match layout {
        Layout::Same => Ok(tensor.clone()),
        Layout::Convolution => tensor.nhwc_to_nchw(),
        Layout::FlattenedPicture([h, w, c]) => {
            let rows = tensor.len() / (h * w * c).max(1);
            tensor
                .reshape([rows, h, w, c])?
                .nhwc_to_nchw()?
                .reshape(*tensor.shape())
        }
    }
}

/// From file to memory layout; the shape has been checked.
fn from_file<T: Element>(layout: Layout, tensor: &Tensor<T>) -> Result<Tensor<T>> {
    match layout {
        Layout::Same => Ok(tensor.clone()),
        Layout::Convolution => tensor.nchw_to_nhwc(),
        Layout::FlattenedPicture([h, w, c]) => {
            let rows = tensor.len() / (h * w * c).max(1);
            tensor
                .reshape([rows, c, h, w])?
                .nchw_to_nhwc()?
                .reshape(*tensor.shape())
        }
    }
}

/// The module's tensors as f32 in the file's layout, names beginning with `prefix`.
///
/// # Errors
/// [`Error::Device`] if a copy from a device fails.
pub fn module_tensors<T: Element>(
    module: &mut dyn Module<T>,
    prefix: &str,
) -> Result<BTreeMap<String, Stored>> {
    let mut tensors = BTreeMap::new();
    module.visit(prefix, &mut |slot| {
        let tensor = to_file(slot.layout, &slot.parameter.value.to_host()?)?;
        tensors.insert(slot.name, Stored::F32(tensor.cast()?));
        Ok(())
    })?;
    Ok(tensors)
}

/// Writes the module to a safetensors file with `metadata`.
///
/// # Errors
/// As [`TensorFile::save`].
pub fn save_module<T: Element>(
    module: &mut dyn Module<T>,
    path: &Path,
    metadata: BTreeMap<String, String>,
) -> Result<()> {
    let tensors = module_tensors(module, "")?;
    TensorFile { tensors, metadata }.save(path)
}

/// Sets every tensor of the module that `tensors` has under `prefix`, on the device that it is on;
/// nothing is changed unless everything fits. Names outside the prefix are not looked at.
///
/// # Errors
/// [`Error::Device`] if a copy to a device fails; misfits are in the report.
pub fn set_module<T: Element>(
    module: &mut dyn Module<T>,
    tensors: &BTreeMap<String, Stored>,
    prefix: &str,
) -> Result<LoadReport> {
    let mut report = LoadReport::default();
    let mut known = BTreeSet::new();
    let mut values: BTreeMap<String, Tensor<T>> = BTreeMap::new();
    module.visit(prefix, &mut |slot| {
        let name = slot.name;
        known.insert(name.clone());
        let needed = *to_file(slot.layout, &slot.parameter.value)?.shape();
        let Some(stored) = tensors.get(&name) else {
            report.missing.push(name);
            return Ok(());
        };
        let (shape, tensor) = (*stored.shape(), stored.float::<T>()?);
        let Some(tensor) = tensor.filter(|_| shape == needed) else {
            let found = if shape == needed {
                "integers".to_owned()
            } else {
                shape.to_string()
            };
            report.mis_shaped.push((name, found, needed.to_string()));
            return Ok(());
        };
        if tensor.host("load")?.iter().any(|v| !v.is_finite()) {
            report.not_finite.push(name);
            return Ok(());
        }
        let value = from_file(slot.layout, &tensor)?;
        values.insert(name, value.beside(&slot.parameter.value)?);
        Ok(())
    })?;
    let ours = |name: &str| prefix.is_empty() || name.starts_with(&format!("{prefix}."));
    report.unexpected = tensors
        .keys()
        .filter(|name| ours(name) && !known.contains(*name) && !name.ends_with(".num_batches_tracked"))
        .cloned()
        .collect();
    if report.is_clean() {
        module.visit(prefix, &mut |slot| {
            if let Some(value) = values.remove(&slot.name) {
                slot.parameter.value = value;
            }
            Ok(())
        })?;
    }
    Ok(report)
}

/// Sets the module from a file's tensors under `prefix`; all must fit.
///
/// # Errors
/// [`Error::Format`] naming what is missing, unexpected, of another shape or not finite.
pub fn load_module<T: Element>(
    module: &mut dyn Module<T>,
    file: &TensorFile,
    path: &Path,
    prefix: &str,
) -> Result<()> {
    let report = set_module(module, &file.tensors, prefix)?;
    if report.is_clean() {
        return Ok(());
    }
    let expected = "the tensors of this architecture";
    Err(Error::format(
        path,
        expected,
        report,
        "check that weights and architecture belong together",
    ))
}
