//! Storages: the flat arrays of numbers that tensors are views of.

use super::globals::number_type;
use crate::io::NumberType;
use crate::io::pickle::{Value, View};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// Bytes that the name of a storage may have: PyTorch's are numbers, counted up or addresses of 20 digits at most. Names
/// are copied for every tensor, and a pickle may give one long name to many.
const MOST_KEY: usize = 32;

/// What a pickle says about the storage of a tensor.
pub struct StorageRef {
    /// The storage's name in the file.
    pub key: String,
    /// Type of its numbers.
    pub kind: NumberType,
    /// How many numbers the whole storage has.
    pub numbers: usize,
    /// The part that is meant, in numbers: files of PyTorch 0.4 and older name views of a storage.
    pub part: Range<usize>,
}

impl StorageRef {
    /// Reads `('storage', class, key, device, numbers)`, in older files with `None` or `(key, offset, numbers)` of a
    /// view behind it.
    ///
    /// # Errors
    /// What was found instead.
    pub fn read(value: Value<'_>) -> Result<Self, String> {
        let View::Persistent(id) = value.view() else {
            return Err(format!("{} for a storage", value.describe()));
        };
        let View::Tuple(id) = id.view() else {
            return Err("a storage without its description".into());
        };
        let is_storage = id
            .get(0)
            .and_then(Value::text)
            .is_some_and(|text| text == "storage");
        let kind = match id.get(1).map(Value::view) {
            Some(View::Global(class)) if is_storage => number_type(class),
            _ => None,
        };
        let kind = kind.ok_or("an object outside the file that is no storage of numbers")?;
        let key = id.get(2).and_then(Value::text);
        let key = key.ok_or("a storage without a name")?;
        if key.len() > MOST_KEY {
            return Err(format!("a storage with a name of {} bytes", key.len()));
        }
        let key = key.into_owned();
        let numbers = whole(id.get(4)).ok_or_else(|| format!("the storage {key:.32} without a length"))?;
        let part = match id.get(5).map(Value::view) {
            None | Some(View::None) => Some(0..numbers),
            Some(View::Tuple(view)) => view_range(whole(view.get(1)), whole(view.get(2)), numbers),
            Some(_) => None,
        };
        let part = part.ok_or_else(|| format!("a view outside of the storage {key:.32}"))?;
        Ok(Self {
            key,
            kind,
            numbers,
            part,
        })
    }
}

fn view_range(offset: Option<usize>, length: Option<usize>, numbers: usize) -> Option<Range<usize>> {
    let (offset, length) = (offset?, length?);
    let end = offset.checked_add(length)?;
    (end <= numbers).then_some(offset..end)
}

/// A whole number that is not negative.
pub fn whole(value: Option<Value<'_>>) -> Option<usize> {
    match value?.view() {
        View::Int(number) => usize::try_from(number).ok(),
        _ => None,
    }
}

/// The storages of a file by their names.
#[derive(Default)]
pub struct Storages<'a> {
    bytes: HashMap<String, Cow<'a, [u8]>>,
}

impl<'a> Storages<'a> {
    /// Adds a storage; `false` if the name is taken.
    pub fn insert(&mut self, key: String, bytes: Cow<'a, [u8]>) -> bool {
        self.bytes.insert(key, bytes).is_none()
    }

    /// Bytes of the part that `wanted` names.
    ///
    /// # Errors
    /// What was found instead.
    pub fn get(&self, wanted: &StorageRef) -> Result<&[u8], String> {
        let StorageRef {
            key,
            kind,
            numbers,
            part,
        } = wanted;
        let bytes = self.bytes.get(key);
        let bytes = bytes.ok_or_else(|| format!("no storage {key:.32}"))?;
        if numbers.checked_mul(kind.bytes()) != Some(bytes.len()) {
            return Err(format!(
                "{} bytes in the storage {key:.32} of {numbers} numbers ({kind})",
                bytes.len()
            ));
        }
        let inside = bytes.get(part.start * kind.bytes()..part.end * kind.bytes());
        inside.ok_or_else(|| format!("a view outside of the storage {key:.32}"))
    }
}
