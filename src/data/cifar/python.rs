//! The python layout: each file is a pickled dict, of which some entries are read.

use super::layout::{DataSet, Label, PLANE};
use super::{ADVICE, Images, check_labels, wrong_names};
use crate::io::pickle::{Mapping, NUMPY, Pickle, Sequence, Value, View, byte_matrix};
use crate::{Error, Result};
use std::path::Path;

/// Bytes that the name of a class may have.
const MAX_NAME: usize = 1000;

/// Appends the images of a file.
pub(super) fn read_images(set: &DataSet, place: &Path, bytes: &[u8], images: &mut Images) -> Result<()> {
    let pickle = parse(place, bytes)?;
    let dict = dict(place, &pickle)?;
    let refuse = |expected: String, found: String| Err(Error::format(place, expected, found, ADVICE));
    let size = 3 * PLANE;
    let expected = format!("`data` as a numpy array of bytes N×{size}");
    let data = match byte_matrix(entry(place, dict, "data")?) {
        Ok(data) => data,
        Err(found) => return refuse(expected, found),
    };
    let [count, columns] = data.shape;
    if count == 0 || columns != size {
        return refuse(expected, format!("{count}×{columns}"));
    }
    let mut labels = Vec::with_capacity(set.labels.len());
    for label in set.labels {
        labels.push(read_labels(place, dict, label, count)?);
    }
    images.reserve(count);
    for (number, planes) in data.bytes.chunks_exact(size).enumerate() {
        let of_image = labels.iter().filter_map(|list| list.get(number).copied());
        images.push(check_labels(set, place, number, of_image)?, planes);
    }
    Ok(())
}

/// The labels of one kind, of `count` images.
fn read_labels(place: &Path, dict: Mapping<'_>, label: &Label, count: usize) -> Result<Vec<i128>> {
    let refuse = |found: String| {
        let expected = format!("`{}` as a list of {count} numbers", label.key);
        Error::format(place, expected, found, ADVICE)
    };
    let value = entry(place, dict, label.key)?;
    let list = list(value).filter(|list| list.len() == count);
    let number = |item: Value<'_>| match item.view() {
        View::Int(number) => Ok(number),
        _ => Err(refuse(format!("{} in it", item.describe()))),
    };
    list.ok_or_else(|| refuse(value.describe()))?
        .iter()
        .map(number)
        .collect()
}

/// The names of the classes.
pub(super) fn read_names(set: &DataSet, place: &Path, bytes: &[u8]) -> Result<Vec<String>> {
    let pickle = parse(place, bytes)?;
    let value = entry(place, dict(place, &pickle)?, set.names_key)?;
    let names = list(value).filter(|names| names.len() == set.classes());
    let names = names.ok_or_else(|| wrong_names(set, place, value.describe()))?;
    // All names may be one and the same huge text.
    let name = |value: Value<'_>| match value.text() {
        Some(name) if name.len() > MAX_NAME => Err(wrong_names(set, place, "one that is too long")),
        Some(name) => Ok(name.trim().to_owned()),
        None => Err(wrong_names(set, place, "one that is no text in UTF-8")),
    };
    names.iter().map(name).collect()
}

/// The pickle that is the whole file. What Python would ignore behind it is refused: the published
/// files have nothing there.
fn parse<'a>(place: &Path, bytes: &'a [u8]) -> Result<Pickle<'a>> {
    let pickle = Pickle::parse(place, bytes, NUMPY)?;
    match bytes.len() - pickle.end() {
        0 => Ok(pickle),
        more => {
            let found = format!("{more} bytes behind it");
            Err(Error::format(place, "one pickle", found, ADVICE))
        }
    }
}

fn dict<'p>(place: &Path, pickle: &'p Pickle<'_>) -> Result<Mapping<'p>> {
    match pickle.root().view() {
        View::Dict(dict) => Ok(dict),
        _ => Err(Error::format(
            place,
            "a pickled dict",
            pickle.root().describe(),
            ADVICE,
        )),
    }
}

fn entry<'p>(place: &Path, dict: Mapping<'p>, key: &str) -> Result<Value<'p>> {
    match dict.named(key)[..] {
        [value] => Ok(value),
        ref several => {
            let expected = format!("`{key}` once in the pickled dict");
            let found = match several.len() {
                0 => "no such key".into(),
                count => format!("it {count} times"),
            };
            Err(Error::format(place, expected, found, ADVICE))
        }
    }
}

fn list(value: Value<'_>) -> Option<Sequence<'_>> {
    match value.view() {
        View::List(items) => Some(items),
        _ => None,
    }
}
