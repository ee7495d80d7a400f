//! Folders in the published layouts of CIFAR, with pictures so plain that a few steps teach them.

use super::Checked;
use crossmax::tensor::{Counter, Philox, Purpose};
use std::path::Path;

const SIDE: usize = 32;
/// Kinds of pictures: stripes in either direction in each of three colours.
const KINDS: usize = 6;
/// Width of a stripe in pixels.
const STRIPE: usize = 4;

/// One published layout.
#[derive(Clone, Copy)]
pub enum Layout {
    /// Five training files, one label byte.
    Cifar10,
    /// One training file, a coarse and a fine label.
    Cifar100,
}

impl Layout {
    /// The label of pictures of this kind.
    pub fn label(self, kind: usize) -> usize {
        match self {
            Self::Cifar10 => kind + 3,
            Self::Cifar100 => 16 * kind + 5,
        }
    }

    fn label_bytes(self, kind: usize) -> Vec<u8> {
        let label = self.label(kind) as u8;
        match self {
            Self::Cifar10 => vec![label],
            Self::Cifar100 => vec![kind as u8, label],
        }
    }

    /// Writes `train` and `test` pictures to `folder`.
    pub fn write(self, folder: &Path, train: usize, test: usize) -> Checked {
        std::fs::create_dir_all(folder)?;
        let records =
            |images: std::ops::Range<usize>| -> Vec<u8> { images.flat_map(|i| self.record(i)).collect() };
        let (training_files, test_file, names, classes) = match self {
            Self::Cifar10 => (5, "test_batch.bin", "batches.meta.txt", 10),
            Self::Cifar100 => (1, "test.bin", "fine_label_names.txt", 100),
        };
        for file in 0..training_files {
            let name = match self {
                Self::Cifar10 => format!("data_batch_{}.bin", file + 1),
                Self::Cifar100 => "train.bin".to_owned(),
            };
            let images = file * train / training_files..(file + 1) * train / training_files;
            std::fs::write(folder.join(name), records(images))?;
        }
        std::fs::write(folder.join(test_file), records(train..train + test))?;
        let names_of_all: String = (0..classes).map(|class| format!("class_{class}\n")).collect();
        std::fs::write(folder.join(names), names_of_all)?;
        Ok(())
    }

    /// Label bytes and planes of image `id`: its stripes in its colour, and noise everywhere.
    fn record(self, id: usize) -> Vec<u8> {
        let kind = id % KINDS;
        let (channel, horizontal) = (kind / 2, kind.is_multiple_of(2));
        let at = Counter {
            image: id as u32,
            ..Counter::default()
        };
        let noise: Vec<f32> = Philox::new(0, Purpose::Test).uniform(at, 3 * SIDE * SIDE);
        let pixel = |i: usize| {
            let (c, row, column) = (i / (SIDE * SIDE), i / SIDE % SIDE, i % SIDE);
            let across = if horizontal { row } else { column };
            let bright = c == channel && (across / STRIPE).is_multiple_of(2);
            (if bright { 170.0 } else { 20.0 } + 60.0 * noise[i]) as u8
        };
        let mut record = self.label_bytes(kind);
        record.extend((0..3 * SIDE * SIDE).map(pixel));
        record
    }
}
