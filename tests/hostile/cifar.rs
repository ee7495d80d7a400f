//! CIFAR in its published layouts.

use super::{Checked, Table};
use crossmax::data::Source;
use std::path::Path;

/// Pixels are kept once, as bytes, beside the record that is read.
const MULTIPLE: usize = 3;

pub fn rows(folder: &Path, table: &mut Table) -> Checked {
    let open = |path: &Path| Source::Path(path.into()).open();
    let set = folder.join("cifar-100-binary");
    std::fs::create_dir(&set)?;
    let record = vec![0; 3074];
    std::fs::write(set.join("test.bin"), &record)?;
    for (input, bytes) in [
        ("empty file", Vec::new()),
        ("a byte short of a record", record[1..].to_vec()),
        (
            "label out of range",
            [vec![0, 100], record[2..].to_vec()].concat(),
        ),
    ] {
        std::fs::write(set.join("train.bin"), bytes)?;
        table.refuse(("CIFAR binary", input), (folder, &set), MULTIPLE, open)?;
    }
    Ok(())
}
