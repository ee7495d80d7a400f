//! The format before PyTorch 1.6: pickles of a magic number, the protocol, the machine, the value and the storages'
//! names, one behind the other, and then the storages in the order of their names.

use super::state_dict::{self, Read};
use super::storage::{StorageRef, Storages};
use super::{pickle, refuse};
use crate::Result;
use crate::io::pickle::{Pickle, Value, View};
use std::collections::HashMap;
use std::path::Path;

/// The number that files begin with.
const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
/// The only version of the format that there was.
const PROTOCOL: i128 = 1001;

/// Whether `bytes` begin as a pickle of protocol 2 or newer does.
pub fn is_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, ..])
}

/// Reads the file in `bytes`, the content of `path`.
///
/// # Errors
/// As [`super::parse`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Read> {
    let mut rest = Rest { path, bytes };
    let magic = rest.pickle()?;
    if !matches!(magic.root().view(), View::Int(MAGIC)) {
        let found = format!("a pickle of {}", magic.root().describe());
        return Err(refuse(path, found));
    }
    match rest.pickle()?.root().view() {
        View::Int(PROTOCOL) => {}
        _ => return Err(refuse(path, "another version of the format before PyTorch 1.6")),
    }
    if !is_little_endian(rest.pickle()?.root()) {
        return Err(refuse(path, "a file of a machine that is not little-endian"));
    }
    let value = rest.pickle()?;
    let found = state_dict::find(path, &value, bytes.len(), 0)?;
    let keys = rest.pickle()?;
    let View::List(keys) = keys.root().view() else {
        return Err(refuse(path, "no list of storages"));
    };
    // A storage in the file has a length but no type: what the value says about all of them is needed, also of
    // those that belong to no weight, to find where the next one begins.
    let mut known = HashMap::new();
    for storage in value.persistent() {
        let storage = StorageRef::read(storage).map_err(|found| refuse(path, found))?;
        known.insert(storage.key.clone(), storage);
    }
    let mut storages = Storages::default();
    for key in keys.iter() {
        let key = key
            .text()
            .ok_or_else(|| refuse(path, "a storage whose name is no text"))?;
        let storage = known.get(&*key);
        let storage =
            storage.ok_or_else(|| refuse(path, format!("the storage {key:.32} that nothing uses")))?;
        let content = rest.storage(storage)?;
        if !storages.insert(key.into_owned(), content.into()) {
            return Err(refuse(path, "two storages with one name"));
        }
    }
    found.resolve(path, &storages)
}

/// What has not been read yet.
struct Rest<'a> {
    path: &'a Path,
    bytes: &'a [u8],
}

impl<'a> Rest<'a> {
    /// The pickle that comes next.
    fn pickle(&mut self) -> Result<Pickle<'a>> {
        let pickle = pickle(self.path, self.bytes)?;
        self.bytes = self.bytes.get(pickle.end()..).unwrap_or_default();
        Ok(pickle)
    }

    /// The numbers of `storage`, which come next behind their count.
    fn storage(&mut self, storage: &StorageRef) -> Result<&'a [u8]> {
        let StorageRef {
            key, kind, numbers, ..
        } = storage;
        let cut = || {
            refuse(
                self.path,
                format!("the end of the file inside the storage {key:.32}"),
            )
        };
        let (&count, rest) = self.bytes.split_first_chunk().ok_or_else(cut)?;
        let count = u64::from_le_bytes(count);
        if count != *numbers as u64 {
            let found = format!("{count} numbers in the storage {key:.32} of {numbers}");
            return Err(refuse(self.path, found));
        }
        let size = numbers.checked_mul(kind.bytes()).ok_or_else(cut)?;
        let (content, rest) = rest.split_at_checked(size).ok_or_else(cut)?;
        self.bytes = rest;
        Ok(content)
    }
}

/// Reads `{"protocol_version": …, "little_endian": …, "type_sizes": …}`.
fn is_little_endian(machine: Value<'_>) -> bool {
    let View::Dict(entries) = machine.view() else {
        return false;
    };
    let answer = entries.named("little_endian");
    matches!(answer.as_slice(), [value] if matches!(value.view(), View::Bool(true)))
}
