//! safetensors files.

use crate::io::{atomic, safetensors_header};
use crate::tensor::{Element, Shape, Tensor};
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
        let bytes = atomic::read(path)?;
        let (file, header) = safetensors_header::parse(path, &bytes)?;
        let metadata = header
            .metadata()
            .clone()
            .unwrap_or_default()
            .into_iter()
            .collect();
        let mut tensors = BTreeMap::new();
        for (name, view) in file.tensors() {
            let stored = decode(&view).map_err(|found| {
                let expected = format!("numbers with at most {} axes in {name}", crate::tensor::MAX_RANK);
                Error::format(path, expected, found, "convert the tensor first")
            })?;
            tensors.insert(name, stored);
        }
        Ok(Self { tensors, metadata })
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

fn decode(view: &TensorView<'_>) -> std::result::Result<Stored, String> {
    if view.shape().len() > crate::tensor::MAX_RANK {
        return Err(format!("{} axes", view.shape().len()));
    }
    let shape = Shape::new(view.shape());
    let bytes = view.data();
    fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
        bytes.chunks_exact(N).map(|chunk| {
            let mut out = [0; N];
            out.copy_from_slice(chunk);
            out
        })
    }
    let f32s = |values: Vec<f32>| {
        Tensor::from_slice(shape, &values)
            .map(Stored::F32)
            .map_err(|e| e.to_string())
    };
    match view.dtype() {
        Dtype::F32 => f32s(chunks(bytes).map(f32::from_le_bytes).collect()),
        Dtype::F16 => f32s(
            chunks(bytes)
                .map(|b| half::f16::from_le_bytes(b).to_f32())
                .collect(),
        ),
        Dtype::BF16 => f32s(
            chunks(bytes)
                .map(|b| half::bf16::from_le_bytes(b).to_f32())
                .collect(),
        ),
        Dtype::F64 => {
            let values: Vec<f64> = chunks(bytes).map(f64::from_le_bytes).collect();
            Tensor::from_slice(shape, &values)
                .map(Stored::F64)
                .map_err(|e| e.to_string())
        }
        Dtype::I64 => Ok(Stored::Int(
            shape,
            chunks(bytes).map(i64::from_le_bytes).collect(),
        )),
        Dtype::I32 => Ok(Stored::Int(
            shape,
            chunks(bytes).map(|b| i32::from_le_bytes(b).into()).collect(),
        )),
        Dtype::U8 => Ok(Stored::Int(shape, bytes.iter().map(|&b| b.into()).collect())),
        other => Err(format!("the type {other:?}")),
    }
}
