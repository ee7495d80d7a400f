//! The table of what the reference and both modes found.

use super::verdicts::Verdicts;
use std::fmt::Write;
use std::path::Path;

/// Between these lines of the file stands the table.
const MARKS: [&str; 2] = [
    "<!-- golden verdicts: begin -->\n",
    "<!-- golden verdicts: end -->\n",
];
/// The file, in the package.
const FILE: &str = "tests/reference/golden.md";

/// What was found in one case.
pub struct Row {
    pub case: String,
    pub reference: Verdicts,
    pub compat: Verdicts,
    pub default: Verdicts,
    /// Images on which the reference contradicts itself.
    pub unsettled: Vec<usize>,
    /// Images on which the reference says something else if it counts what rounding leaves; for L1.
    pub residues: Vec<usize>,
}

/// All rows as Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| case | reference | compat mode | default mode | float32 differs | residues differ | compat differs |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let differing = row.reference.differing(&row.compat.robust);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            row.case,
            counts(&row.reference),
            counts(&row.compat),
            counts(&row.default),
            list(&row.unsettled),
            list(&row.residues),
            list(&differing),
        );
    }
    text
}

/// How many images are right after attack after attack.
fn counts(verdicts: &Verdicts) -> String {
    let counts: Vec<String> = verdicts.counts().iter().map(usize::to_string).collect();
    counts.join(" → ")
}

fn list(images: &[usize]) -> String {
    let images: Vec<String> = images.iter().map(usize::to_string).collect();
    images.join(", ")
}

/// Compares with the table in the file, or writes it there if `CROSSMAX_BLESS` is set.
pub fn compare_with_file(expected: &str) -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let text = std::fs::read_to_string(&path)?;
    let parts = text
        .split_once(MARKS[0])
        .and_then(|(before, rest)| Some((before, rest.split_once(MARKS[1])?)));
    let Some((before, (found, after))) = parts else {
        panic!("the marks of the table are missing in {FILE}");
    };
    if std::env::var_os("CROSSMAX_BLESS").is_some() {
        return std::fs::write(path, [before, MARKS[0], expected, MARKS[1], after].concat());
    }
    assert_eq!(found, expected, "the table in {FILE} is out of date");
    Ok(())
}
