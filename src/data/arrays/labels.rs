//! Labels and class names.

use super::numbers::Array;
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::path::Path;

/// The labels of `count` images from the array `name`: (N) or (N,1) whole numbers from 0 to 65,535.
pub(super) fn read(path: &Path, name: &str, array: &Array<'_>, count: usize) -> Result<Vec<u16>> {
    let refuse = |found: String| {
        let expected = format!("`{name}` ({count}) of whole numbers from 0 to {}", u16::MAX);
        Error::format(path, expected, found, "give one label an image")
    };
    if !matches!(array.shape[..], [n] | [n, 1] if n == count) {
        return Err(refuse(format!("shape {:?}", array.shape)));
    }
    let numbers = array
        .integers()
        .ok_or_else(|| refuse("floating-point numbers".into()))?;
    numbers
        .map(|number| u16::try_from(number).map_err(|_| refuse(format!("label {number}"))))
        .collect()
}

/// The names of `classes` classes; their numbers, if the file has no names.
pub(super) fn class_names(path: &Path, names: Option<Vec<String>>, classes: usize) -> Result<Vec<String>> {
    let advice = "store one name a class, or none";
    let refuse = |expected: String, found: String| Err(Error::format(path, expected, found, advice));
    let names = names.unwrap_or_else(|| (0..classes).map(|class| class.to_string()).collect());
    if names.len() < classes || names.len() > usize::from(u16::MAX) + 1 {
        let expected = format!("names of {classes} classes");
        return refuse(expected, format!("{} names", names.len()));
    }
    if names.len() < 2 {
        return Err(Error::format(
            path,
            "two classes or more",
            names.len(),
            "give images of at least two classes",
        ));
    }
    let mut known = BTreeSet::new();
    for name in &names {
        let is_line = !name.is_empty() && !name.contains(char::is_control);
        if !is_line || !known.insert(name) {
            let shown: String = name.chars().take(40).collect();
            return refuse(
                "different class names of a line each".into(),
                format!("{shown:?}"),
            );
        }
    }
    Ok(names)
}
