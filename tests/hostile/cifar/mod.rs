//! CIFAR in its published forms.

mod archives;
mod binary;
mod python;
mod samples;

use super::table::answer;
use super::{Checked, Table};
use crossmax::data::{Dataset, Source};
use std::path::Path;

/// Pixels are kept once, as bytes, beside the file that is read.
const MULTIPLE: usize = 3;

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    for part in [binary::rows, python::rows, archives::rows] {
        part(folder, table)?;
    }
    Ok(())
}

fn open(path: &Path) -> crossmax::Result<Dataset> {
    Source::Path(path.into()).open()
}

/// The inputs of one form: each is the one file that is changed, of those at `path`.
struct Inputs<'a> {
    reader: &'static str,
    folder: &'a Path,
    /// What is opened, and the file that is changed.
    path: &'a Path,
    file: &'a Path,
    multiple: usize,
}

impl Inputs<'_> {
    fn refuse(&self, table: &mut Table, input: &str, bytes: &[u8]) -> Checked {
        std::fs::write(self.file, bytes)?;
        table.refuse(
            (self.reader, input),
            (self.folder, self.path),
            self.multiple,
            open,
        )
    }

    /// The whole file must be accepted, the file cut at every one of `cuts` refused; the last is the row.
    fn refuse_cuts(
        &self,
        table: &mut Table,
        input: &str,
        whole: &[u8],
        cuts: impl Iterator<Item = usize>,
    ) -> Checked {
        std::fs::write(self.file, whole)?;
        open(self.path).map_err(|error| format!("{input}, not cut: {error}"))?;
        let mut last = 0;
        for cut in cuts {
            std::fs::write(self.file, &whole[..cut])?;
            let input = format!("{input}, {cut} bytes");
            answer(
                (self.reader, &input),
                (self.folder, self.path),
                self.multiple,
                open,
            )?;
            last = cut;
        }
        self.refuse(table, input, &whole[..last])
    }
}
