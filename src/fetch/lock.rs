//! One process at a time downloads a file.

use super::Watcher;
use super::part::interrupted;
use crate::{Error, Result};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

/// Time between two looks at a lock that another process holds.
const LOOK: Duration = Duration::from_millis(200);

/// Locks `path`, a file of its own, until the result is dropped; waits for the process that has it. The lock is the
/// system's and ends with the process, however that ends. The file stays: removing it would let two processes lock
/// two files.
pub(super) fn wait(path: &Path, watcher: &dyn Watcher) -> Result<File> {
    let failed = |source| Error::io(path, "lock the download", source);
    let mut open = File::options();
    let file = open
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(failed)?;
    let mut is_told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        if !is_told {
            watcher.line(&format!(
                "waiting for another process that fetches this file ({})",
                path.display()
            ));
            is_told = true;
        }
        if watcher.should_stop() {
            return Err(interrupted());
        }
        std::thread::sleep(LOOK);
    }
}
