//! The file of a tape: a line that says whose it is, then records.
//!
//! A record is the question's hash (32 bytes), the length of the answer (u64), the answer, and the first 16 bytes of the
//! SHA-256 of all these. A record that is cut or damaged is the end.

use super::failed;
use super::question::Question;
use crate::Result;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const CHECKSUM: usize = 16;
const HEAD: usize = Question::LENGTH + 8;
/// Bytes that wait to be written at most.
const MOST_PENDING: usize = 32 << 20;

/// The file, and where in it one is.
#[derive(Debug)]
pub(super) struct TapeFile {
    path: PathBuf,
    file: File,
    /// Bytes of the line at its beginning.
    first: u64,
    /// Bytes of the file that were answered from or written.
    position: u64,
    /// Where the record that was read last begins.
    last: u64,
    /// The records from there on; nothing once one of them did not fit.
    records: Option<BufReader<File>>,
    pending: Vec<u8>,
    interval: Duration,
    written: Instant,
}

impl TapeFile {
    pub(super) fn open(path: &Path, identity: &str, interval: Duration) -> Result<Self> {
        let told = |error| failed(path, error);
        let line = header(identity);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(told)?;
        let mut records = BufReader::new(File::open(path).map_err(told)?);
        let mut found = Vec::new();
        let limit = line.len() as u64;
        Read::take(&mut records, limit)
            .read_until(b'\n', &mut found)
            .map_err(told)?;
        let same = found == line.as_bytes();
        if !same {
            file.set_len(0).map_err(told)?;
            file.write_all(line.as_bytes()).map_err(told)?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            first: limit,
            position: limit,
            last: limit,
            records: same.then_some(records),
            pending: Vec::new(),
            interval,
            written: Instant::now(),
        })
    }

    /// The answer to `question` if it is the next on the tape; else the tape ends here.
    pub(super) fn next(&mut self, question: &[u8; Question::LENGTH]) -> Result<Option<Vec<u8>>> {
        let Some(records) = &mut self.records else {
            return Ok(None);
        };
        let length = self
            .file
            .metadata()
            .map_err(|error| failed(&self.path, error))?
            .len();
        let left = length.saturating_sub(self.position);
        let answer = read_record(records, question, left).map_err(|error| failed(&self.path, error))?;
        match &answer {
            Some(answer) => {
                self.last = self.position;
                self.position += (HEAD + answer.len() + CHECKSUM) as u64;
            }
            None => self.end_here()?,
        }
        Ok(answer)
    }

    /// From here on is recorded.
    fn end_here(&mut self) -> Result<()> {
        self.records = None;
        self.written = Instant::now();
        let at = self.position;
        let cut = self
            .file
            .set_len(at)
            .and_then(|()| self.file.seek(SeekFrom::Start(at)));
        cut.map(|_| ()).map_err(|error| failed(&self.path, error))
    }

    pub(super) fn append(&mut self, question: &[u8; Question::LENGTH], answer: &[u8]) -> Result<()> {
        if self.records.is_some() {
            // The record that was read last is no answer to its question.
            self.position = self.last;
            self.end_here()?;
        }
        let length = (answer.len() as u64).to_le_bytes();
        self.pending.extend_from_slice(question);
        self.pending.extend_from_slice(&length);
        self.pending.extend_from_slice(answer);
        self.pending
            .extend_from_slice(&checksum(question, &length, answer));
        let due = self.written.elapsed() >= self.interval;
        if due || self.pending.len() > MOST_PENDING {
            self.flush()?;
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.written = Instant::now();
        if self.pending.is_empty() {
            return Ok(());
        }
        let written = self
            .file
            .seek(SeekFrom::Start(self.position))
            .and_then(|_| self.file.write_all(&self.pending));
        written.map_err(|error| failed(&self.path, error))?;
        self.position += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    pub(super) fn clear(&mut self) -> Result<()> {
        self.pending.clear();
        self.position = self.first;
        self.end_here()
    }
}

/// The line at the beginning. Numbers are kept as this machine has them.
fn header(identity: &str) -> String {
    let order = if cfg!(target_endian = "big") {
        "big"
    } else {
        "little"
    };
    let hash: String = Sha256::digest(identity.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(
        "crossmax answers {} {order}-endian {hash}\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// The next record's answer, if its question is `question` and it is whole; `left` bytes are left.
fn read_record(
    records: &mut BufReader<File>,
    question: &[u8; Question::LENGTH],
    left: u64,
) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = [0; HEAD];
    if left < (HEAD + CHECKSUM) as u64 {
        return Ok(None);
    }
    records.read_exact(&mut head)?;
    let (found, length) = head.split_at(Question::LENGTH);
    let bytes = length
        .iter()
        .rev()
        .fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
    if found != question || bytes > left - (HEAD + CHECKSUM) as u64 {
        return Ok(None);
    }
    let Ok(bytes) = usize::try_from(bytes) else {
        return Ok(None);
    };
    let mut answer = vec![0; bytes];
    records.read_exact(&mut answer)?;
    let mut sum = [0; CHECKSUM];
    records.read_exact(&mut sum)?;
    Ok((sum == checksum(found, length, &answer)).then_some(answer))
}

fn checksum(question: &[u8], length: &[u8], answer: &[u8]) -> [u8; CHECKSUM] {
    let mut hash = Sha256::new();
    hash.update(question);
    hash.update(length);
    hash.update(answer);
    let mut sum = [0; CHECKSUM];
    sum.iter_mut()
        .zip(hash.finalize())
        .for_each(|(to, from)| *to = from);
    sum
}
