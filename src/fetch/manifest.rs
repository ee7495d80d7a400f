//! What can be fetched.

use crate::io::atomic;
use crate::models::{KnownWeights, known_weights};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Component, Path};

const DATA_SETS: &str = include_str!("../../datasets/manifest.toml");
/// Bytes that a manifest may have: a thousand times more than any needs.
const MAX_MANIFEST: u64 = 16 << 20;
/// Half of the last digit of a length in 2^20 bytes with three places.
const ROUNDING: f64 = 0.0005;

/// What a file serves for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Weights of a network.
    Weights,
    /// A data set.
    Data,
}

/// Length of a file in bytes, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// At least so many.
    pub least: u64,
    /// At most so many.
    pub most: u64,
}

impl Size {
    /// Exactly so many bytes.
    pub fn exactly(bytes: u64) -> Self {
        Self {
            least: bytes,
            most: bytes,
        }
    }

    /// A length in 2^20 bytes that was rounded to three places.
    fn rounded(mebibytes: f64) -> Self {
        let bytes = |mebibytes: f64| mebibytes.max(0.0) * f64::from(1 << 20);
        // Casts of floats saturate.
        Self {
            least: bytes(mebibytes - ROUNDING).floor() as u64,
            most: bytes(mebibytes + ROUNDING).ceil() as u64,
        }
    }

    /// Whether a file may be so long.
    pub fn contains(self, bytes: u64) -> bool {
        (self.least..=self.most).contains(&bytes)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { least, most } if least == most => write!(f, "{least} bytes"),
            Self { least, most } => write!(f, "{least} to {most} bytes"),
        }
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// Path in the cache folder, parts separated by `/`.
    pub path: String,
    /// Where it is published, to be tried in this order.
    pub urls: Vec<String>,
    /// Its length.
    pub size: Size,
    /// Its SHA-256 in lower-case hexadecimal digits, or the first of them; None if it is not known, and then the
    /// content is not checked.
    pub sha256: Option<String>,
}

impl KnownFile {
    /// The last part of its path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// What can be fetched under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it serves for.
    pub kind: Kind,
    /// Path in the cache folder of what readers are given: the file, or the folder of several.
    pub path: String,
    /// Of a data set: height and width of its images in pixels, and its number of classes, if they are listed.
    pub shape: Option<(usize, usize)>,
    /// Its files.
    pub files: Vec<KnownFile>,
}

/// A list of what can be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// The form of a file with a list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListFile {
    entry: Vec<EntryTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryTable {
    name: String,
    kind: Kind,
    path: String,
    image_size: Option<usize>,
    classes: Option<usize>,
    file: Vec<FileTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    path: String,
    urls: Vec<String>,
    bytes: u64,
    sha256: Option<String>,
}

impl Manifest {
    /// The data sets and weights that this program knows: CIFAR-10 and CIFAR-100 (the python layout), MNIST, and
    /// torchvision's ResNets (`resnet152-v2`).
    ///
    /// # Errors
    /// [`Error::Format`] if a list that was built in is not well-formed.
    pub fn built_in() -> Result<Self> {
        let mut manifest = Self::parse(DATA_SETS, Path::new("datasets/manifest.toml"))?;
        manifest.entries.extend(known_weights()?.iter().map(weights));
        Ok(manifest)
    }

    /// The list in the file at `path`, in the form of `datasets/manifest.toml`.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read; [`Error::Format`] if it is not such a list.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = atomic::read_at_most(path, MAX_MANIFEST)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::format(path, "text in UTF-8", "other bytes", "save it as UTF-8"))?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let refused = |found: String| {
            let advice = "lay it out as datasets/manifest.toml";
            Err(Error::format(path, "a list of files to fetch", found, advice))
        };
        let list: ListFile = match toml::from_str(text) {
            Ok(list) => list,
            Err(error) => return refused(error.message().replace('\n', " ")),
        };
        for entry in &list.entry {
            if let Some(fault) = entry.fault() {
                return refused(fault);
            }
        }
        let entries = list.entry.into_iter().map(Entry::from).collect();
        Ok(Self { entries })
    }

    /// The entry called `name`.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The entry called `name`, or the names there are.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is none.
    pub fn find(&self, name: &str) -> Result<&Entry> {
        self.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.entries.iter().map(|entry| entry.name.as_str()).collect();
            Error::Usage(format!(
                "nothing to fetch is called {name:?}; known: {}",
                names.join(", ")
            ))
        })
    }
}

