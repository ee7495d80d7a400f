//! What each reader answers to files that are broken or made to harm: one line that names the file,
//! what was expected, what was found and what to do, with bounded memory and no panic.
//!
//! The answers are a table, `tests/README.md`. Each part makes its inputs anew, opens them, and gives
//! one row an input; the table in the file must be exactly those rows. After a deliberate change
//! `CROSSMAX_BLESS=1 cargo test --test hostile` writes it anew.

mod arrays;
mod cifar;
mod configuration;
mod folders;
mod memory;
mod mnist;
mod pictures;
mod pytorch;
mod runs;
mod samples;
mod table;
mod weights;

use table::Table;

/// Result of a test and of its helpers.
type Checked<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The inputs of one reader: makes them in the folder and adds a row for each.
type Part = fn(&std::path::Path, &mut Table) -> Checked;

const PARTS: [Part; 9] = [
    cifar::rows,
    mnist::rows,
    folders::rows,
    arrays::rows,
    pictures::rows,
    weights::rows,
    pytorch::rows,
    configuration::rows,
    runs::rows,
];

/// One test, so that the memory of one input is not counted to another's.
#[test]
fn every_hostile_input_has_its_answer() -> Checked {
    let mut table = Table::default();
    for part in PARTS {
        let folder = tempfile::tempdir()?;
        part(folder.path(), &mut table)?;
    }
    table.compare_with_file()
}
