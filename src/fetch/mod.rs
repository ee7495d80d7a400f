//! Getting published weights and data sets into a cache folder, whole and checked, or not at all.
//!
//! [`Manifest`] lists what is known. [`fetch`] answers with the path of an entry in the cache folder and downloads what
//! is missing of it: into a file `NAME.part` first, which a broken download leaves behind and the next one goes on
//! with; under the final name only once length and SHA-256 are those of the manifest. A file that was put there by hand
//! is checked in the same way.
//!
//! Downloading needs the cargo feature `download`, which is on by default.

mod check;
#[cfg(feature = "download")]
mod download;
#[cfg(feature = "download")]
mod http;
#[cfg(feature = "download")]
mod lock;
mod manifest;
mod options;
#[cfg(feature = "download")]
mod part;
#[cfg(feature = "download")]
mod proxy;
mod watcher;

#[cfg(feature = "replicate")]
pub(crate) use check::file_sha256;
pub use check::{State, entry_state, file_state};
pub use manifest::{Entry, Kind, KnownFile, Manifest, Size};
pub use options::{Options, Patience};
pub use watcher::{Unwatched, Watcher};

use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Path of `entry` in the cache folder of `options`; its files are there, and are those of the manifest.
///
/// Missing ones are downloaded, unless `options` forbid it. A process that finds another one downloading the same file
/// waits for it.
///
/// # Errors
/// [`Error::Format`] if a file is missing and must not be downloaded, or is there with another content than the
/// manifest says (it is left as it is); [`Error::Fetch`] if every address failed; [`Error::Interrupted`] if `watcher`
/// asks to stop; [`Error::Io`] if the disk is full or the folder cannot be written. What has come of a download stays.
pub fn fetch(entry: &Entry, options: &Options, watcher: &dyn Watcher) -> Result<PathBuf> {
    for file in &entry.files {
        let path = options.cache.join(&file.path);
        if !is_there(file, &path)? {
            bring(file, &path, options, watcher)?;
        }
    }
    Ok(options.cache.join(&entry.path))
}

/// Whether the file is there; one with another content is an error.
fn is_there(file: &KnownFile, path: &Path) -> Result<bool> {
    match file_state(file, path)? {
        State::Whole => Ok(true),
        State::Missing | State::Partial(_) => Ok(false),
        State::Wrong { expected, found } => {
            let advice = "remove it; then it can be fetched again";
            Err(Error::format(path, expected, found, advice))
        }
    }
}

fn bring(file: &KnownFile, path: &Path, options: &Options, watcher: &dyn Watcher) -> Result<()> {
    let by_hand = |why: &str| {
        let urls = options.urls(file).join(" or ");
        let advice = format!("{why}; download {urls} by hand and put it there");
        Err(Error::format(
            path,
            format!("a file of {}", file.size),
            "nothing",
            advice,
        ))
    };
    if options.offline {
        return by_hand("downloads are forbidden here (--offline)");
    }
    #[cfg(feature = "download")]
    return download::download(file, path, options, watcher);
    #[cfg(not(feature = "download"))]
    {
        let _ = watcher;
        by_hand("this program was built without the feature `download`")
    }
}
