//! Files that are either whole or absent.

use crate::{Error, Result};
use std::io::Write;
use std::path::Path;

/// Writes `bytes` to `path` through a temporary file beside it, flushed to disk and renamed: a
/// reader sees the old content or the new, never a part, whatever happens in between.
///
/// # Errors
/// [`Error::Io`] if the folder is missing or not writable, or the disk is full; the old content
/// then stays.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |source| Error::io(path, "write the file", source);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".crossmax-").suffix(".tmp");
    // The mode of an ordinary new file: temporary files are private by default.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Makes the folder `path` and its parents.
///
/// # Errors
/// [`Error::Io`] if that is not possible.
pub fn create_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|source| Error::io(path, "create the folder", source))
}

/// The whole content of a file.
///
/// # Errors
/// [`Error::Io`] if it cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::io(path, "read the file", source))
}
