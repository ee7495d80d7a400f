//! One process at a time works in a folder.

use crate::{Error, Result};
use std::fs::{File, TryLockError};
use std::path::Path;

/// A folder that no other process works in, until this is dropped or the process ends, however that ends: a lock of the operating
/// system on the folder's file `run.lock`.
#[derive(Debug)]
pub struct FolderLock {
    /// None on a file system without locks: better unlocked work than none.
    _file: Option<File>,
}

impl FolderLock {
    /// The file that is locked. It stays when the work ends: removing it would let two processes lock two files.
    pub const NAME: &str = "run.lock";

    /// Locks `folder`, which must be there.
    ///
    /// # Errors
    /// [`Error::Format`] if another process works in it; [`Error::Io`] if the file cannot be made.
    pub fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(Self::NAME);
        let failed = |source| Error::io(&path, "lock the folder", source);
        let mut open = File::options();
        let file = open.create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => {
                let expected = "a folder that no other process works in";
                let advice = "wait until that process ends, or choose another folder";
                Err(Error::format(folder, expected, "one that is locked", advice))
            }
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
                Ok(Self { _file: None })
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
