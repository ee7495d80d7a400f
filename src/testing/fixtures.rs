//! Reading the stored reference values, whose layout `tests/reference/README.md` describes.
//!
//! Every tensor that is read is remembered, so that a test can insist that none was forgotten.

use crate::io::{Stored, TensorFile};
use crate::tensor::Tensor;
use crate::{Error, Result};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const ADVICE: &str = "make the fixtures again as tests/reference/README.md says";

/// The folder of all fixtures in this package's sources.
pub fn package_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The folder of the operations' fixtures.
pub fn folder() -> PathBuf {
    package_folder().join("ops")
}

/// A file of named cases.
pub struct FixtureFile {
    path: PathBuf,
    file: TensorFile,
    read: RefCell<BTreeSet<String>>,
}

impl FixtureFile {
    /// Reads the file `<operation>.safetensors` of [`folder`].
    ///
    /// # Errors
    /// As [`TensorFile::load`].
    pub fn open(operation: &str) -> Result<Self> {
        Self::load(&folder().join(format!("{operation}.safetensors")))
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// As [`TensorFile::load`].
    pub fn load(path: &Path) -> Result<Self> {
        Ok(Self {
            file: TensorFile::load(path)?,
            path: path.to_owned(),
            read: RefCell::default(),
        })
    }

    /// The operation that the file is about: its name without extension.
    pub fn operation(&self) -> &str {
        let stem = self.path.file_stem().and_then(|stem| stem.to_str());
        stem.unwrap_or_default()
    }

    /// All cases, by name.
    ///
    /// # Errors
    /// [`Error::Format`] if a case's configuration is not JSON.
    pub fn cases(&self) -> Result<Vec<FixtureCase<'_>>> {
        let metadata = self.file.metadata.iter();
        let cases = metadata.map(|(name, json)| {
            let config = serde_json::from_str(json)
                .map_err(|error| self.broken(name, "a configuration in JSON", error))?;
            Ok(FixtureCase {
                file: self,
                name,
                config,
            })
        });
        cases.collect()
    }

    /// Names of the tensors that nobody has read so far.
    pub fn unread(&self) -> Vec<String> {
        let read = self.read.borrow();
        let names = self.file.tensors.keys();
        names.filter(|&name| !read.contains(name)).cloned().collect()
    }

    fn broken(&self, what: &str, expected: &str, found: impl ToString) -> Error {
        let expected = format!("{expected} as {what}");
        Error::format(&self.path, expected, found, ADVICE)
    }
}

/// How the reference stores a tensor, which says how to bring it into this crate's layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredLayout {
    /// As this crate does.
    Same,
    /// N,C,H,W (or O,I,H,W), becomes N,H,W,C.
    Pictures,
    /// C,H,W without a batch axis, becomes 1,H,W,C.
    OnePicture,
    /// N,C without the pixel axes, becomes N,1,1,C.
    Pooled,
    /// N,features with features in the order of this C,H,W; becomes N,features in the order H,W,C.
    Flattened([usize; 3]),
}

impl StoredLayout {
    /// `tensor` in this crate's layout.
    ///
    /// # Errors
    /// [`Error::Argument`] or [`Error::Shape`] if the tensor is not of this layout.
    pub fn convert(self, tensor: &Tensor<f64>) -> Result<Tensor<f64>> {
        match (self, tensor.dims()) {
            (Self::Same, _) => Ok(tensor.clone()),
            (Self::OnePicture, &[c, h, w]) => tensor.reshape([1, c, h, w])?.nchw_to_nhwc(),
            (Self::Pooled, &[n, c]) => tensor.reshape([n, 1, 1, c]),
            (Self::Flattened([c, h, w]), &[n, features]) => {
                let pictures = tensor.reshape([n, c, h, w])?.nchw_to_nhwc()?;
                pictures.reshape([n, features])
            }
            _ => tensor.nchw_to_nhwc(),
        }
    }
}

/// One case of a file.
pub struct FixtureCase<'a> {
    file: &'a FixtureFile,
    name: &'a str,
    config: Value,
}

impl FixtureCase<'_> {
    /// The case's name within its file.
    pub fn name(&self) -> &str {
        self.name
    }

    /// `<operation>/<case>`, for messages.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.file.operation(), self.name)
    }

    /// Whether the case has a tensor `name`.
    pub fn has(&self, name: &str) -> bool {
        self.file.file.tensors.contains_key(&self.key(name))
    }

    /// The floating-point tensor `name`, in this crate's layout.
    ///
    /// # Errors
    /// [`Error::Format`] if there is none of that name and layout.
    pub fn tensor(&self, name: &str, layout: StoredLayout) -> Result<Tensor<f64>> {
        match self.stored(name)? {
            Stored::F64(tensor) => layout
                .convert(tensor)
                .map_err(|_| self.broken(name, &format!("{layout:?}"), tensor.shape())),
            other => Err(self.broken(name, "F64 numbers", other.shape())),
        }
    }

    /// The integers of the tensor `name`, flat.
    ///
    /// # Errors
    /// [`Error::Format`] if there are none of that name.
    pub fn integers(&self, name: &str) -> Result<Vec<i64>> {
        match self.stored(name)? {
            Stored::Int(_, values) => Ok(values.clone()),
            other => Err(self.broken(name, "I64 numbers", other.shape())),
        }
    }

    /// The integers of the tensor `name` as indices, flat.
    ///
    /// # Errors
    /// [`Error::Format`] if there are none of that name, or a negative one.
    pub fn indices(&self, name: &str) -> Result<Vec<usize>> {
        let convert =
            |value: i64| usize::try_from(value).map_err(|_| self.broken(name, "no negative number", value));
        self.integers(name)?.into_iter().map(convert).collect()
    }

    /// The configuration entry `name`, as any type that JSON can hold.
    ///
    /// # Errors
    /// [`Error::Format`] if there is none, or of another type.
    pub fn config<V: serde::de::DeserializeOwned>(&self, name: &str) -> Result<V> {
        serde_json::from_value(self.config[name].clone())
            .map_err(|error| self.broken(name, "a configuration entry", error))
    }

    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }

    fn stored(&self, name: &str) -> Result<&Stored> {
        let key = self.key(name);
        let stored = self.file.file.tensors.get(&key);
        let stored = stored.ok_or_else(|| self.broken(name, "a tensor", "nothing"))?;
        self.file.read.borrow_mut().insert(key);
        Ok(stored)
    }

    /// An error about this case's `what`.
    pub(super) fn broken(&self, what: &str, expected: &str, found: impl ToString) -> Error {
        self.file.broken(&self.key(what), expected, found)
    }
}
