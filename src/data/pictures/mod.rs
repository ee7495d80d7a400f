//! Pictures for a model to classify: PNG and JPEG files, folders of them, or `.safetensors`.

mod stored;
#[cfg(test)]
mod tests;

use super::decode::PictureFile;
use super::listing::{Listing, has_extension};
use crate::tensor::{Buffer, Tensor};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Bytes that the pictures of one call may take as f32: 1 GiB.
const MAX_BYTES: u64 = 1 << 30;

/// What a source of pictures says about the right answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    /// A class number for each picture, from the file.
    Numbers(Vec<usize>),
    /// For each picture, the name of the folder it lies in.
    Folders(Vec<String>),
}

/// Pictures of one size.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// Where they were read from.
    pub source: PathBuf,
    /// `[N,H,W,3]` in `[0,1]`, N at least 1.
    pub images: Tensor<f32>,
    /// What each picture is called: its file, or its number in a `.safetensors` file.
    pub names: Vec<String>,
    /// The right answers, where there are any.
    pub labels: Option<Labels>,
}

impl Pictures {
    /// Reads `path`:
    /// - a `.safetensors` file with `images` (N,3,H,W) f32 in `[0,1]` and perhaps `labels` (N) i64;
    /// - a folder with PNG and JPEG files, in the order of their names, or without any but with
    ///   folders that hold some, whose names are then the labels;
    /// - a PNG or JPEG file.
    ///
    /// Pictures become RGB: grey is repeated, palettes are looked up, transparency is ignored (the
    /// stored colours count, as in Pillow's `convert("RGB")`), 16 bits a sample keep their precision.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Format`] naming the file: not there, no picture, truncated, of
    /// another size than the first, numbers outside `[0,1]`, above 1 GiB in all.
    pub fn open(path: &Path) -> Result<Self> {
        if path.is_dir() {
            open_folder(path)
        } else if has_extension(path, "safetensors") {
            stored::open(path)
        } else {
            open_files(path, &[path.to_path_buf()], None)
        }
    }

    /// The class number of every picture, where `classes` are the names of a model's classes.
    /// Folders must be called as classes are; if one is not, nothing is known.
    ///
    /// # Errors
    /// [`Error::Format`] if a number is not below the number of classes.
    pub fn class_numbers(&self, classes: &[String]) -> Result<Option<Vec<usize>>> {
        match &self.labels {
            None => Ok(None),
            Some(Labels::Numbers(numbers)) => match numbers.iter().find(|&&number| number >= classes.len()) {
                Some(number) => {
                    let expected = format!("labels below {}, the model's number of classes", classes.len());
                    let advice = "give labels that belong to this model, or none";
                    Err(Error::format(&self.source, expected, number, advice))
                }
                None => Ok(Some(numbers.clone())),
            },
            Some(Labels::Folders(names)) => {
                let number = |name: &String| classes.iter().position(|class| class == name);
                Ok(names.iter().map(number).collect())
            }
        }
    }
}

fn open_folder(folder: &Path) -> Result<Pictures> {
    let listing = Listing::of(folder)?;
    if !listing.pictures.is_empty() {
        return open_files(folder, &listing.pictures, None);
    }
    let (mut files, mut labels) = (Vec::new(), Vec::new());
    for class in listing.folders {
        let members = Listing::of(&class)?.pictures;
        let name = class.file_name().unwrap_or_default().to_string_lossy();
        labels.extend(members.iter().map(|_| name.clone().into_owned()));
        files.extend(members);
    }
    if files.is_empty() {
        let expected = "PNG or JPEG files, or folders with such files";
        return Err(Error::format(
            folder,
            expected,
            "none",
            "convert the pictures to PNG",
        ));
    }
    open_files(folder, &files, Some(Labels::Folders(labels)))
}

/// Reads at least one file of `source`; the first decides the size of all.
fn open_files(source: &Path, files: &[PathBuf], labels: Option<Labels>) -> Result<Pictures> {
    let mut values: Option<Buffer<f32>> = None;
    let mut first = [0; 2];
    for (number, path) in files.iter().enumerate() {
        let picture = PictureFile::open(path)?;
        let size = picture.size();
        if number == 0 {
            first = size;
            check_room(path, files.len(), size)?;
        } else if size != first {
            let expected = format!("{}×{} pixels as {}", first[0], first[1], files[0].display());
            let found = format!("{}×{}", size[0], size[1]);
            return Err(Error::format(path, expected, found, "give pictures of one size"));
        }
        let pixels = 3 * size[0] * size[1];
        let values = values.get_or_insert_with(|| Buffer::dirty(files.len() * pixels));
        picture.rgb_f32(&mut values[number * pixels..(number + 1) * pixels])?;
    }
    let shape = [files.len(), first[0], first[1], 3];
    Ok(Pictures {
        source: source.to_path_buf(),
        images: Tensor::from_buffer(shape, values.unwrap_or_else(|| Buffer::dirty(0)))?,
        names: files.iter().map(|file| file.display().to_string()).collect(),
        labels,
    })
}

/// Refuses more pictures than [`MAX_BYTES`] hold, before memory is taken for them.
fn check_room(path: &Path, count: usize, [height, width]: [usize; 2]) -> Result<()> {
    let values = [3, height as u64, width as u64, 4]
        .iter()
        .try_fold(count as u64, |n, &k| n.checked_mul(k));
    if values.is_some_and(|bytes| bytes <= MAX_BYTES) {
        return Ok(());
    }
    let expected = format!("at most {} MiB of pixels as f32", MAX_BYTES >> 20);
    let found = format!("{count} × {height}×{width} pixels");
    Err(Error::format(
        path,
        expected,
        found,
        "give fewer or smaller pictures",
    ))
}
