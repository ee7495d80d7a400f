//! The door for weights, in whichever format they are.

use super::{NumberType, TensorFile, atomic, pytorch};
use crate::Result;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Format of a weights file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `.safetensors`.
    Safetensors,
    /// PyTorch's zip archive, which 1.6 and newer write.
    PytorchZip,
    /// PyTorch's row of pickles, which older ones write.
    PytorchLegacy,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Safetensors => "safetensors",
            Self::PytorchZip => "PyTorch (zip)",
            Self::PytorchLegacy => "PyTorch (before 1.6)",
        })
    }
}

/// A weights file as it is, for tools that tell about files; for the weights alone see [`load_weights`].
#[derive(Clone, Debug)]
pub struct WeightsFile {
    /// In which format it is.
    pub format: Format,
    /// Its tensors. Their layouts are the file's: convolutions are O, I, H, W.
    pub file: TensorFile,
    /// The types of the tensors' numbers in the file, under the same names.
    pub types: BTreeMap<String, NumberType>,
    /// What was left out or renamed to find the weights, a line each.
    pub notes: Vec<String>,
}

impl WeightsFile {
    /// Reads a whole file of any known format; its content says which, not its name.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) if it cannot be read; [`Error::Format`](crate::Error::Format) if it is broken, of
    /// an unknown kind, or holds anything but weights. Nothing in a file is executed.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = atomic::read(path)?;
        if pytorch::is_pytorch(&bytes) {
            return pytorch::parse(path, &bytes);
        }
        let (file, types) = TensorFile::parse(path, &bytes)?;
        Ok(Self {
            format: Format::Safetensors,
            file,
            types,
            notes: Vec::new(),
        })
    }
}

/// The tensors of a weights file: `.safetensors`, or `.pth` and `.pt` of PyTorch.
///
/// # Errors
/// As [`WeightsFile::load`].
pub fn load_weights(path: &Path) -> Result<TensorFile> {
    WeightsFile::load(path).map(|read| read.file)
}
