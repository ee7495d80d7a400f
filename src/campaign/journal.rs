//! The journal: a line that says what is attacked and how, then a line an image, only ever appended to.

use super::{ImageResult, Shard};
use crate::attacks::AutoAttackConfig;
use crate::io::atomic;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes that a line may have.
const LONGEST: u64 = 16 << 20;

/// What a campaign's images have in common: the journal's first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// What its results depend on besides what stands here: model, images, device, as its maker names them.
    pub attack: Value,
    /// The attacks. The size of a block, on which nothing depends, is 1 here.
    pub config: AutoAttackConfig,
    /// Seed of the starts and squares.
    pub seed: u64,
    /// Fresh draws that resulting images are looked at with.
    pub redraws: u16,
    /// Rounds of the bisection for the smallest radius; 0 if it is not looked for.
    pub bisections: u16,
    /// Number of images of all shards together.
    pub images: usize,
    /// Classes of the classifier.
    pub classes: usize,
    /// Whether it is random.
    pub random: bool,
    /// Which of the images are attacked here, if not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

impl Header {
    /// Refuses settings that no attack can have.
    ///
    /// # Errors
    /// [`Error::Argument`] naming the first.
    pub fn check(&self) -> Result<()> {
        self.config.check(self.classes)
    }

    /// The same for all shards together.
    pub fn of_all(&self) -> Self {
        Self {
            shard: None,
            ..self.clone()
        }
    }

    /// Positions of the images that are attacked here.
    pub fn positions(&self) -> impl Iterator<Item = usize> {
        self.shard.unwrap_or(Shard::WHOLE).positions(self.images)
    }

    /// What `found` has otherwise, in words; nothing if it is the same.
    fn difference(&self, found: &Self) -> Option<String> {
        if self == found {
            return None;
        }
        let others = match (&self.attack, &found.attack) {
            (Value::Object(attack), Value::Object(of_found)) => {
                let keys: BTreeSet<&String> = attack.keys().chain(of_found.keys()).collect();
                let differ = keys
                    .into_iter()
                    .filter(|&key| attack.get(key) != of_found.get(key));
                differ.map(String::as_str).collect::<Vec<_>>()
            }
            (attack, of_found) if attack != of_found => vec!["what is attacked"],
            _ => Vec::new(),
        };
        let parts = [
            (self.seed != found.seed, "seed"),
            (self.config != found.config, "settings of the attacks"),
            (self.images != found.images, "number of images"),
            (self.shard != found.shard, "shard"),
            (
                (self.redraws, self.bisections) != (found.redraws, found.bisections),
                "settings of the scores",
            ),
            (
                (self.classes, self.random) != (found.classes, found.random),
                "classifier",
            ),
        ];
        let names = parts
            .into_iter()
            .filter_map(|(differs, name)| differs.then_some(name));
        let all: Vec<&str> = others.into_iter().chain(names).collect();
        Some(format!(
            "that of another one, which differs in: {}",
            all.join(", ")
        ))
    }
}

/// A journal that is being written. Only one process may have it open: its folder is locked, see [`Files`](super::Files).
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal at `path` and reads what is there, or makes it. A line that a killed process left half written is
    /// removed.
    ///
    /// # Errors
    /// [`Error::Format`] if the journal is that of another campaign, or a line is none of it; [`Error::Io`] if it cannot be read or
    /// written.
    pub fn open(path: &Path, header: &Header) -> Result<(Self, Vec<ImageResult>)> {
        let told = |source| Error::io(path, "open the journal", source);
        if !path.exists() {
            let mut line = line_of(header)?;
            line.push('\n');
            atomic::write(path, line.as_bytes())?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(told)?;
        let found = read(path)?;
        if let Some(difference) = header.difference(&found.header) {
            let advice = "choose another folder, or delete this one";
            return Err(Error::format(
                path,
                "the journal of this attack",
                difference,
                advice,
            ));
        }
        file.set_len(found.length).map_err(told)?;
        let mut journal = Self {
            path: path.to_owned(),
            file,
        };
        journal.file.seek(SeekFrom::End(0)).map_err(told)?;
        Ok((journal, found.results))
    }

    /// The journal at `path` as far as it goes.
    ///
    /// # Errors
    /// [`Error::Format`] if it is none; [`Error::Io`] if it cannot be read.
    pub fn read(path: &Path) -> Result<(Header, Vec<ImageResult>)> {
        read(path).map(|found| (found.header, found.results))
    }

    /// Adds the lines of `results` and waits until they are on disk.
    pub(super) fn append(&mut self, results: &[ImageResult]) -> Result<()> {
        let mut text = String::new();
        for result in results {
            text.push_str(&line_of(result)?);
            text.push('\n');
        }
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data());
        written.map_err(|source| Error::io(&self.path, "add to the journal", source))
    }
}

/// A whole journal, as text: that of a campaign which is told to have found `results`.
pub(super) fn text(header: &Header, results: &[ImageResult]) -> Result<String> {
    let mut text = line_of(header)? + "\n";
    for result in results {
        text.push_str(&line_of(result)?);
        text.push('\n');
    }
    Ok(text)
}

fn line_of(what: &impl Serialize) -> Result<String> {
    serde_json::to_string(what).map_err(|error| Error::argument("Journal", "line", "finite numbers", error))
}

/// What stands in a journal, and the bytes of its whole lines.
struct Found {
    header: Header,
    results: Vec<ImageResult>,
    length: u64,
}

fn read(path: &Path) -> Result<Found> {
    let refuse = |line: usize, found: String| {
        let advice = "delete the folder to begin again";
        Error::format(
            path,
            format!("the journal of an attack in line {line}"),
            found,
            advice,
        )
    };
    let file = File::open(path).map_err(|source| Error::io(path, "read the journal", source))?;
    let mut lines = Lines {
        reader: BufReader::new(file),
        length: 0,
    };
    let failed = |source| Error::io(path, "read the journal", source);
    let first = lines
        .next()
        .map_err(failed)?
        .ok_or_else(|| refuse(1, "nothing".into()))?;
    let header: Header = serde_json::from_slice(&first).map_err(|error| refuse(1, error.to_string()))?;
    let mut results = Vec::new();
    let mut positions = header.positions();
    while let Some(line) = lines.next().map_err(failed)? {
        let number = results.len() + 2;
        let result: ImageResult =
            serde_json::from_slice(&line).map_err(|error| refuse(number, error.to_string()))?;
        if positions.next() != Some(result.position) {
            return Err(refuse(
                number,
                format!("the image at position {}, out of order", result.position),
            ));
        }
        results.push(result);
    }
    drop(positions);
    Ok(Found {
        header,
        results,
        length: lines.length,
    })
}

/// Whole lines of a file.
struct Lines {
    reader: BufReader<File>,
    /// Bytes of those that were read.
    length: u64,
}

impl Lines {
    /// The next line; nothing at the end, or if only a part of one is left.
    fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = std::io::Read::take(&mut self.reader, LONGEST).read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(None);
        }
        self.length += read as u64;
        Ok(Some(line))
    }
}
