//! CIFAR-10 and CIFAR-100 as they are published (<https://www.cs.toronto.edu/~kriz/cifar.html>):
//! in the binary and in the python layout, packed or unpacked. The label of CIFAR-100 is the fine
//! one.
//!
//! In every layout an image is 3,072 bytes: the red plane, the green one, the blue one, each 32
//! rows of 32.

mod binary;
mod find;
mod layout;
mod python;
#[cfg(test)]
mod tests;

pub(super) use find::find;

use super::files::Files;
use super::{Dataset, Split};
use crate::{Error, Result};
use layout::{DataSet, Form, Layout, PLANE, SIDE};
use std::collections::BTreeSet;
use std::path::Path;

/// Bytes a file may have at most (a million images), so that one of nonsense cannot fill the memory.
const MAX_BYTES: u64 = 3_074_000_000;
const ADVICE: &str = "get the whole data set again";
const NAMES_ADVICE: &str = "restore the published file, or remove it to call the classes by their numbers";

/// Images and their labels, as they are read.
#[derive(Default)]
struct Images {
    pixels: Vec<u8>,
    labels: Vec<u16>,
}

impl Images {
    /// Makes room for `count` more.
    fn reserve(&mut self, count: usize) {
        self.pixels.reserve_exact(count * 3 * PLANE);
        self.labels.reserve_exact(count);
    }

    /// Adds the image with these three planes.
    fn push(&mut self, label: u16, planes: &[u8]) {
        let (red, rest) = planes.split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        let pixels = red.iter().zip(green).zip(blue);
        self.pixels
            .extend(pixels.flat_map(|((&red, &green), &blue)| [red, green, blue]));
        self.labels.push(label);
    }
}

/// Reads the data set that `files` are.
fn read(layout: &Layout, mut files: Files, origin: String) -> Result<Dataset> {
    let mut warnings = Vec::new();
    let train = read_split(layout, &mut files, layout.train)?;
    let test = read_split(layout, &mut files, layout.test)?;
    let splits = [("training", &train), ("test", &test)];
    for ((what, split), published) in splits.into_iter().zip(layout.set.published) {
        let count = split.len();
        if count != published {
            warnings.push(format!(
                "the {what} split has {count} images, the published one {published}"
            ));
        }
    }
    Ok(Dataset {
        name: layout.set.name.into(),
        origin,
        classes: class_names(layout, &mut files, &mut warnings)?,
        train,
        test,
        warnings,
    })
}

fn read_split(layout: &Layout, files: &mut Files, names: &[&str]) -> Result<Split> {
    let mut images = Images::default();
    for name in names {
        let Some(content) = files.take(name, MAX_BYTES)? else {
            let place = files.place(name);
            return Err(Error::format(place, "a file of images", "nothing there", ADVICE));
        };
        let read = match layout.form {
            Form::Binary => binary::read_images,
            Form::Python => python::read_images,
        };
        read(layout.set, &content.place, &content.bytes, &mut images)?;
    }
    Split::new(SIDE, SIDE, images.pixels, images.labels)
}

/// The names of the classes; their numbers, with a warning, if the file of names is missing.
fn class_names(layout: &Layout, files: &mut Files, warnings: &mut Vec<String>) -> Result<Vec<String>> {
    let Some(content) = files.take(layout.names, MAX_BYTES)? else {
        warnings.push("the file of class names is missing; the classes are called by their numbers".into());
        return Ok((0..layout.set.classes()).map(|class| class.to_string()).collect());
    };
    let names = match layout.form {
        Form::Binary => binary::read_names(layout.set, &content.place, &content.bytes)?,
        Form::Python => python::read_names(layout.set, &content.place, &content.bytes)?,
    };
    let (expected, different) = (layout.set.classes(), names.iter().collect::<BTreeSet<_>>().len());
    let found = match names.len() {
        count if count != expected => count.to_string(),
        count if count != different => format!("only {different} different ones"),
        _ => return Ok(names),
    };
    Err(wrong_names(layout.set, &content.place, found))
}

/// The error for a wrong file of class names.
fn wrong_names(set: &DataSet, place: &Path, found: impl ToString) -> Error {
    let expected = format!("{} class names", set.classes());
    Error::format(place, expected, found, NAMES_ADVICE)
}

/// The labels of image `number` of a file; the last one, checked like the others.
fn check_labels(
    set: &DataSet,
    place: &Path,
    number: usize,
    values: impl IntoIterator<Item = i128>,
) -> Result<u16> {
    let mut last = 0;
    for (label, value) in set.labels.iter().zip(values) {
        let in_range = u8::try_from(value).ok().filter(|&value| value < label.count);
        last = in_range.ok_or_else(|| {
            let expected = format!("{} 0 to {} for image {number}", label.what, label.count - 1);
            Error::format(place, expected, value, ADVICE)
        })?;
    }
    Ok(last.into())
}
