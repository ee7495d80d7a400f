//! A tape of a classifier's answers, so that a search that was cut short is gone through again without asking.

mod file;
mod question;

use super::oracle::Appraisal;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use file::TapeFile;
pub(super) use question::Question;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What an [`Oracle`](super::Oracle) was asked, and what it answered, in a file.
///
/// Searches are deterministic: played again they ask the same questions in the same order. An oracle that is
/// [`recorded_on`](super::Oracle::recorded_on) a tape takes the answers from it as long as the questions are those of the tape,
/// and from the first other question on, or from its end, asks the classifier and records. A question counts as the same
/// only if the SHA-256 of everything it depends on is: images, labels, draws, loss. So a tape of another attack, or one
/// that was damaged, gives no wrong answers; it gives none.
///
/// The file is written from time to time while questions are answered, which bounds what a killed process loses, and by
/// [`Tape::flush`]. It belongs to the classifier it was made with: `identity` must name its weights.
#[derive(Debug)]
pub struct Tape {
    file: Mutex<TapeFile>,
}

impl Tape {
    /// Time between two writes that suits most.
    pub const INTERVAL: Duration = Duration::from_secs(10);

    /// The tape in the file at `path`, at its beginning, written every `interval`. A new one if there is no file, or one of another
    /// `identity`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read or written.
    pub fn open(path: &Path, identity: &str, interval: Duration) -> Result<Self> {
        Ok(Self {
            file: Mutex::new(TapeFile::open(path, identity, interval)?),
        })
    }

    /// Forgets all answers: what they were for is kept elsewhere.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn clear(&self) -> Result<()> {
        self.locked(TapeFile::clear)
    }

    /// Writes what is not written yet.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn flush(&self) -> Result<()> {
        self.locked(TapeFile::flush)
    }

    /// The answer to `question`: that of the tape, as `decode` reads it (nothing if it cannot), else that of `ask`, which goes
    /// onto the tape as `encode` writes it.
    pub(super) fn answer<R>(
        &self,
        question: Question,
        decode: impl FnOnce(&[u8]) -> Result<Option<R>>,
        encode: impl FnOnce(&R) -> Result<Vec<u8>>,
        ask: impl FnOnce() -> Result<R>,
    ) -> Result<R> {
        let question = question.finish();
        // The lock is not held while the classifier is asked: its threads may come here with questions of their own.
        if let Some(known) = self.locked(|file| file.next(&question))?
            && let Some(answer) = decode(&known)?
        {
            return Ok(answer);
        }
        let answer = ask()?;
        let bytes = encode(&answer)?;
        self.locked(|file| file.append(&question, &bytes))?;
        Ok(answer)
    }

    fn locked<R>(&self, f: impl FnOnce(&mut TapeFile) -> Result<R>) -> Result<R> {
        f(&mut self.file.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The numbers of a tensor as the tape keeps them.
pub(super) fn encode_tensor<T: Element>(tensor: &Tensor<T>) -> Result<Vec<u8>> {
    let here = tensor.to_host()?;
    Ok(bytemuck::cast_slice(here.host("Tape")?).to_vec())
}

/// The tensor of `dims` that `bytes` are, beside `images`; nothing if they are not so many.
pub(super) fn decode_tensor<T: Element>(
    bytes: &[u8],
    dims: &[usize],
    images: &Tensor<T>,
) -> Result<Option<Tensor<T>>> {
    let count: usize = dims.iter().product();
    if bytes.len() != count * size_of::<T>() {
        return Ok(None);
    }
    let values: Vec<T> = bytemuck::pod_collect_to_vec(bytes);
    Tensor::from_slice(dims, &values)?.beside(images).map(Some)
}

impl<T: Element> Appraisal<T> {
    /// As the tape keeps it: losses, predictions, counts, gradient.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for losses in [&self.mean_loss, &self.last_loss] {
            bytes.extend_from_slice(bytemuck::cast_slice(losses));
        }
        for &class in &self.last_prediction {
            bytes.extend_from_slice(&(class as u64).to_ne_bytes());
        }
        for &wrong in &self.wrong_draws {
            bytes.extend_from_slice(&wrong.to_ne_bytes());
        }
        bytes.extend_from_slice(&encode_tensor(&self.gradient)?);
        Ok(bytes)
    }

    /// That of `images` over `draws` draws which `bytes` are; nothing if they are none.
    pub(super) fn decode(bytes: &[u8], images: &Tensor<T>, draws: u16) -> Result<Option<Self>> {
        let n = images.shape().axis(0);
        let mut rest = bytes;
        let mut take = |length: usize| {
            let (part, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(part)
        };
        let parts = (|| {
            let mean_loss = take(n * size_of::<T>())?;
            let last_loss = take(n * size_of::<T>())?;
            let classes = take(n * 8)?;
            Some((mean_loss, last_loss, classes, take(n * 2)?))
        })();
        let Some((mean_loss, last_loss, classes, wrong)) = parts else {
            return Ok(None);
        };
        let classes: Vec<u64> = bytemuck::pod_collect_to_vec(classes);
        let gradient = decode_tensor(rest, images.dims(), images)?;
        Ok(gradient.map(|gradient| Self {
            gradient,
            mean_loss: bytemuck::pod_collect_to_vec(mean_loss),
            last_loss: bytemuck::pod_collect_to_vec(last_loss),
            last_prediction: classes.into_iter().map(|class| class as usize).collect(),
            wrong_draws: bytemuck::pod_collect_to_vec(wrong),
            draws,
        }))
    }
}

/// What is told of a file that cannot be written.
fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::io(path, "record the classifier's answers", source)
}
