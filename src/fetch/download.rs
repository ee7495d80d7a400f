//! Downloading one file: attempts, going on after a break, checks.

use super::check::{State, file_state};
use super::http::{self, Answer, Failure};
use super::part::{Origin, Part, interrupted};
use super::{KnownFile, Options, Watcher, lock};
use crate::io::atomic;
use crate::{Error, Result};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes read at once.
const CHUNK: usize = 1 << 16;
/// An attempt that brought so many bytes counts as none that failed.
const PROGRESS: u64 = 1 << 20;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Time between two looks at whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How an attempt ended that brought no file.
enum Ended {
    /// The server or the network failed.
    Remote(Failure),
    /// Something here did, or the person stopped it.
    Here(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Here(error)
    }
}

fn passing<T>(reason: impl Into<String>) -> Result<T, Ended> {
    Err(Ended::Remote(Failure::Passing(reason.into())))
}

fn lasting<T>(reason: impl Into<String>) -> Result<T, Ended> {
    Err(Ended::Remote(Failure::Lasting(reason.into())))
}

/// Brings `file` to `target`.
pub(super) fn download(
    file: &KnownFile,
    target: &Path,
    options: &Options,
    watcher: &dyn Watcher,
) -> Result<()> {
    if let Some(folder) = target.parent() {
        atomic::create_folder(folder)?;
    }
    let _lock = lock::wait(&with_ending(target, ".lock"), watcher)?;
    // Another process may have brought it in the meantime.
    if file_state(file, target)? == State::Whole {
        return Ok(());
    }
    let mut failed = Err(Error::argument("fetch", "urls", "an address at least", "none"));
    for url in options.urls(file) {
        watcher.line(&format!("fetching {url} ({}) to {}", file.size, target.display()));
        let download = Download {
            file,
            target,
            options,
            watcher,
            url,
        };
        watcher.begin(file.name(), file.size.most);
        let ended = download.run();
        match ended {
            Err(Error::Fetch { url, reason, advice }) => {
                watcher.line(&format!("{url}: {reason}"));
                failed = Err(Error::Fetch { url, reason, advice });
            }
            other => return other,
        }
    }
    failed
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// A download from one address.
struct Download<'a> {
    file: &'a KnownFile,
    target: &'a Path,
    options: &'a Options,
    watcher: &'a dyn Watcher,
    url: String,
}

