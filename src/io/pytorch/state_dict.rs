//! Where in a file's value the weights are, and under which names.

use super::globals::ORDERED_DICT;
use super::rebuild::{TensorRef, is_tensor};
use super::refuse;
use super::storage::Storages;
use crate::Result;
use crate::io::pickle::{Mapping, Pickle, Value, View};
use crate::io::weights_file::{Format, WeightsFile};
use crate::io::{NumberType, Stored, TensorFile, shown_name};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Under which keys trainings keep the weights, besides much else.
const WRAPPERS: [&str; 7] = [
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "last",
    "ema",
];
/// What wrappers of networks put before every name: data parallelism, compilation.
const PREFIXES: [&str; 2] = ["module.", "_orig_mod."];
/// Tensors of a file may together take this many times its size: names may share their numbers.
const SHARED: u64 = 4;

/// The weights of a file and what was done to find them.
pub struct Read {
    tensors: BTreeMap<String, (Stored, NumberType)>,
    notes: Vec<String>,
}

impl Read {
    /// As the content of a weights file.
    pub fn into_file(self, format: Format) -> WeightsFile {
        let mut types = BTreeMap::new();
        let mut tensors = BTreeMap::new();
        for (name, (stored, kind)) in self.tensors {
            types.insert(name.clone(), kind);
            tensors.insert(name, stored);
        }
        WeightsFile {
            format,
            file: TensorFile {
                tensors,
                metadata: BTreeMap::new(),
            },
            types,
            notes: self.notes,
        }
    }
}

/// Tensors that were found but not yet read.
pub struct Found {
    tensors: BTreeMap<String, TensorRef>,
    notes: Vec<String>,
}

/// Finds the weights in `pickle`, of the file `path` with `bytes` bytes, whose members have `unpacked` bytes.
///
/// # Errors
/// [`Error::Format`] if there are none, or they contradict themselves.
pub fn find(path: &Path, pickle: &Pickle<'_>, bytes: usize, unpacked: u64) -> Result<Found> {
    let mut notes = Vec::new();
    let root = pickle.root();
    let entries = mapping(root).ok_or_else(|| refuse(path, root.describe()))?;
    let (entries, wrapper) = match has_tensors(entries) {
        true => (entries, None),
        false => unwrap(entries).ok_or_else(|| refuse(path, without_tensors(entries)))?,
    };
    if let Some(wrapper) = wrapper {
        notes.push(format!(
            "the weights are its entry {wrapper:?}; the others are not read"
        ));
    }
    let mut tensors = BTreeMap::new();
    let mut others = 0;
    // Well packed numbers take more than that, but no more than is there.
    let mut left = (bytes as u64).saturating_mul(SHARED).max(unpacked);
    for (key, value) in entries.iter() {
        if !is_tensor(value) {
            others += 1;
            continue;
        }
        let name = key
            .text()
            .ok_or_else(|| refuse(path, "a tensor whose name is no text"))?;
        let about = |found: String| refuse(path, format!("{found} ({})", shown_name(&name)));
        let tensor = TensorRef::read(value).map_err(about)?;
        let (_, size) = tensor.size().map_err(about)?;
        let rest = left.checked_sub(size as u64);
        left = rest.ok_or_else(|| about(format!("tensors of more than {SHARED} times its size")))?;
        if tensors.insert(name.to_string(), tensor).is_some() {
            return Err(refuse(path, format!("the name {} twice", shown_name(&name))));
        }
    }
    if others > 0 {
        let entries = if others == 1 { "entry" } else { "entries" };
        notes.push(format!("{others} {entries} without numbers left out"));
    }
    let wrapped = common_prefix(&tensors);
    if let Some(prefix) = tensors.keys().next().and_then(|name| name.get(..wrapped))
        && wrapped > 0
    {
        notes.push(format!("\"{}\" taken off every name", shown_name(prefix)));
        let rest = |(name, tensor): (String, _)| (name.get(wrapped..).unwrap_or_default().to_owned(), tensor);
        tensors = tensors.into_iter().map(rest).collect();
    }
    Ok(Found { tensors, notes })
}

impl Found {
    /// Names of the storages that are needed, each once.
    pub fn storages(&self) -> BTreeSet<&str> {
        self.tensors.values().map(TensorRef::storage).collect()
    }

    /// The tensors with their numbers.
    ///
    /// # Errors
    /// [`Error::Format`] if one leaves its storage, or that is not there.
    pub fn resolve(self, path: &Path, storages: &Storages<'_>) -> Result<Read> {
        let mut tensors = BTreeMap::new();
        for (name, tensor) in self.tensors {
            let stored = tensor.resolve(storages);
            let stored = stored.map_err(|found| refuse(path, format!("{found} ({})", shown_name(&name))))?;
            tensors.insert(name, (stored, tensor.kind()));
        }
        Ok(Read {
            tensors,
            notes: self.notes,
        })
    }
}

/// Bytes of the wrappers' prefixes, one behind the other, that every name begins with. Each byte of a name is looked at
/// once for each kind of prefix, however many there are.
pub(super) fn common_prefix<T>(tensors: &BTreeMap<String, T>) -> usize {
    let mut length = 0;
    let begins =
        |name: &str, from: usize, prefix: &str| name.get(from..).is_some_and(|rest| rest.starts_with(prefix));
    while let Some(prefix) = PREFIXES
        .into_iter()
        .find(|&prefix| !tensors.is_empty() && tensors.keys().all(|name| begins(name, length, prefix)))
    {
        length += prefix.len();
    }
    length
}

/// A dict, plain or ordered.
fn mapping(value: Value<'_>) -> Option<Mapping<'_>> {
    match value.view() {
        View::Dict(entries) => Some(entries),
        View::Call(call) if call.callee() == ORDERED_DICT => Some(call.items()),
        _ => None,
    }
}

fn has_tensors(entries: Mapping<'_>) -> bool {
    entries.iter().any(|(_, value)| is_tensor(value))
}

/// The entry of a training's file that holds the weights, and its name.
fn unwrap(entries: Mapping<'_>) -> Option<(Mapping<'_>, Option<&'static str>)> {
    WRAPPERS.into_iter().find_map(|name| {
        let &[value] = entries.named(name).as_slice() else {
            return None;
        };
        mapping(value)
            .filter(|&inside| has_tensors(inside))
            .map(|inside| (inside, Some(name)))
    })
}

/// What a dict without tensors holds instead.
fn without_tensors(entries: Mapping<'_>) -> String {
    let names: Vec<String> = entries
        .iter()
        .take(6)
        .map(|(key, _)| {
            key.text()
                .map_or_else(|| key.describe(), |name| shown_name(&name))
        })
        .collect();
    match names.is_empty() {
        true => "an empty dict".into(),
        false => format!("a dict without tensors, of {}", names.join(", ")),
    }
}
