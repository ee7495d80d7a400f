//! Images and labels as arrays in `.npz` and `.safetensors` files: training and test arrays in one
//! file, `images` and `labels` without a split, or a folder with a file `train` and a file `test`.

mod file;
mod images;
mod labels;
mod npy;
mod npz;
mod numbers;
mod tensors;
#[cfg(test)]
mod tests;

use super::source::{Found, ReadOptions};
use super::{Dataset, Split, division};
use crate::{Error, Result};
use file::{ArrayFile, Format};
use images::Images;
use std::path::{Path, PathBuf};

/// The arrays of a split: its images and its labels.
type Names = [&'static str; 2];

/// In a file with both splits, training first: as MedMNIST calls them, and as Keras does.
const DIVIDED: [[Names; 2]; 2] = [
    [["train_images", "train_labels"], ["test_images", "test_labels"]],
    [["x_train", "y_train"], ["x_test", "y_test"]],
];
/// In a file without a split, or with one of them.
const WHOLE: Names = ["images", "labels"];
/// The files of a folder, without their extensions.
const FILES: [&str; 2] = ["train", "test"];

/// The data sets in `path`: a file, or a folder with one file a split.
pub(super) fn find(path: &Path) -> Result<Vec<Found>> {
    if !path.is_dir() {
        let format = Format::recognise(path)?;
        return Ok(format.map(|format| in_file(format, path)).into_iter().collect());
    }
    let formats = [Format::Npz, Format::Safetensors].into_iter();
    let in_folder = formats.filter_map(|format| {
        let files = FILES.map(|name| path.join(name).with_extension(format.extension()));
        files
            .iter()
            .any(|file| file.is_file())
            .then(|| in_files(format, path, files))
    });
    Ok(in_folder.collect())
}

fn in_file(format: Format, path: &Path) -> Found {
    let what = format!("arrays in {}", path.display());
    let (origin, path) = (what.clone(), path.to_path_buf());
    let open = move |options: &ReadOptions| open_file(format, &path, origin, options);
    Found {
        what,
        open: Box::new(open),
    }
}

fn in_files(format: Format, folder: &Path, files: [PathBuf; 2]) -> Found {
    let [train, test] = FILES.map(|name| format!("{name}.{}", format.extension()));
    let what = format!("arrays in {train} and {test} in {}", folder.display());
    let (origin, folder) = (what.clone(), folder.to_path_buf());
    Found {
        what,
        open: Box::new(move |_| open_files(format, &folder, &files, origin)),
    }
}

/// Images with their labels.
struct Part {
    images: Images,
    labels: Vec<u16>,
}

fn read_part(path: &Path, file: &mut ArrayFile, [images, labels]: Names) -> Result<Part> {
    let images = images::read(path, images, &file.take(images)?)?;
    let labels = labels::read(path, labels, &file.take(labels)?, images.count())?;
    Ok(Part { images, labels })
}

fn open_file(format: Format, path: &Path, origin: String, options: &ReadOptions) -> Result<Dataset> {
    let mut file = ArrayFile::open(format, path)?;
    let divided = DIVIDED
        .into_iter()
        .find(|names| names.as_flattened().iter().any(|name| file.has(name)));
    let mut warnings = Vec::new();
    let (parts, unread) = match divided {
        Some([train, test]) => {
            let parts = [train, test].map(|names| read_part(path, &mut file, names));
            let [train, test] = parts;
            ([train?, test?], file.count().saturating_sub(4))
        }
        None => {
            let whole = read_part(path, &mut file, WHOLE)?;
            let parts = divide(path, whole, options.test_share, &mut warnings)?;
            (parts, file.count().saturating_sub(2))
        }
    };
    if unread > 0 {
        warnings.push(format!("{unread} other arrays of the file are not read"));
    }
    let classes = file.classes()?;
    assemble(path, origin, classes, parts, warnings)
}

fn open_files(format: Format, folder: &Path, files: &[PathBuf; 2], origin: String) -> Result<Dataset> {
    let read = |path: &Path| {
        let mut file = ArrayFile::open(format, path)?;
        Ok((read_part(path, &mut file, WHOLE)?, file.classes()?))
    };
    let [train, test] = files.each_ref().map(|path| read(path));
    let ((train, names), (test, others)) = (train?, test?);
    if names.is_some() && others.is_some() && names != others {
        let expected = "the same class names in both files";
        return Err(Error::format(folder, expected, "others", "store the same names"));
    }
    assemble(folder, origin, names.or(others), [train, test], Vec::new())
}

/// Keeps a share of the images for testing.
fn divide(path: &Path, whole: Part, share: f64, warnings: &mut Vec<String>) -> Result<[Part; 2]> {
    let is_test = division::kept_for_testing(&whole.labels, share);
    let kept = is_test.iter().filter(|&&test| test).count();
    if kept == 0 {
        let advice = "add images to the classes";
        return Err(Error::format(path, "images to test with", "one a class", advice));
    }
    warnings.push(division::warning(kept, whole.labels.len()));
    let part = |wanted: bool| {
        let labels = whole.labels.iter().zip(&is_test);
        Part {
            images: whole.images.chosen(|index| is_test.get(index) == Some(&wanted)),
            labels: labels
                .filter(|&(_, &test)| test == wanted)
                .map(|(&label, _)| label)
                .collect(),
        }
    };
    let mut parts = [part(false), part(true)];
    // Said once.
    parts[0].images.inexact = whole.images.inexact;
    Ok(parts)
}

fn assemble(
    path: &Path,
    origin: String,
    names: Option<Vec<String>>,
    [train, test]: [Part; 2],
    mut warnings: Vec<String>,
) -> Result<Dataset> {
    if train.images.side != test.images.side {
        let [train, test] = [train.images.side, test.images.side];
        let expected = format!("test images of {train}×{train} pixels, as the training images are");
        let advice = "bring all images to one size first";
        return Err(Error::format(path, expected, format!("{test}×{test}"), advice));
    }
    let inexact = train.images.inexact + test.images.inexact;
    if inexact > 0 {
        warnings.push(format!(
            "{inexact} numbers of the images are no whole 255ths and were rounded to them"
        ));
    }
    let labels = train.labels.iter().chain(&test.labels);
    let classes = labels.max().map_or(0, |&label| usize::from(label) + 1);
    Ok(Dataset {
        name: path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        origin,
        classes: labels::class_names(path, names, classes)?,
        train: split(train)?,
        test: split(test)?,
        warnings,
    })
}

fn split(Part { images, labels }: Part) -> Result<Split> {
    Split::new(images.side, images.side, images.pixels, labels)
}
