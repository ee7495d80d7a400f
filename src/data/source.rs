//! Where a data set comes from.

use super::{Dataset, Split, drawn};
use crate::Result;
use rayon::prelude::*;
use std::path::PathBuf;

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
    /// A folder in a published layout.
    Folder(PathBuf),
}

impl Source {
    /// The data set, in memory.
    ///
    /// # Errors
    /// Errors of the readers, naming the file.
    pub fn open(&self) -> Result<Dataset> {
        match self {
            &Self::Drawn { seed, train, test } => draw(seed, train, test),
            Self::Folder(path) => super::cifar::open(path),
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
        classes: drawn::CLASSES.iter().map(|&name| name.to_owned()).collect(),
        train: split(0, train)?,
        test: split(1, test)?,
        warnings: Vec::new(),
    })
}
