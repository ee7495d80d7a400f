//! Whether files in the cache are those of the manifest.

use super::{Entry, KnownFile, Options};
use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// What is in the place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Missing,
    /// So many bytes of a download that did not end.
    Partial(u64),
    /// The file, with the length and SHA-256 that are known.
    Whole,
    /// Another content.
    Wrong {
        /// What the manifest says.
        expected: String,
        /// What is there.
        found: String,
    },
}

/// Where a download is kept until it is whole.
pub(super) fn part_path(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

/// What is at `path`, where `file` belongs; its content is read and hashed.
///
/// # Errors
/// [`Error::Io`] if it cannot be read.
pub fn file_state(file: &KnownFile, path: &Path) -> Result<State> {
    let metadata = match path.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let part = part_path(path).metadata().map(|part| part.len());
            return Ok(part.map_or(State::Missing, State::Partial));
        }
        other => other.map_err(|source| Error::io(path, "look at the file", source))?,
    };
    let wrong = |expected: String, found: String| Ok(State::Wrong { expected, found });
    if !metadata.is_file() {
        return wrong("a plain file".into(), "a folder or special file".into());
    }
    if !file.size.contains(metadata.len()) {
        return wrong(file.size.to_string(), format!("{} bytes", metadata.len()));
    }
    let Some(expected) = &file.sha256 else {
        return Ok(State::Whole);
    };
    let found = file_sha256(path)?;
    if found.starts_with(expected) {
        return Ok(State::Whole);
    }
    wrong(format!("SHA-256 {expected}"), found)
}

/// The states of all files of `entry`, in their order.
///
/// # Errors
/// Those of [`file_state`].
pub fn entry_state(entry: &Entry, options: &Options) -> Result<Vec<State>> {
    let state = |file: &KnownFile| file_state(file, &options.cache.join(&file.path));
    entry.files.iter().map(state).collect()
}

/// SHA-256 of the file at `path`, in hexadecimal digits.
///
/// # Errors
/// [`Error::Io`] if it cannot be read.
pub(crate) fn file_sha256(path: &Path) -> Result<String> {
    let failed = |source| Error::io(path, "read the file", source);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => hash.update(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
