//! The directory of a run, and what is done in it.

use super::training::EpochMetrics;
use crate::io::{FolderLock, atomic};
use crate::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A run's directory. Whatever is in it is whole: every file is written atomically, and a stage
/// that has left its record is never done again.
///
/// A run that is worked on ([`RunDir::create`], [`RunDir::resume`]) is locked against every other process,
/// by a lock of the operating system on the file `run.lock`: it ends with the process, however that ends.
pub struct RunDir {
    root: PathBuf,
    stages: RefCell<Vec<StageTime>>,
    /// Held for as long as the run is worked on.
    _lock: Option<FolderLock>,
}

/// How long a stage took, in the process that finished it (a part done before an interruption does
/// not count).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StageTime {
    /// The stage.
    pub name: String,
    /// Seconds.
    pub seconds: f64,
}

/// The folders in a run's directory.
const FOLDERS: [&str; 3] = ["checkpoints", "attack", "figures"];
/// Bytes that the record of a stage may have: 64 MiB, a thousand times more than any has.
const MAX_RECORD: u64 = 64 << 20;

/// What a finished stage leaves behind.
#[derive(Serialize, Deserialize)]
struct Record<T> {
    seconds: f64,
    result: T,
}

impl RunDir {
    /// A new run in `root`, which must be empty or absent.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are files in it; [`Error::Format`] if another process works in it;
    /// [`Error::Io`] if it cannot be made.
    pub fn create(root: &Path, config_toml: &str) -> Result<Self> {
        // Looked at before as well as under the lock, so that a folder with other things in it gets no file of ours.
        refuse_occupied(root)?;
        atomic::create_folder(root)?;
        let run = Self::locked(root)?;
        refuse_occupied(root)?;
        // The configuration first: a run killed right here can be resumed.
        atomic::write(&run.config_path(), config_toml.as_bytes())?;
        run.create_folders()?;
        Ok(run)
    }

    fn create_folders(&self) -> Result<()> {
        FOLDERS
            .iter()
            .try_for_each(|folder| atomic::create_folder(&self.path(folder)))
    }

    /// The run that is in `root`.
    ///
    /// # Errors
    /// [`Error::Format`] if there is none.
    pub fn open(root: &Path) -> Result<Self> {
        let run = Self::at(root);
        if !run.config_path().is_file() {
            let advice = "name the directory of a run";
            return Err(Error::format(
                root,
                "a run directory with config.toml",
                "none",
                advice,
            ));
        }
        Ok(run)
    }

    /// The run that is in `root`, to go on with: as [`RunDir::open`], and what a killed process left
    /// half-written is removed.
    ///
    /// # Errors
    /// Those of [`RunDir::open`]; [`Error::Format`] if another process works in it; [`Error::Io`] if
    /// the leftovers cannot be removed.
    pub fn resume(root: &Path) -> Result<Self> {
        Self::open(root)?;
        let run = Self::locked(root)?;
        run.create_folders()?;
        atomic::remove_leftovers(root)?;
        FOLDERS
            .iter()
            .try_for_each(|folder| atomic::remove_leftovers(&run.path(folder)))?;
        Ok(run)
    }

    fn at(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            stages: RefCell::default(),
            _lock: None,
        }
    }

    /// The run in `root`, locked until it is dropped.
    fn locked(root: &Path) -> Result<Self> {
        Ok(Self {
            _lock: Some(FolderLock::take(root)?),
            ..Self::at(root)
        })
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The configuration.
    pub fn config_path(&self) -> PathBuf {
        self.path("config.toml")
    }

    /// The checkpoint of a stage that is not finished.
    pub fn checkpoint(&self, stage: &str) -> PathBuf {
        self.path(&format!("checkpoints/{}.safetensors", stage.replace(' ', "-")))
    }

    /// Times of the stages finished so far, in order.
    pub fn stages(&self) -> Vec<StageTime> {
        self.stages.borrow().clone()
    }

    /// The result of stage `name`: from its record if it was finished before, else from `work`,
    /// which is then recorded. The stage counts as finished only while the files `artefacts` that
    /// it made are there.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Format`] if the record is broken.
    pub fn stage<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        artefacts: &[&Path],
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let record = match self.record(name)? {
            Some(record) if artefacts.iter().all(|file| file.is_file()) => record,
            _ => {
                let start = Instant::now();
                let result = work()?;
                let record = Record {
                    seconds: start.elapsed().as_secs_f64(),
                    result,
                };
                write_json(&self.record_path(name), &record)?;
                record
            }
        };
        self.stages.borrow_mut().push(StageTime {
            name: name.to_owned(),
            seconds: record.seconds,
        });
        Ok(record.result)
    }

    /// The result of a stage that was finished before; nothing if it was not.
    ///
    /// # Errors
    /// [`Error::Format`] if the record is broken.
    pub fn finished<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        Ok(self.record(name)?.map(|record| record.result))
    }

    fn record_path(&self, name: &str) -> PathBuf {
        self.path(&format!("checkpoints/{}.done.json", name.replace(' ', "-")))
    }

    fn record<T: DeserializeOwned>(&self, name: &str) -> Result<Option<Record<T>>> {
        let path = self.record_path(name);
        if !path.exists() {
            return Ok(None);
        }
        let broken = |e: serde_json::Error| {
            Error::format(
                &path,
                "the record of a finished stage",
                e,
                "delete it to do the stage again",
            )
        };
        serde_json::from_slice(&atomic::read_at_most(&path, MAX_RECORD)?)
            .map(Some)
            .map_err(broken)
    }

    /// Writes `metrics.jsonl` anew: one line an epoch.
    ///
    /// # Errors
    /// [`Error::Io`] if that is not possible.
    pub fn write_metrics(&self, metrics: &[EpochMetrics]) -> Result<()> {
        let path = self.path("metrics.jsonl");
        let mut text = String::new();
        for line in metrics {
            let broken = |e| Error::format(&path, "metrics that can be written", e, "report this");
            text.push_str(&serde_json::to_string(line).map_err(broken)?);
            text.push('\n');
        }
        atomic::write(&path, text.as_bytes())
    }
}

/// Refuses a folder that holds anything but a lock.
fn refuse_occupied(root: &Path) -> Result<()> {
    if !root.exists() {
        return Ok(());
    }
    let failed = |source| Error::io(root, "list the folder", source);
    for entry in std::fs::read_dir(root).map_err(failed)? {
        if entry.map_err(failed)?.file_name() != FolderLock::NAME {
            return Err(Error::Usage(format!(
                "{} is not empty; continue the run in it with --resume, or choose another --out",
                root.display()
            )));
        }
    }
    Ok(())
}

/// Writes a value as indented JSON.
///
/// # Errors
/// [`Error::Io`] if that is not possible.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let broken = |e| Error::format(path, "a result that can be written", e, "report this");
    let mut text = serde_json::to_string_pretty(value).map_err(broken)?;
    text.push('\n');
    atomic::write(path, text.as_bytes())
}
