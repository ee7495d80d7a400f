//! CIFAR-10 and CIFAR-100 in the published binary layout
//! (<https://www.cs.toronto.edu/~kriz/cifar.html>).
//!
//! A record is the label bytes (CIFAR-10: one; CIFAR-100: coarse, then fine) and 3,072 pixels: the
//! red plane, the green one, the blue one, each 32 rows of 32. The label of CIFAR-100 is the fine
//! one.

use super::source::Found;
use super::{Dataset, Split};
use crate::{Error, Result};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

#[cfg(test)]
mod tests;

/// Height and width in pixels.
const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
/// Records a file may have at most (3 GB), so that a file of nonsense cannot fill the memory.
const MAX_RECORDS: u64 = 1_000_000;

/// One of the two data sets: its files and what is in them.
struct Layout {
    name: &'static str,
    /// The folder inside the published archive.
    folder: &'static str,
    train: &'static [&'static str],
    test: &'static [&'static str],
    /// Records in each published training file and in the test file.
    published: [u64; 2],
    /// What each label byte counts and how many values it has; the last one is the label.
    labels: &'static [(&'static str, u8)],
    /// Class names, one a line.
    names: &'static str,
}

const LAYOUTS: [Layout; 2] = [
    Layout {
        name: "CIFAR-10",
        folder: "cifar-10-batches-bin",
        train: &[
            "data_batch_1.bin",
            "data_batch_2.bin",
            "data_batch_3.bin",
            "data_batch_4.bin",
            "data_batch_5.bin",
        ],
        test: &["test_batch.bin"],
        published: [10_000, 10_000],
        labels: &[("label", 10)],
        names: "batches.meta.txt",
    },
    Layout {
        name: "CIFAR-100",
        folder: "cifar-100-binary",
        train: &["train.bin"],
        test: &["test.bin"],
        published: [50_000, 10_000],
        labels: &[("coarse label", 20), ("fine label", 100)],
        names: "fine_label_names.txt",
    },
];

impl Layout {
    fn is_in(&self, folder: &Path) -> bool {
        self.train
            .iter()
            .chain(self.test)
            .any(|file| folder.join(file).is_file())
    }

    fn record(&self) -> usize {
        self.labels.len() + 3 * PLANE
    }

    fn classes(&self) -> usize {
        self.labels.last().map_or(0, |&(_, count)| count.into())
    }
}

/// Opens the data set in `path`, which is the folder with its files or the one around it.
///
/// # Errors
/// [`Error::Format`] or [`Error::Io`] naming the file or folder that is missing or wrong.
fn open(layout: &Layout, folder: &Path) -> Result<Dataset> {
    let mut warnings = Vec::new();
    let [train, test] = [layout.train, layout.test];
    Ok(Dataset {
        name: layout.name.into(),
        origin: format!("{} in {}", layout.name, folder.display()),
        classes: class_names(layout, folder, &mut warnings)?,
        train: read_split(layout, folder, train, layout.published[0], &mut warnings)?,
        test: read_split(layout, folder, test, layout.published[1], &mut warnings)?,
        warnings,
    })
}

/// The data sets in `path`, which is the folder with their files or the one around it.
pub(super) fn find(path: &Path) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for layout in &LAYOUTS {
        for folder in [path.to_path_buf(), path.join(layout.folder)] {
            if layout.is_in(&folder) {
                found.push(Found {
                    what: format!("{} in {}", layout.name, folder.display()),
                    open: Box::new(move |_| open(layout, &folder)),
                });
            }
        }
    }
    Ok(found)
}

/// The names of the classes; their numbers, with a warning, if the file of names is missing.
fn class_names(layout: &Layout, folder: &Path, warnings: &mut Vec<String>) -> Result<Vec<String>> {
    let (path, classes) = (folder.join(layout.names), layout.classes());
    if !path.exists() {
        warnings.push(format!(
            "{}: not there; the classes are called by their numbers",
            path.display()
        ));
        return Ok((0..classes).map(|class| class.to_string()).collect());
    }
    let text =
        std::fs::read_to_string(&path).map_err(|source| Error::io(&path, "read the class names", source))?;
    let names: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(String::from)
        .collect();
    if names.len() == classes {
        return Ok(names);
    }
    let expected = format!("{classes} class names, one a line");
    let advice = "restore the published file, or remove it to call the classes by their numbers";
    Err(Error::format(&path, expected, names.len(), advice))
}

fn read_split(
    layout: &Layout,
    folder: &Path,
    files: &[&str],
    published: u64,
    warnings: &mut Vec<String>,
) -> Result<Split> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for file in files {
        let path = folder.join(file);
        let records = read_file(layout, &path, &mut pixels, &mut labels)?;
        if records != published {
            warnings.push(format!(
                "{}: {records} records, the published file has {published}",
                path.display()
            ));
        }
    }
    Split::new(SIDE, SIDE, pixels, labels)
}

/// Appends a file's pixels (H,W,C) and labels; returns its number of records.
fn read_file(layout: &Layout, path: &Path, pixels: &mut Vec<u8>, labels: &mut Vec<u16>) -> Result<u64> {
    const ADVICE: &str = "unpack the archive again";
    let failed = |source| Error::io(path, "read the images", source);
    let file = File::open(path).map_err(failed)?;
    let (bytes, size) = (file.metadata().map_err(failed)?.len(), layout.record());
    let records = bytes / size as u64;
    if bytes == 0 || bytes % size as u64 != 0 || records > MAX_RECORDS {
        let expected = format!("1 to {MAX_RECORDS} whole records of {size} bytes");
        let found = match bytes {
            0 => "an empty file".into(),
            _ => format!(
                "{bytes} bytes = {records} records and {} bytes",
                bytes % size as u64
            ),
        };
        return Err(Error::format(path, expected, found, ADVICE));
    }
    let mut reader = BufReader::with_capacity(64 * size, file);
    let mut record = vec![0; size];
    for number in 0..records {
        reader.read_exact(&mut record).map_err(failed)?;
        let (found, planes) = record.split_at(layout.labels.len());
        for (&(what, count), &byte) in layout.labels.iter().zip(found) {
            if byte >= count {
                let expected = format!("{what} 0 to {} in record {number}", count - 1);
                return Err(Error::format(path, expected, format!("byte {byte}"), ADVICE));
            }
        }
        labels.extend(found.last().map(|&label| u16::from(label)));
        pixels.extend((0..PLANE).flat_map(|i| [planes[i], planes[PLANE + i], planes[2 * PLANE + i]]));
    }
    Ok(records)
}
