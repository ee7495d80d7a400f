//! Files of named arrays.

use super::npz::Npz;
use super::numbers::Array;
use super::tensors::Tensors;
use crate::data::listing::has_extension;
use crate::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Names of arrays shown in a message, and characters of each.
const SHOWN: [usize; 2] = [3, 40];

/// The kinds of files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Npz,
    Safetensors,
}

impl Format {
    /// How the names of such files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Npz => "npz",
            Self::Safetensors => "safetensors",
        }
    }

    /// What the file at `path` is, by its first bytes or, if these say nothing, by its name.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn recognise(path: &Path) -> Result<Option<Self>> {
        if !path.is_file() {
            return Ok(None);
        }
        let failed = |source| Error::io(path, "read the file", source);
        let mut start = Vec::new();
        let file = File::open(path).map_err(failed)?;
        file.take(9).read_to_end(&mut start).map_err(failed)?;
        Ok(match start[..] {
            // The signature of a zip archive, then of an empty one.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Npz),
            // The length of the header, at most 4 GiB, and its first byte.
            [_, _, _, _, 0, 0, 0, 0, b'{'] => Some(Self::Safetensors),
            _ => [Self::Npz, Self::Safetensors]
                .into_iter()
                .find(|format| has_extension(path, format.extension())),
        })
    }
}

/// A file that has been opened.
pub(super) struct ArrayFile {
    path: PathBuf,
    content: Content,
}

enum Content {
    Npz(Npz),
    Safetensors(Tensors),
}

impl ArrayFile {
    /// Opens the file at `path` and lists its arrays.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Format`] if it is not there, broken, or names an array twice.
    pub fn open(format: Format, path: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_path_buf(),
            content: match format {
                Format::Npz => Content::Npz(Npz::open(path)?),
                Format::Safetensors => Content::Safetensors(Tensors::open(path)?),
            },
        })
    }

    fn names(&self) -> Vec<String> {
        match &self.content {
            Content::Npz(file) => file.names(),
            Content::Safetensors(file) => file.names().to_vec(),
        }
    }

    /// Number of arrays.
    pub fn count(&self) -> usize {
        self.names().len()
    }

    /// Whether there is an array called `name`.
    pub fn has(&self, name: &str) -> bool {
        self.names().iter().any(|known| known == name)
    }

    /// The array called `name`.
    ///
    /// # Errors
    /// [`Error::Format`] if there is none or it is no array of plain numbers.
    pub fn take(&mut self, name: &str) -> Result<Array<'_>> {
        let names = self.names();
        if !names.iter().any(|known| known == name) {
            let [most, length] = SHOWN;
            let shown = names.iter().take(most);
            let mut shown: Vec<String> = shown
                .map(|name| format!("{:?}", name.chars().take(length).collect::<String>()))
                .collect();
            if names.len() > most {
                shown.push("…".into());
            }
            let found = match names.len() {
                0 => "no arrays".to_owned(),
                count => format!("{count} others ({})", shown.join(", ")),
            };
            let expected = format!("an array `{name}`");
            let advice =
                "name the arrays `images` and `labels`, or `x_train`, `y_train`, `x_test` and `y_test`";
            return Err(Error::format(&self.path, expected, found, advice));
        }
        match &mut self.content {
            Content::Npz(file) => file.take(name),
            Content::Safetensors(file) => file.take(name),
        }
    }

    /// The names of the classes, if the file has them.
    ///
    /// # Errors
    /// [`Error::Format`] if what stands there are no names.
    pub fn classes(&self) -> Result<Option<Vec<String>>> {
        match &self.content {
            Content::Npz(_) => Ok(None),
            Content::Safetensors(file) => file.classes(),
        }
    }
}
