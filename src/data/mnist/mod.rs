//! MNIST and Fashion-MNIST in their published files (<https://yann.lecun.com/exdb/mnist/>,
//! <https://github.com/zalandoresearch/fashion-mnist>): IDX files, plain or gzipped.
//!
//! Grey is repeated to three channels; the size stays.

mod idx;
#[cfg(test)]
mod tests;

use super::source::Found;
use super::{Dataset, Split};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

const CLASSES: usize = 10;
const DIGITS: [&str; CLASSES] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
/// In the order of its labels.
const CLOTHES: [&str; CLASSES] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];
/// Where torchvision leaves the files inside its root.
const FOLDERS: [&str; 3] = ["raw", "MNIST/raw", "FashionMNIST/raw"];
const SPLITS: [&str; 2] = ["train", "t10k"];
const ADVICE: &str = "get the published files again";

/// The data sets in `path`, which is the folder with their files or one around it.
pub(super) fn find(path: &Path) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let folders = FOLDERS.iter().map(|folder| path.join(folder));
    for folder in [path.to_path_buf()].into_iter().chain(folders) {
        let kinds = ["images-idx3", "labels-idx1"];
        let names = SPLITS
            .iter()
            .flat_map(|split| kinds.map(|kind| format!("{split}-{kind}-ubyte")));
        if names.into_iter().any(|name| file(&folder, &name).is_some()) {
            let name = if names_fashion(&folder) {
                "Fashion-MNIST"
            } else {
                "MNIST"
            };
            let what = format!("{name} in {}", folder.display());
            found.push(Found {
                what: what.clone(),
                open: Box::new(move |_| open(name, what, &folder)),
            });
        }
    }
    Ok(found)
}

/// Whether a folder of the path is called after Fashion-MNIST: the files of both data sets have the
/// same names.
fn names_fashion(folder: &Path) -> bool {
    let mut parts = folder.components();
    parts.any(|part| {
        let name = part.as_os_str().to_string_lossy().to_lowercase();
        name.contains("fashion")
    })
}

/// The file called `name` or spelled `train-images.idx3-ubyte`, plain or, if there is none, gzipped.
fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    let dotted = name.replacen("-idx", ".idx", 1);
    let plain = [name.to_owned(), dotted.clone()];
    let packed = [format!("{name}.gz"), format!("{dotted}.gz")];
    let mut files = plain.iter().chain(&packed).map(|name| folder.join(name));
    files.find(|file| file.is_file())
}

fn open(name: &str, origin: String, folder: &Path) -> Result<Dataset> {
    let [train, test] = SPLITS.map(|split| read_split(folder, split));
    let (train, test) = (train?, test?);
    if train.size() != test.size() {
        let [height, width] = train.size();
        let expected = format!("test images of {height}×{width} pixels, as the training images are");
        let [height, width] = test.size();
        return Err(Error::format(
            folder,
            expected,
            format!("{height}×{width}"),
            ADVICE,
        ));
    }
    let classes = if name == "MNIST" { DIGITS } else { CLOTHES };
    Ok(Dataset {
        name: name.into(),
        origin,
        classes: classes.map(String::from).into(),
        train,
        test,
        warnings: Vec::new(),
    })
}

fn read_split(folder: &Path, split: &str) -> Result<Split> {
    let required = |name: String| {
        file(folder, &name).ok_or_else(|| {
            let expected = "the file, plain or with .gz";
            Error::format(folder.join(&name), expected, "none", ADVICE)
        })
    };
    let images = required(format!("{split}-images-idx3-ubyte"))?;
    let labels = required(format!("{split}-labels-idx1-ubyte"))?;
    let (size, pixels) = idx::read_images(&images)?;
    let values = idx::read_labels(&labels)?;
    if let Some((number, label)) = values
        .iter()
        .enumerate()
        .find(|&(_, &label)| usize::from(label) >= CLASSES)
    {
        let expected = format!("label 0 to {} of image {number}", CLASSES - 1);
        return Err(Error::format(&labels, expected, label, ADVICE));
    }
    let count = pixels.len() / (3 * size * size);
    if values.len() != count {
        let expected = format!("{count} labels, one an image");
        return Err(Error::format(&labels, expected, values.len(), ADVICE));
    }
    Split::new(size, size, pixels, values)
}