/// Torchvision's file of weights: `weights/resnet152-f82ba261.pth`, called `resnet152-v2`.
fn weights(known: &KnownWeights) -> Entry {
    let path = format!("weights/{}-{}.pth", known.architecture, known.sha256_prefix);
    Entry {
        name: format!("{}-{}", known.architecture, known.version.to_lowercase()),
        kind: Kind::Weights,
        path: path.clone(),
        shape: None,
        files: vec![KnownFile {
            path,
            urls: vec![known.url.clone()],
            size: Size::rounded(known.mebibytes),
            sha256: Some(known.sha256_prefix.clone()),
        }],
    }
}

impl EntryTable {
    /// What cannot be meant, if anything.
    fn fault(&self) -> Option<String> {
        if self.file.is_empty() {
            return Some(format!("{:?} with no files", self.name));
        }
        let mut paths = self.file.iter().map(|file| &file.path).chain([&self.path]);
        if let Some(path) = paths.find(|path| !stays_inside(path)) {
            return Some(format!(
                "the path {path:?}, which may lead out of the cache folder"
            ));
        }
        if let Some(file) = self.file.iter().find(|file| file.urls.is_empty()) {
            return Some(format!("{:?} without an address", file.path));
        }
        let mut hashes = self.file.iter().filter_map(|file| file.sha256.as_ref());
        let wrong = hashes.find(|hash| !is_hash(hash))?;
        Some(format!(
            "{wrong:?} as a SHA-256 (8 to 64 lower-case hexadecimal digits)"
        ))
    }
}

impl From<EntryTable> for Entry {
    fn from(table: EntryTable) -> Self {
        let file = |table: FileTable| KnownFile {
            path: table.path,
            urls: table.urls,
            size: Size::exactly(table.bytes),
            sha256: table.sha256,
        };
        Self {
            name: table.name,
            kind: table.kind,
            path: table.path,
            shape: table.image_size.zip(table.classes),
            files: table.file.into_iter().map(file).collect(),
        }
    }
}

/// Whether a relative path has only names in it.
fn stays_inside(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && !path.contains('\\') && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn is_hash(text: &str) -> bool {
    let is_digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    (8..=64).contains(&text.len()) && text.chars().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_built_in_is_complete() -> Result<()> {
        let manifest = Manifest::built_in()?;
        let names: BTreeSet<&str> = manifest.entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names.len(), manifest.entries.len());
        for name in [
            "cifar10",
            "cifar100",
            "mnist",
            "resnet18-v1",
            "resnet152-v1",
            "resnet152-v2",
        ] {
            assert!(names.contains(name), "{name}");
        }
        for entry in &manifest.entries {
            assert_eq!(entry.shape.is_some(), entry.kind == Kind::Data, "{}", entry.name);
            for file in &entry.files {
                assert!(file.sha256.as_deref().is_some_and(is_hash), "{file:?}");
                assert!(
                    stays_inside(&file.path) && file.path.starts_with(&entry.path),
                    "{file:?}"
                );
                assert!(
                    file.urls.iter().all(|url| url.starts_with("https://")),
                    "{file:?}"
                );
                assert!(file.urls.iter().all(|url| url.ends_with(file.name())), "{file:?}");
            }
        }
        Ok(())
    }

    #[test]
    fn rounded_lengths_hold_what_they_were_rounded_from() {
        for bytes in [46_830_571, 241_700_001_u64] {
            let mebibytes = (bytes as f64 / 1_048_576.0 * 1000.0).round() / 1000.0;
            let size = Size::rounded(mebibytes);
            assert!(size.contains(bytes) && size.most - size.least < 1100, "{size}");
        }
    }
}
