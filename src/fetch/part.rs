//! The file in which a download grows, and what is known of where it came from.

use super::check::part_path;
use crate::io::atomic;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes that the note about a download may have.
const MAX_NOTE: u64 = 1 << 16;

/// The beginning of a download.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    len: u64,
    origin: Origin,
}

/// Where the bytes came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// The address that was asked.
    pub url: String,
    /// What the server calls this version of the file (a strong ETag), if it does.
    pub etag: Option<String>,
}

impl Part {
    /// What is there of the file that will be at `target`; made empty if there is nothing.
    pub fn open(target: &Path) -> Result<Self> {
        let path = part_path(target);
        let failed = |source| Error::io(&path, "open the download", source);
        let mut open = File::options();
        let mut file = open
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        let len = file.seek(SeekFrom::End(0)).map_err(failed)?;
        // Without a note, or with a damaged one, the checksum alone decides.
        let note = atomic::read_at_most(&note_path(&path), MAX_NOTE).ok();
        let origin = note.and_then(|note| serde_json::from_slice(&note).ok());
        let origin = origin.unwrap_or_default();
        Ok(Self {
            path,
            file,
            len,
            origin,
        })
    }

    /// Bytes that are there.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The version that the bytes belong to, if they came from `url` and its server names versions.
    pub fn etag(&self, url: &str) -> Option<&str> {
        self.origin.etag.as_deref().filter(|_| self.origin.url == url)
    }

    /// Begins again with nothing.
    pub fn clear(&mut self) -> Result<()> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|source| Error::io(&self.path, "empty the download", source))?;
        self.len = 0;
        self.origin = Origin::default();
        Ok(())
    }

    /// Notes where the next bytes come from, so that another process can go on.
    pub fn set_origin(&mut self, origin: Origin) -> Result<()> {
        if self.origin != origin {
            let note = serde_json::to_vec(&origin).unwrap_or_default();
            atomic::write(&note_path(&self.path), &note)?;
            self.origin = origin;
        }
        Ok(())
    }

    /// Adds `bytes`. What was written stays if the disk is full.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let doing = "write the download (free some space and run the command again: it goes on from here)";
        let written = self.file.write_all(bytes);
        written.map_err(|source| Error::io(&self.path, doing, source))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Gives the file its final name.
    pub fn publish(self, target: &Path) -> Result<()> {
        let Self { path, file, .. } = self;
        let failed = |source| Error::io(target, "finish the download", source);
        file.sync_all().map_err(failed)?;
        drop(file);
        std::fs::rename(&path, target).map_err(failed)?;
        // A note that is left over does no harm: it is only believed together with a download.
        let _ = std::fs::remove_file(note_path(&path));
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn note_path(part: &Path) -> PathBuf {
    let mut note = part.as_os_str().to_owned();
    note.push(".json");
    note.into()
}

/// The person stopped a download.
pub(super) fn interrupted() -> Error {
    let advice = "what has come is kept; run the command again to go on".to_owned();
    Error::Interrupted { advice }
}
