//! The zip format: `data.pkl` and one member a storage, in one folder.

use super::state_dict::{self, Read};
use super::storage::Storages;
use super::{pickle, refuse};
use crate::Result;
use crate::data::limits::{check_unpacked, unpacked_limit};
use std::io::{Cursor, Read as _};
use std::path::Path;
use zip::ZipArchive;

/// Reads the archive in `bytes`, the content of `path`.
///
/// # Errors
/// As [`super::parse`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Read> {
    let mut archive = Archive::open(path, bytes)?;
    let order = archive.optional("byteorder")?;
    if order.is_some_and(|order| order != b"little") {
        return Err(refuse(path, "an archive that is not little-endian"));
    }
    if archive.has("constants.pkl") {
        return Err(refuse(
            path,
            "a TorchScript archive, a program and not weights alone",
        ));
    }
    let program = archive.optional("data.pkl")?;
    let program = program.ok_or_else(|| refuse(path, "a zip archive without data.pkl"))?;
    let value = pickle(path, &program)?;
    let found = state_dict::find(path, &value, bytes.len(), archive.announced()?)?;
    let mut storages = Storages::default();
    for key in found.storages() {
        if let Some(storage) = archive.optional(&format!("data/{key}"))? {
            storages.insert(key.to_owned(), storage.into());
        }
    }
    found.resolve(path, &storages)
}

struct Archive<'a> {
    path: &'a Path,
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// The folder that everything is in, with its slash.
    folder: String,
    /// Bytes of the file.
    bytes: u64,
    /// Bytes that were unpacked so far.
    unpacked: u64,
}

impl<'a> Archive<'a> {
    fn open(path: &'a Path, bytes: &'a [u8]) -> Result<Self> {
        let archive = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| refuse(path, format!("a broken zip archive ({error})")))?;
        if archive.has_duplicate_names() {
            return Err(refuse(path, "two members with one name"));
        }
        let names = archive.file_names_raw().map(String::from_utf8_lossy);
        let folders = names.filter_map(|name| name.strip_suffix("data.pkl").map(str::to_owned));
        let folders: Vec<String> = folders
            .filter(|folder| folder.is_empty() || folder.ends_with('/'))
            .collect();
        let folder = match folders.as_slice() {
            [folder] => folder.clone(),
            [] => return Err(refuse(path, "a zip archive without data.pkl")),
            _ => return Err(refuse(path, "a zip archive with more than one data.pkl")),
        };
        Ok(Self {
            path,
            archive,
            folder,
            bytes: bytes.len() as u64,
            unpacked: 0,
        })
    }

    /// Bytes that the directory announces for all members together, up to the limit for the file.
    fn announced(&mut self) -> Result<u64> {
        let mut announced = 0_u64;
        for index in 0..self.archive.len() {
            let member = self.archive.by_index_raw(index);
            let member =
                member.map_err(|error| refuse(self.path, format!("a broken zip archive ({error})")))?;
            announced = announced.saturating_add(member.size());
        }
        Ok(announced.min(unpacked_limit(self.bytes)))
    }

    fn has(&self, name: &str) -> bool {
        let name = format!("{}{name}", self.folder);
        self.archive.index_for_name_raw(name.as_bytes()).is_some()
    }

    /// The member `name`, unpacked, if it is there.
    fn optional(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path;
        let member = format!("{}{name}", self.folder);
        let Some(index) = self.archive.index_for_name_raw(member.as_bytes()) else {
            return Ok(None);
        };
        let broken = |error: &dyn std::fmt::Display| refuse(path, format!("a broken zip archive ({error})"));
        let mut member = self.archive.by_index(index).map_err(|error| broken(&error))?;
        // The directory announces the size; that is held against the limit before, and the member against it after.
        self.unpacked = self.unpacked.saturating_add(member.size());
        check_unpacked(path, self.bytes, self.unpacked)?;
        let mut content = vec![0; member.size() as usize];
        member.read_exact(&mut content).map_err(|error| broken(&error))?;
        // The end of a member is where its checksum is looked at.
        if member.read(&mut [0]).map_err(|error| broken(&error))? > 0 {
            return Err(broken(&"a member longer than announced"));
        }
        Ok(Some(content))
    }
}
