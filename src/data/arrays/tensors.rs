//! `.safetensors` files with images.

use super::numbers::{Array, Kind, Type};
use crate::io::{atomic, safetensors_header};
use crate::{Error, Result};
use safetensors::tensor::{Dtype, SafeTensors};
use std::path::{Path, PathBuf};

/// The entry of the metadata with the class names: a JSON list, or one a line.
const CLASSES: &str = "classes";

/// A file in memory.
pub(super) struct Tensors {
    path: PathBuf,
    bytes: Vec<u8>,
    names: Vec<String>,
    /// The class names as they stand in the metadata.
    classes: Option<String>,
}

impl Tensors {
    /// Reads the file at `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = atomic::read(path)?;
        let (tensors, metadata) = safetensors_header::parse(path, &bytes)?;
        let names = tensors.names().into_iter().map(str::to_owned).collect();
        let mut notes = metadata.metadata().clone().unwrap_or_default();
        Ok(Self {
            path: path.to_path_buf(),
            names,
            classes: notes.remove(CLASSES),
            bytes,
        })
    }

    /// Names of the tensors.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The tensor called `name`, where it lies.
    pub fn take(&self, name: &str) -> Result<Array<'_>> {
        let expected = || format!("a tensor of numbers `{name}`");
        let refuse = |found: String| Error::format(&self.path, expected(), found, "convert the tensor first");
        let tensors = SafeTensors::deserialize(&self.bytes).map_err(|error| refuse(error.to_string()))?;
        let view = tensors.tensor(name).map_err(|error| refuse(error.to_string()))?;
        let kind = match view.dtype() {
            Dtype::U8 => Kind::U8,
            Dtype::I8 => Kind::I8,
            Dtype::U16 => Kind::U16,
            Dtype::I16 => Kind::I16,
            Dtype::U32 => Kind::U32,
            Dtype::I32 => Kind::I32,
            Dtype::U64 => Kind::U64,
            Dtype::I64 => Kind::I64,
            Dtype::F16 => Kind::F16,
            Dtype::F32 => Kind::F32,
            Dtype::F64 => Kind::F64,
            other => return Err(refuse(format!("the type {other:?}"))),
        };
        Ok(Array {
            kind: Type {
                kind,
                is_big_endian: false,
            },
            shape: view.shape().to_vec(),
            bytes: view.data().into(),
        })
    }

    /// The names of the classes, if the metadata has them.
    pub fn classes(&self) -> Result<Option<Vec<String>>> {
        let Some(text) = &self.classes else {
            return Ok(None);
        };
        if !text.trim_start().starts_with('[') {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            return Ok(Some(lines.map(str::to_owned).collect()));
        }
        serde_json::from_str(text).map(Some).map_err(|error| {
            let expected = format!("a JSON list of names in the metadata `{CLASSES}`");
            Error::format(&self.path, expected, error, "store the names so, or one a line")
        })
    }
}
