//! Folders of picture files, and of class folders.

use crate::{Error, Result};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// How the names of picture files end.
const EXTENSIONS: [&str; 3] = ["png", "jpg", "jpeg"];

/// What is in a folder, each by name; hidden entries are left out.
#[derive(Default)]
pub(super) struct Listing {
    /// Files whose names end as those of pictures do.
    pub pictures: Vec<PathBuf>,
    /// Folders.
    pub folders: Vec<PathBuf>,
    /// Everything else, counted.
    pub others: usize,
}

impl Listing {
    /// Lists `folder`; links are followed.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be listed.
    pub fn of(folder: &Path) -> Result<Self> {
        let failed = |source| Error::io(folder, "list the folder", source);
        let mut listing = Self::default();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if path.is_dir() {
                listing.folders.push(path);
            } else if is_picture(&path) {
                listing.pictures.push(path);
            } else {
                listing.others += 1;
            }
        }
        listing.pictures.sort();
        listing.folders.sort();
        Ok(listing)
    }
}

/// Whether `path` has `wanted` behind its last dot, in whatever case.
pub(super) fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension: &OsStr| extension.eq_ignore_ascii_case(wanted))
}

fn is_picture(path: &Path) -> bool {
    EXTENSIONS.iter().any(|extension| has_extension(path, extension)) && path.is_file()
}
