//! `.npz` files: zip archives of `.npy` arrays, stored or deflated.
//!
//! Nothing is unpacked to the disk: members are looked up by their exact names, so a path that leads
//! out of the archive is only another name that is not read.

use super::npy;
use super::numbers::Array;
use crate::data::limits::check_unpacked;
use crate::{Error, Result};
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zip::result::ZipError;

const ADVICE: &str = "write it anew with numpy.savez";
/// How the names of members end.
const SUFFIX: &str = ".npy";

/// An archive whose directory has been read.
pub(super) struct Npz {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
    /// Bytes of the file.
    bytes: u64,
    /// Bytes of the arrays taken so far.
    taken: u64,
}

impl Npz {
    /// Reads the directory of the archive at `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |source| Error::io(path, "read the file", source);
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(path, error))?;
        if archive.has_duplicate_names() {
            return Err(refuse(path, "two members with one name"));
        }
        Ok(Self {
            path: path.to_path_buf(),
            archive,
            bytes,
            taken: 0,
        })
    }

    /// Names of the arrays.
    pub fn names(&self) -> Vec<String> {
        let names = self.archive.file_names_raw().map(String::from_utf8_lossy);
        names
            .map(|name| name.strip_suffix(SUFFIX).unwrap_or(&name).to_owned())
            .collect()
    }

    /// Unpacks the array called `name`.
    pub fn take(&mut self, name: &str) -> Result<Array<'static>> {
        let path = self.path.as_path();
        let member = self
            .archive
            .index_for_name_raw(format!("{name}{SUFFIX}").as_bytes());
        let member = member.ok_or_else(|| refuse(path, format!("no member {name}{SUFFIX}")))?;
        let mut member = self
            .archive
            .by_index(member)
            .map_err(|error| broken(path, error))?;
        let header = npy::read_header(&mut member)
            .map_err(|found| Error::format(path, format!("an array of numbers `{name}`"), found, ADVICE))?;
        let bytes = header
            .shape
            .iter()
            .try_fold(header.kind.kind.bytes(), |bytes, &length| {
                bytes.checked_mul(length)
            })
            .ok_or_else(|| refuse(path, format!("`{name}` of shape {:?}", header.shape)))?;
        self.taken = self.taken.saturating_add(bytes as u64);
        check_unpacked(path, self.bytes, self.taken)?;
        let mut content = vec![0; bytes];
        let failed = |error: std::io::Error| match error.kind() {
            ErrorKind::UnexpectedEof => {
                refuse(path, format!("fewer than the {bytes} bytes of `{name}`'s shape"))
            }
            _ => broken(path, ZipError::Io(error)),
        };
        member.read_exact(&mut content).map_err(failed)?;
        // The end of a member is where its checksum is looked at.
        if member.read(&mut [0]).map_err(failed)? > 0 {
            return Err(refuse(
                path,
                format!("more than the {bytes} bytes of `{name}`'s shape"),
            ));
        }
        Ok(Array {
            kind: header.kind,
            shape: header.shape,
            bytes: content.into(),
        })
    }
}

fn refuse(path: &Path, found: impl ToString) -> Error {
    Error::format(path, "a whole .npz file", found, ADVICE)
}

fn broken(path: &Path, error: ZipError) -> Error {
    refuse(path, format!("a broken one ({error})"))
}
