//! Folders of class folders with PNG and JPEG files: `train/CLASS/…` beside `test/CLASS/…` (or `val`,
//! `valid`, `validation`), or `CLASS/…` without a split.
//!
//! Classes are numbered by name. Pictures that are all square and of one size stay as they are, unless
//! they are larger than wanted; others are brought to one size.

mod read;
mod scan;
#[cfg(test)]
mod tests;

use super::source::{Found, ReadOptions};
use super::{Dataset, Split, division, listing::Listing};
use crate::{Error, Result};
use scan::{Member, Scan};
use std::path::{Path, PathBuf};

/// What the folder with the training classes is called, and, in order of preference, the one with those
/// for testing.
const TRAIN: &str = "train";
const TEST: [&str; 4] = ["test", "val", "valid", "validation"];

/// Where the class folders are.
enum Layout {
    /// In two folders, the second one for testing.
    Divided(PathBuf, PathBuf),
    /// In one.
    Whole(PathBuf),
}

/// The class folders in `path`. Any folder of folders with pictures is taken for them: this finder
/// comes after those that know their files by name.
pub(super) fn find(path: &Path) -> Result<Option<Found>> {
    if !path.is_dir() {
        return Ok(None);
    }
    let train = path.join(TRAIN);
    let layout = if holds_classes(&train)? {
        let mut test = None;
        for folder in TEST.map(|name| path.join(name)) {
            if test.is_none() && holds_classes(&folder)? {
                test = Some(folder);
            }
        }
        match test {
            Some(test) => Layout::Divided(train, test),
            None => Layout::Whole(train),
        }
    } else if holds_classes(path)? {
        Layout::Whole(path.to_path_buf())
    } else {
        return Ok(None);
    };
    let (name, root) = (dataset_name(path), path.to_path_buf());
    let what = match &layout {
        Layout::Divided(train, test) => {
            format!("class folders in {} and {}", train.display(), test.display())
        }
        Layout::Whole(root) => format!("class folders in {}", root.display()),
    };
    Ok(Some(Found {
        what: what.clone(),
        open: Box::new(move |options| open(&layout, &root, [name, what], options)),
    }))
}

/// Whether `folder` has a folder with a picture in it.
fn holds_classes(folder: &Path) -> Result<bool> {
    if !folder.is_dir() {
        return Ok(false);
    }
    for class in Listing::of(folder)?.folders {
        if !Listing::of(&class)?.pictures.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the data set is called: as its folder.
fn dataset_name(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.into_owned()
}

fn open(layout: &Layout, root: &Path, [name, origin]: [String; 2], options: &ReadOptions) -> Result<Dataset> {
    let mut warnings = Vec::new();
    let (classes, members, is_test) = match layout {
        Layout::Divided(train, test) => {
            let mut scan = Scan::of(train)?;
            let trained = scan.members.len();
            let mut is_test = vec![false; trained];
            let tested = Scan::of(test)?;
            is_test.resize(trained + tested.members.len(), true);
            scan.add_tests(tested, test, &mut warnings)?;
            scan.warn(&mut warnings);
            (scan.classes, scan.members, is_test)
        }
        Layout::Whole(folder) => {
            let scan = Scan::of(folder)?;
            scan.warn(&mut warnings);
            let labels: Vec<u16> = scan.members.iter().map(|member| member.label).collect();
            let is_test = division::kept_for_testing(&labels, options.test_share);
            let kept = is_test.iter().filter(|&&test| test).count();
            warnings.push(division::warning(kept, labels.len()));
            (scan.classes, scan.members, is_test)
        }
    };
    if classes.len() < 2 {
        let found = format!("{} class", classes.len());
        let advice = "give the folder that holds all classes";
        return Err(Error::format(root, "two classes or more", found, advice));
    }
    if !is_test.contains(&true) {
        let advice = "add pictures to the classes";
        return Err(Error::format(
            root,
            "pictures to test with",
            "one a class",
            advice,
        ));
    }
    let (side, pixels) = read::read(root, &members, options.side, &mut warnings)?;
    let divided = |wanted: bool| divide(side, &members, &pixels, &is_test, wanted);
    Ok(Dataset {
        name,
        origin,
        classes,
        train: divided(false)?,
        test: divided(true)?,
        warnings,
    })
}

/// The pictures for testing, or the others.
fn divide(
    side: usize,
    members: &[Member],
    pixels: &[Vec<u8>],
    is_test: &[bool],
    wanted: bool,
) -> Result<Split> {
    let pictures = members.iter().zip(pixels).zip(is_test);
    let (mut all, mut labels) = (Vec::new(), Vec::new());
    for ((member, pixels), _) in pictures.filter(|&(_, &test)| test == wanted) {
        all.extend_from_slice(pixels);
        labels.push(member.label);
    }
    Split::new(side, side, all, labels)
}
