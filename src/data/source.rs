//! Where a data set comes from: finding out what is in a path, and opening it.

use super::{Dataset, Split, drawn};
use crate::{Error, Result};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// A data set that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The built-in drawn data set with this many images.
    Drawn {
        /// Seed of the drawing.
        seed: u64,
        /// Training images.
        train: usize,
        /// Test images.
        test: usize,
    },
    /// A file or folder in one of the layouts that [`Source::open`] recognises.
    Path(PathBuf),
}

/// What the readers must decide where a layout leaves it open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadOptions {
    /// Height and width, in pixels, that pictures of various sizes are brought to.
    pub side: usize,
    /// Share of each class that is kept for testing where the layout has no test split, in (0, 1).
    pub test_share: f64,
}

impl Default for ReadOptions {
    /// 32 pixels; a sixth for testing, as CIFAR has it.
    fn default() -> Self {
        Self {
            side: 32,
            test_share: 1.0 / 6.0,
        }
    }
}

/// Reads a data set that was found.
type Reader = dyn FnOnce(&ReadOptions) -> Result<Dataset>;

/// A data set that was recognised in a path.
pub(super) struct Found {
    /// Which, in which layout and where, for people.
    pub what: String,
    /// Reads it.
    pub open: Box<Reader>,
}

/// Each looks for its data sets in a path, from names and first bytes, reading as little as it can. All are
/// given only paths that exist.
type Finder = fn(&Path) -> Result<Vec<Found>>;
/// The published layouts, and files that say what they hold.
const FINDERS: [Finder; 3] = [super::cifar::find, super::mnist::find, super::arrays::find];

const EXPECTED: &str = "a data set";
const ADVICE: &str = "crossmax replicate --help lists the layouts that are read";

impl Source {
    /// The data set, in memory.
    ///
    /// What is in a path is found out from the names and first bytes of its files; the result's
    /// `origin` says what was found. Images that are sorted by class are put in turn, one of each
    /// class, so that the first ones are of all classes.
    ///
    /// # Errors
    /// [`Error::Format`] if the path holds no data set or several; errors of the readers, naming
    /// the file.
    pub fn open(&self) -> Result<Dataset> {
        self.open_with(&ReadOptions::default())
    }

    /// As [`Source::open`], with decisions of one's own where a layout leaves them open.
    ///
    /// # Errors
    /// Those of [`Source::open`].
    pub fn open_with(&self, options: &ReadOptions) -> Result<Dataset> {
        match self {
            &Self::Drawn { seed, train, test } => draw(seed, train, test),
            Self::Path(path) => Ok((recognise(path)?.open)(options)?.unsorted()),
        }
    }
}

/// The one data set in `path`.
fn recognise(path: &Path) -> Result<Found> {
    let refuse = |found: String, advice: &str| Err(Error::format(path, EXPECTED, found, advice));
    // Also a path that must not be looked at is named with the system's reason.
    if !path
        .try_exists()
        .map_err(|source| Error::io(path, "open the data", source))?
    {
        return refuse("nothing there".into(), ADVICE);
    }
    let mut found = Vec::new();
    for finder in FINDERS {
        found.extend(finder(path)?);
    }
    // Any folder of folders with pictures is one of class folders: only if it is nothing else.
    if found.is_empty() {
        found.extend(super::folders::find(path)?);
    }
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 if path.is_dir() => refuse("a folder with none that is known".into(), ADVICE),
        0 => refuse("a file of no known kind".into(), ADVICE),
        _ => {
            let names: Vec<String> = found.into_iter().map(|found| found.what).collect();
            refuse(names.join(" and "), "give the file or folder of one of them")
        }
    }
}

fn draw(seed: u64, train: usize, test: usize) -> Result<Dataset> {
    let split = |number: u32, count: usize| {
        let drawn: Vec<([u8; 3072], u16)> = (0..count as u64)
            .into_par_iter()
            .map(|i| drawn::draw(seed, number, i))
            .collect();
        let labels = drawn.iter().map(|(_, label)| *label).collect();
        Split::new(
            32,
            32,
            drawn.iter().flat_map(|(pixels, _)| *pixels).collect(),
            labels,
        )
    };
    Ok(Dataset {
        name: "drawn".into(),
        origin: "the built-in drawn data set".into(),
        classes: drawn::CLASSES.iter().map(|&name| name.to_owned()).collect(),
        train: split(0, train)?,
        test: split(1, test)?,
        warnings: Vec::new(),
    })
}
