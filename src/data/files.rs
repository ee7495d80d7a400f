//! Files by name, whether they lie in a folder or in an archive.

use super::archive::Member;
use crate::io::atomic;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where the files of a data set are.
pub(super) enum Files {
    /// In this folder.
    Folder(PathBuf),
    /// Those of an archive that are wanted, in memory.
    Archive {
        /// The archive.
        path: PathBuf,
        /// Its members by name.
        members: BTreeMap<&'static str, Member>,
    },
}

/// A file: its place, for messages, and its bytes.
pub(super) struct Content {
    /// Its path; inside an archive the archive's path continued.
    pub place: PathBuf,
    pub bytes: Vec<u8>,
}

impl Files {
    /// Takes the file called `name`, of at most `most` bytes; `None` if there is none. From an
    /// archive each can be taken once.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Format`] if it is no file or too large.
    pub fn take(&mut self, name: &str, most: u64) -> Result<Option<Content>> {
        let content = match self {
            Self::Folder(folder) => return read(&folder.join(name), most),
            Self::Archive { path, members } => members.remove(name).map(|member| Content {
                place: path.join(member.name),
                bytes: member.content,
            }),
        };
        if let Some(content) = &content {
            check_size(&content.place, content.bytes.len() as u64, most)?;
        }
        Ok(content)
    }

    /// Where the file called `name` should be, for messages.
    pub fn place(&self, name: &str) -> PathBuf {
        match self {
            Self::Folder(path) | Self::Archive { path, .. } => path.join(name),
        }
    }
}

fn read(path: &Path, most: u64) -> Result<Option<Content>> {
    let metadata = match path.metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| Error::io(path, "read the file", source))?,
    };
    if !metadata.is_file() {
        let found = "a folder or special file";
        return Err(Error::format(path, "a plain file", found, "restore the file"));
    }
    check_size(path, metadata.len(), most)?;
    let bytes = atomic::read(path)?;
    let place = path.to_path_buf();
    Ok(Some(Content { place, bytes }))
}

fn check_size(path: &Path, bytes: u64, most: u64) -> Result<()> {
    if bytes <= most {
        return Ok(());
    }
    let expected = format!("at most {most} bytes");
    Err(Error::format(path, expected, bytes, "get the file again"))
}
