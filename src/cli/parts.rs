//! The parts of a long command, each kept in a file when it is done.

use super::progress::Progress;
use crossmax::audit::OnAuditProgress;
use crossmax::io::{FolderLock, atomic};
use crossmax::replicate::{Reporter, check_stop};
use crossmax::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Bytes that a part's file may have.
const MOST: u64 = 64 << 20;

/// The folder of a command's results.
pub struct Parts<'a> {
    folder: PathBuf,
    /// The command: the name of the file with everything, and of what parts are parts of.
    command: &'static str,
    identity: String,
    progress: &'a Progress,
    /// Held until the command ends.
    _lock: FolderLock,
}

/// The form of a part's file.
#[derive(Serialize, Deserialize)]
struct PartFile<T> {
    identity: String,
    result: T,
}

impl<'a> Parts<'a> {
    /// Makes the folder if it is not there, and locks it; `identity` is what `command` is about, and how.
    pub fn open(
        command: &'static str,
        folder: &Path,
        identity: String,
        progress: &'a Progress,
    ) -> Result<Self> {
        atomic::create_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            command,
            identity,
            progress,
            _lock: FolderLock::take(folder)?,
        })
    }

    /// The part `name`: read if it was done before, else done by `run` and written.
    pub fn part<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        run: impl FnOnce(&mut OnAuditProgress<'_>) -> Result<T>,
    ) -> Result<T> {
        let path = self.folder.join(format!("{name}.json"));
        if path.exists() {
            self.progress.line(&format!("{name}: done before"));
            return self.read(&path);
        }
        let result = self.watch(name, run)?;
        let file = PartFile {
            identity: self.identity.clone(),
            result,
        };
        let json = serde_json::to_vec_pretty(&file)
            .map_err(|error| Error::argument(self.command, "result", "finite numbers", error))?;
        atomic::write(&path, &json)?;
        Ok(file.result)
    }

    /// Runs `run` with its progress shown under `name`; keeps nothing.
    pub fn watch<T>(&self, name: &str, run: impl FnOnce(&mut OnAuditProgress<'_>) -> Result<T>) -> Result<T> {
        let advice = format!(
            "go on with the same command: the parts that are done are in {}",
            self.folder.display()
        );
        self.progress.begin(name, 1000, "‰");
        let result = run(&mut |at| {
            check_stop(&advice)?;
            let within = at.search.map_or(0.0, |search| {
                f64::from(search.iteration) / f64::from(search.iterations.max(1))
            });
            let share = (at.done as f64 + within) / at.parts.max(1) as f64;
            self.progress.advance((1000.0 * share) as u64, at.what);
            Ok(())
        })?;
        self.progress.end();
        Ok(result)
    }

    fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<T> {
        let refuse = |found: String| {
            let advice = "choose another --out, or delete the file";
            Error::format(path, format!("a part of this {}", self.command), found, advice)
        };
        let bytes = atomic::read_at_most(path, MOST)?;
        let file: PartFile<T> = serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
        if file.identity != self.identity {
            return Err(refuse("that of another one".into()));
        }
        Ok(file.result)
    }

    /// Writes all of it under the name of the command.
    pub fn finish(&self, object: &Value) -> Result<()> {
        let path = self.folder.join(format!("{}.json", self.command));
        atomic::write(&path, format!("{object:#}\n").as_bytes())
    }
}
