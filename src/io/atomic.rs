//! Files that are either whole or absent.

use crate::{Error, Result};
use std::io::{Read, Write};
use std::path::Path;

/// How the names of temporary files begin and end.
const TEMPORARY: [&str; 2] = [".crossmax-", ".tmp"];

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
    builder.prefix(TEMPORARY[0]).suffix(TEMPORARY[1]);
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

/// Removes from `folder` the temporary files of processes that were killed while writing. No other
/// process may be writing there.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be listed or a file cannot be removed.
pub fn remove_leftovers(folder: &Path) -> Result<()> {
    let failed = |source| Error::io(folder, "remove half-written files", source);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(TEMPORARY[0]) && name.ends_with(TEMPORARY[1]) {
            std::fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
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

/// The whole content of a file of at most `most` bytes.
///
/// # Errors
/// [`Error::Io`] if it cannot be read; [`Error::Format`] if it is longer.
pub fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>> {
    let failed = |source| Error::io(path, "read the file", source);
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    // One byte more tells a file of exactly this length from a longer one.
    file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        let advice = "give the file that belongs here";
        return Err(Error::format(
            path,
            format!("at most {most} bytes"),
            "more",
            advice,
        ));
    }
    Ok(bytes)
}