impl Download<'_> {
    fn run(&self) -> Result<()> {
        let mut part = Part::open(self.target)?;
        // Bytes of an earlier download may belong to another version: then it is worth to begin again, once.
        let mut may_mix = part.len() > 0;
        let mut failures = 0;
        loop {
            self.check_stop()?;
            let before = part.len();
            match self.attempt(&mut part) {
                Ok(()) => match file_state(self.file, part.path())? {
                    State::Whole => {
                        part.publish(self.target)?;
                        self.watcher.end();
                        return Ok(());
                    }
                    state => {
                        part.clear()?;
                        if !may_mix {
                            return self.refuse(mismatch(&state));
                        }
                        may_mix = false;
                        self.watcher
                            .line(&format!("{}: {}; beginning again", self.url, mismatch(&state)));
                    }
                },
                Err(Ended::Here(error)) => return Err(error),
                Err(Ended::Remote(Failure::Lasting(reason))) => return self.refuse(reason),
                Err(Ended::Remote(Failure::Passing(reason))) => {
                    may_mix |= part.len() > 0;
                    if part.len() >= before.saturating_add(PROGRESS) {
                        failures = 0;
                    }
                    failures += 1;
                    if failures >= self.options.patience.attempts {
                        return self.refuse(format!("{reason} ({failures} attempts)"));
                    }
                    let bytes = part.len();
                    self.watcher
                        .line(&format!("{}: {reason}; trying again from byte {bytes}", self.url));
                    self.pause(failures)?;
                }
            }
        }
    }

    /// Asks the server once and takes what it sends; Ok if the file seems complete.
    fn attempt(&self, part: &mut Part) -> Result<(), Ended> {
        let size = self.file.size;
        if part.len() > size.most {
            part.clear()?;
        }
        if part.len() == size.most {
            return Ok(());
        }
        let patience = &self.options.patience;
        let etag = part.etag(&self.url).map(str::to_owned);
        let answer = http::get(&self.url, part.len(), etag.as_deref(), patience).map_err(Ended::Remote)?;
        match answer.status {
            200 if part.len() > 0 => part.clear()?,
            200 => {}
            206 => self.check_range(&answer, etag.as_deref(), part)?,
            416 => {
                // The length is not the server's, or only the end was missing and is not to be had.
                let is_complete = size.contains(part.len());
                if is_complete {
                    return Ok(());
                }
                part.clear()?;
                return passing("the server has no such part of the file");
            }
            status @ (408 | 429 | 500..) => return passing(format!("the server answers {status}")),
            status => return lasting(format!("the server answers {status}")),
        }
        if let Some(announced) = answer.announced {
            let whole = part.len().saturating_add(announced);
            if !size.contains(whole) {
                return lasting(format!("the server announces {whole} bytes, expected {size}"));
            }
        }
        let url = self.url.clone();
        let etag = answer.etag.clone();
        part.set_origin(Origin { url, etag })?;
        self.receive(answer, part)
    }

    /// Whether the part that comes is the one that was asked for, of the same version of the file.
    fn check_range(&self, answer: &Answer, etag: Option<&str>, part: &mut Part) -> Result<(), Ended> {
        let is_same = etag.is_none() || answer.etag.is_none() || etag == answer.etag.as_deref();
        let fits = |(first, whole): (u64, Option<u64>)| {
            first == part.len() && whole.is_none_or(|whole| self.file.size.contains(whole))
        };
        if part.len() > 0 && is_same && answer.range.is_some_and(fits) {
            return Ok(());
        }
        part.clear()?;
        passing("the server sends another part than the one asked for")
    }

    fn receive(&self, mut answer: Answer, part: &mut Part) -> Result<(), Ended> {
        let size = self.file.size;
        let mut chunk = vec![0; CHUNK];
        loop {
            self.check_stop()?;
            let bytes = match answer.body.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => chunk.get(..read).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    return passing(format!(
                        "the connection broke after {} bytes: {error}",
                        part.len()
                    ));
                }
            };
            if part.len().saturating_add(bytes.len() as u64) > size.most {
                part.clear()?;
                return lasting(format!("the server sends more than {size}"));
            }
            part.append(bytes)?;
            self.watcher.advance(part.len());
        }
        if part.len() < size.least {
            return passing(format!("the connection ended after {} of {size}", part.len()));
        }
        Ok(())
    }

    fn check_stop(&self) -> Result<()> {
        match self.watcher.should_stop() {
            true => Err(interrupted()),
            false => Ok(()),
        }
    }

    /// Waits before the next attempt, twice as long after each failure.
    fn pause(&self, failures: u32) -> Result<()> {
        let doublings = failures.saturating_sub(1).min(16);
        let pause = self.options.patience.pause.saturating_mul(1 << doublings);
        let begun = Instant::now();
        while begun.elapsed() < pause.min(LONGEST_PAUSE) {
            self.check_stop()?;
            std::thread::sleep(LOOK.min(pause));
        }
        Ok(())
    }

    fn refuse(&self, reason: String) -> Result<()> {
        let target = self.target.display();
        Err(Error::Fetch {
            url: self.url.clone(),
            reason,
            advice: format!("download it by hand and put it at {target}, or name a mirror (--mirror URL)"),
        })
    }
}

/// What is wrong with a file that came whole.
fn mismatch(state: &State) -> String {
    match state {
        State::Wrong { expected, found } => {
            format!("what came is not the file: expected {expected}, found {found}")
        }
        _ => "what came is gone".to_owned(),
    }
}
