//! The table of answers.

use super::{Checked, memory};
use std::fmt::Write;
use std::path::Path;

/// Memory that any reader may take beside the multiple of its file: decoders' and readers' buffers.
const ALLOWANCE: usize = 64 << 20;
/// Characters that a line may have at most.
const LONGEST: usize = 400;
/// Between these lines of the file stands the table.
const MARKS: [&str; 2] = [
    "<!-- hostile inputs: begin -->\n",
    "<!-- hostile inputs: end -->\n",
];

/// An input and the answer to it.
pub struct Row {
    reader: String,
    input: String,
    multiple: usize,
    answer: String,
}

/// All rows so far.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds the row of an `input` that was made at `path`, by opening it: `open` must fail, with one
    /// line that names a path inside `folder` (written `…` in the table), and with memory of at most
    /// `multiple` times the size of the file (or of all files in the folder) and 64 MiB.
    pub fn refuse<T>(
        &mut self,
        (reader, input): (&str, &str),
        (folder, path): (&Path, &Path),
        multiple: usize,
        open: impl FnOnce(&Path) -> crossmax::Result<T>,
    ) -> Checked {
        let answer = answer((reader, input), (folder, path), multiple, open)?;
        self.rows.push(Row {
            reader: reader.into(),
            input: input.into(),
            multiple,
            answer,
        });
        Ok(())
    }

    /// Compares with the table in `tests/README.md`, or writes it there if `CROSSMAX_BLESS` is set.
    pub fn compare_with_file(&self) -> Checked {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/README.md");
        let text = std::fs::read_to_string(&path)?;
        let (before, rest) = text
            .split_once(MARKS[0])
            .ok_or("the table's first mark is missing")?;
        let (found, after) = rest
            .split_once(MARKS[1])
            .ok_or("the table's last mark is missing")?;
        let expected = self.markdown()?;
        if found == expected {
            return Ok(());
        }
        if std::env::var_os("CROSSMAX_BLESS").is_some() {
            std::fs::write(path, [before, MARKS[0], &expected, MARKS[1], after].concat())?;
            return Ok(());
        }
        let line = found.lines().zip(expected.lines()).find(|(a, b)| a != b);
        let (old, new) = line.unwrap_or(("(another number of rows)", "(another number of rows)"));
        Err(format!("tests/README.md has\n{old}\nwhere the reader answers\n{new}").into())
    }

    fn markdown(&self) -> Checked<String> {
        let mut text = String::from("| reader | input | memory | answer |\n| --- | --- | --- | --- |\n");
        for row in &self.rows {
            let answer = row.answer.replace('|', "\\|");
            // Text with backquotes stands between two of them.
            let quote = if answer.contains('`') { "``" } else { "`" };
            writeln!(
                text,
                "| {} | {} | {} × | {quote}{answer}{quote} |",
                row.reader, row.input, row.multiple
            )?;
        }
        Ok(text)
    }
}

/// What [`Table::refuse`] checks, without a row: the answer as it would stand there. For inputs of
/// which only one is shown.
pub fn answer<T>(
    (reader, input): (&str, &str),
    (folder, path): (&Path, &Path),
    multiple: usize,
    open: impl FnOnce(&Path) -> crossmax::Result<T>,
) -> Checked<String> {
    let bytes = size(path)? as usize;
    let (outcome, peak) = memory::peak(|| open(path).err());
    let error = outcome.ok_or_else(|| format!("{reader}, {input}: was accepted"))?;
    let message = error.to_string();
    let place = folder.display().to_string();
    let named = matches!(error.exit_code(), 1) && message.contains(&place);
    if message.contains('\n') || !named || message.chars().count() > LONGEST {
        let beginning: String = message.chars().take(LONGEST).collect();
        return Err(format!("{reader}, {input}: not one line that names the file: {beginning}").into());
    }
    let most = multiple * bytes + ALLOWANCE;
    if peak > most {
        return Err(format!("{reader}, {input}: took {peak} bytes for a file of {bytes}").into());
    }
    Ok(message.replace(&format!("{place}/"), "…/").replace(&place, "…"))
}

/// Bytes of a file, or of all files in a folder.
fn size(path: &Path) -> Checked<u64> {
    if !path.is_dir() {
        return Ok(std::fs::metadata(path).map_or(0, |file| file.len()));
    }
    let mut sum = 0;
    for entry in std::fs::read_dir(path)? {
        sum += size(&entry?.path())?;
    }
    Ok(sum)
}
