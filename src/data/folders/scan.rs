//! Classes and their files.

use crate::data::listing::Listing;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Labels are stored in two bytes.
const MOST_CLASSES: usize = 1 << 16;
/// Classes named in a warning.
const NAMED: usize = 3;

/// A picture file and its class.
pub(super) struct Member {
    pub path: PathBuf,
    pub label: u16,
}

/// What is in the class folders.
pub(super) struct Scan {
    /// Names of the folders that have pictures, sorted.
    pub classes: Vec<String>,
    /// All pictures, class by class.
    pub members: Vec<Member>,
    /// Entries that are neither class folders nor pictures.
    others: usize,
    /// Folders without pictures.
    empty: usize,
}

impl Scan {
    /// Looks through the class folders in `root`.
    pub fn of(root: &Path) -> Result<Self> {
        let listing = Listing::of(root)?;
        let mut scan = Self {
            classes: Vec::new(),
            members: Vec::new(),
            others: listing.others + listing.pictures.len(),
            empty: 0,
        };
        for folder in listing.folders {
            let inside = Listing::of(&folder)?;
            scan.others += inside.others + inside.folders.len();
            if inside.pictures.is_empty() {
                scan.empty += 1;
                continue;
            }
            let label = u16::try_from(scan.classes.len()).map_err(|_| {
                let found = format!("more than {MOST_CLASSES}");
                let expected = format!("at most {MOST_CLASSES} class folders");
                Error::format(root, expected, found, "give fewer classes")
            })?;
            scan.classes.push(class_name(root, &folder)?);
            let members = inside.pictures.into_iter();
            scan.members.extend(members.map(|path| Member { path, label }));
        }
        Ok(scan)
    }

    /// Appends the pictures for testing, from the class folders in `root`, under this scan's labels.
    pub fn add_tests(&mut self, tests: Self, root: &Path, warnings: &mut Vec<String>) -> Result<()> {
        let mut labels = Vec::with_capacity(tests.classes.len());
        for class in &tests.classes {
            let label = self.classes.binary_search(class).map_err(|_| {
                let expected = "the classes of the training folder";
                let advice = "give both folders the same classes";
                Error::format(root, expected, format!("another, {class:?}"), advice)
            })?;
            labels.push(label as u16);
        }
        let absent: Vec<String> = (0..self.classes.len())
            .filter(|&label| labels.binary_search(&(label as u16)).is_err())
            .map(|label| format!("{:?}", self.classes[label]))
            .collect();
        if !absent.is_empty() {
            let named = absent[..absent.len().min(NAMED)].join(", ");
            let more = if absent.len() > NAMED { ", …" } else { "" };
            warnings.push(format!(
                "{} of {} classes have no pictures for testing ({named}{more})",
                absent.len(),
                self.classes.len()
            ));
        }
        let members = tests.members.into_iter();
        self.members.extend(members.map(|member| Member {
            label: labels[usize::from(member.label)],
            ..member
        }));
        self.others += tests.others;
        self.empty += tests.empty;
        Ok(())
    }

    /// Says what was left out.
    pub fn warn(&self, warnings: &mut Vec<String>) {
        if self.others > 0 {
            warnings.push(format!(
                "{} files or folders that are no PNG or JPEG pictures are left out",
                self.others
            ));
        }
        if self.empty > 0 {
            warnings.push(format!("{} folders without pictures are left out", self.empty));
        }
    }
}

/// What the class in `folder` is called: a line of text, since reports show it.
fn class_name(root: &Path, folder: &Path) -> Result<String> {
    let name = folder.file_name().unwrap_or_default();
    match name.to_str() {
        Some(text) if !text.contains(char::is_control) => Ok(text.to_owned()),
        _ => {
            let expected = "class folders with names in UTF-8 and without control characters";
            Err(Error::format(
                root,
                expected,
                format!("{name:?}"),
                "rename the folder",
            ))
        }
    }
}
