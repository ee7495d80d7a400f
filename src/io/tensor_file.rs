//! safetensors files.

use crate::io::{NumberType, atomic, safetensors_header};
use crate::tensor::{Element, MAX_RANK, Shape, Tensor};
use crate::{Error, Result};
use safetensors::tensor::{Dtype, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// A tensor in a file.
#[derive(Clone, Debug)]
pub enum Stored {
    /// F32, and F16 or BF16 widened when read.
    F32(Tensor<f32>),
    /// F64.
    F64(Tensor<f64>),
    /// I64, and narrower integers widened when read; with the shape.
    Int(Shape, Vec<i64>),
}

impl Stored {
    /// Lengths of the axes.
    pub fn shape(&self) -> &Shape {
        match self {
            Self::F32(tensor) => tensor.shape(),
            Self::F64(tensor) => tensor.shape(),
            Self::Int(shape, _) => shape,
        }
    }

    /// The numbers as `T`, if they are floating-point.
    ///
    /// # Errors
    /// None for tensors on the host.
    pub fn float<T: Element>(&self) -> Result<Option<Tensor<T>>> {
        match self {
            Self::F32(tensor) => tensor.cast().map(Some),
            Self::F64(tensor) => tensor.cast().map(Some),
            Self::Int(..) => Ok(None),
        }
    }
}

/// All tensors of a safetensors file, and its free-form metadata.
#[derive(Clone, Debug, Default)]
pub struct TensorFile {
    /// Tensors by name.
    pub tensors: BTreeMap<String, Stored>,
    /// The `__metadata__` entries.
    pub metadata: BTreeMap<String, String>,
}

impl TensorFile {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Format`] if it is empty, truncated, not
    /// safetensors, names a tensor twice, has more axes than this crate knows, or a type that is not a
    /// number.
    pub fn load(path: &Path) -> Result<Self> {
        Self::parse(path, &atomic::read(path)?).map(|(file, _)| file)
    }

    /// Reads `bytes`, the content of `path`; also the types that the numbers have in the file.
    ///
    /// # Errors
    /// As [`TensorFile::load`].
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<(Self, BTreeMap<String, NumberType>)> {
        let (file, header) = safetensors_header::parse(path, bytes)?;
        let metadata = header
            .metadata()
            .clone()
            .unwrap_or_default()
            .into_iter()
            .collect();
        let (mut tensors, mut types) = (BTreeMap::new(), BTreeMap::new());
        for (name, view) in file.tensors() {
            let refuse = |found: String| {
                let expected = format!("numbers with at most {MAX_RANK} axes in {name}");
                Error::format(path, expected, found, "convert the tensor first")
            };
            let kind = number_type(view.dtype());
            let kind = kind.ok_or_else(|| refuse(format!("the type {:?}", view.dtype())))?;
            let stored = kind.decode(view.shape(), view.data()).map_err(refuse)?;
            types.insert(name.clone(), kind);
            tensors.insert(name, stored);
        }
        Ok((Self { tensors, metadata }, types))
    }

    /// Writes the file atomically; the same content gives the same bytes, wherever its tensors are.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written; [`Error::Device`] if a copy from a device fails.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut encoded = Vec::with_capacity(self.tensors.len());
        for (name, stored) in &self.tensors {
            let (dtype, shape, bytes): (_, _, Vec<u8>) = match stored {
                Stored::F32(t) => (
                    Dtype::F32,
                    t.dims(),
                    bytemuck::cast_slice(t.to_host()?.host("save")?).to_vec(),
                ),
                Stored::F64(t) => (
                    Dtype::F64,
                    t.dims(),
                    bytemuck::cast_slice(t.to_host()?.host("save")?).to_vec(),
                ),
                Stored::Int(shape, values) => {
                    (Dtype::I64, shape.dims(), bytemuck::cast_slice(values).to_vec())
                }
            };
            encoded.push((name, dtype, shape.to_vec(), bytes));
        }
        let broken = |e: safetensors::SafeTensorError| {
            Error::format(path, "tensors that can be written", e.to_string(), "report this")
        };
        let mut views = Vec::with_capacity(encoded.len());
        for (name, dtype, shape, bytes) in &encoded {
            views.push((
                *name,
                TensorView::new(*dtype, shape.clone(), bytes).map_err(broken)?,
            ));
        }
        // The library keeps metadata in a hash map, whose order changes from run to run; one entry
        // holding a sorted JSON object keeps the bytes the same.
        let metadata = match self.metadata.len() {
            0 => None,
            1 => Some(self.metadata.clone().into_iter().collect::<HashMap<_, _>>()),
            _ => {
                let json = serde_json::to_string(&self.metadata).map_err(|e| {
                    Error::format(path, "metadata that can be written", e.to_string(), "report this")
                })?;
                Some(HashMap::from([(PACKED.to_owned(), json)]))
            }
        };
        let bytes = safetensors::serialize(views, metadata).map_err(broken)?;
        atomic::write(path, &bytes)
    }

    /// The metadata entry `key`, also where several entries were packed into one.
    pub fn note(&self, key: &str) -> Option<String> {
        if let Some(value) = self.metadata.get(key) {
            return Some(value.clone());
        }
        let packed: BTreeMap<String, String> = serde_json::from_str(self.metadata.get(PACKED)?).ok()?;
        packed.get(key).cloned()
    }
}

/// The single metadata entry that holds several.
const PACKED: &str = "crossmax";

/// The type of a tensor's numbers, if this crate knows it.
pub(super) fn number_type(dtype: Dtype) -> Option<NumberType> {
    Some(match dtype {
        Dtype::F64 => NumberType::F64,
        Dtype::F32 => NumberType::F32,
        Dtype::F16 => NumberType::F16,
        Dtype::BF16 => NumberType::BF16,
        Dtype::I64 => NumberType::I64,
        Dtype::I32 => NumberType::I32,
        Dtype::I16 => NumberType::I16,
        Dtype::I8 => NumberType::I8,
        Dtype::U8 => NumberType::U8,
        Dtype::BOOL => NumberType::Bool,
        _ => return None,
    })
}
