//! Compiled kernels on disk, so that a program starts without compiling them again.
//!
//! One file for each compiled source and target, named by the SHA-256 of all it was made from. A file that is
//! damaged, cut off or another's is compiled anew and replaced, and any of them may be deleted at any time. Where
//! nothing can be written everything is compiled at every start, and [`KernelCache::note`] says so.

mod entry;

use crate::io::{atomic, cache};
use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// How the names of the files end.
const EXTENSION: &str = "cubin";

/// Everything that compiled code depends on, as one hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheKey(Sha256Sum);

/// A SHA-256.
type Sha256Sum = [u8; 32];

impl CacheKey {
    /// The key that depends on these texts, on where each ends, and on their order.
    pub fn new(texts: &[&str]) -> Self {
        Self([0; 32]).and(texts)
    }

    /// The key that depends on these as well.
    pub fn and(self, texts: &[&str]) -> Self {
        let mut hash = Sha256::new_with_prefix(self.0);
        for text in texts {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        Self(hash.finalize().into())
    }

    fn file_name(&self) -> String {
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}.{EXTENSION}")
    }
}

/// A folder with compiled kernels, or none.
#[derive(Debug)]
pub struct KernelCache {
    folder: Option<PathBuf>,
    note: OnceLock<String>,
}

/// What a cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheContents {
    /// Number of files.
    pub files: usize,
    /// Their length together, in bytes.
    pub bytes: u64,
}

impl KernelCache {
    /// The cache in this folder, which is made when it is first needed.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Some(folder.into()),
            note: OnceLock::new(),
        }
    }

    /// The folder `kernels` in the one that `CROSSMAX_CACHE` names, or in the platform's for caches
    /// (`$XDG_CACHE_HOME/crossmax` or `~/.cache/crossmax`, `~/Library/Caches/crossmax`,
    /// `%LOCALAPPDATA%\crossmax`). None if `CROSSMAX_CACHE` is empty, or if there is no such folder.
    pub fn of_user() -> Self {
        Self {
            folder: cache::user_folder().map(|folder| folder.join("kernels")),
            note: OnceLock::new(),
        }
    }

    /// Where the files are, or would be.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Why files could not be written, if that was so.
    pub fn note(&self) -> Option<String> {
        self.note.get().cloned()
    }

    /// The code that is kept under `key`; otherwise what `compile` gives, which is then kept.
    ///
    /// # Errors
    /// Those of `compile` alone: a cache that cannot be used is as good as an empty one.
    pub fn find_or_compile(
        &self,
        key: &CacheKey,
        compile: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let Some(folder) = &self.folder else {
            return compile();
        };
        let path = folder.join(key.file_name());
        if let Some(code) = entry::read(&path, &key.0) {
            return Ok(code);
        }
        let code = compile()?;
        let written =
            atomic::create_folder(folder).and_then(|()| atomic::write(&path, &entry::encode(&key.0, &code)));
        if let Err(error) = written {
            let advice = "set CROSSMAX_CACHE to a folder that can be written";
            let note = format!("kernels are compiled at every start: {error}; {advice}");
            // The first reason is enough.
            let _ = self.note.set(note);
        }
        Ok(code)
    }

    /// How much is kept.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder is there and cannot be listed.
    pub fn contents(&self) -> Result<CacheContents> {
        let mut contents = CacheContents::default();
        let Some(folder) = &self.folder else {
            return Ok(contents);
        };
        let failed = |source| Error::io(folder, "list the compiled kernels", source);
        let entries = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(contents),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if entry.path().extension().is_some_and(|e| e == EXTENSION) {
                contents.files += 1;
                contents.bytes += entry.metadata().map_err(failed)?.len();
            }
        }
        Ok(contents)
    }

    /// Whether a file can be written, found out by writing one and removing it; the folder is made if it is not
    /// there.
    ///
    /// # Errors
    /// [`Error::Io`] with the system's reason if not; [`Error::Argument`] if there is no folder.
    pub fn check_writable(&self) -> Result<()> {
        let folder = self.folder.as_deref().ok_or_else(|| {
            let expected = "a folder, or unset in a home directory";
            Error::argument("kernel cache", "CROSSMAX_CACHE", expected, "neither")
        })?;
        atomic::create_folder(folder)?;
        let probe = folder.join(format!(".writable-{}", std::process::id()));
        atomic::write(&probe, b"")?;
        std::fs::remove_file(&probe).map_err(|source| Error::io(&probe, "remove the file", source))
    }
}

#[cfg(test)]
mod tests;
