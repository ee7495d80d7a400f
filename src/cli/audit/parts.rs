//! The parts of an audit, each kept in a file when it is done.

use super::Tell;
use crate::cli::progress::Progress;
use crossmax::io::atomic;
use crossmax::replicate::{Reporter, check_stop};
use crossmax::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Bytes that a part's file may have.
const MOST: u64 = 64 << 20;

/// The folder of an audit.
pub struct Parts<'a> {
    folder: PathBuf,
    identity: String,
    progress: &'a Progress,
}

/// The form of a part's file.
#[derive(Serialize, Deserialize)]
struct PartFile<T> {
    audit: String,
    result: T,
}

impl<'a> Parts<'a> {
    /// Makes the folder if it is not there; `identity` is what is audited, and how.
    pub fn open(folder: &Path, identity: String, progress: &'a Progress) -> Result<Self> {
        atomic::create_folder(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            identity,
            progress,
        })
    }

    /// The part `name`: read if it was done before, else done by `run` and written.
    pub fn part<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        run: impl FnOnce(&mut Tell<'_>) -> Result<T>,
    ) -> Result<T> {
        let path = self.folder.join(format!("{name}.json"));
        if path.exists() {
            self.progress.line(&format!("{name}: done before"));
            return self.read(&path);
        }
        let advice = format!(
            "go on with the same command: the parts that are done are in {}",
            self.folder.display()
        );
        self.progress.begin(name, 1000, "thousandths");
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
        let file = PartFile {
            audit: self.identity.clone(),
            result,
        };
        let json = serde_json::to_vec_pretty(&file)
            .map_err(|error| Error::argument("audit", "result", "finite numbers", error))?;
        atomic::write(&path, &json)?;
        Ok(file.result)
    }

    fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<T> {
        let refuse = |found: String| {
            let advice = "choose another --out, or delete the file";
            Error::format(path, "a part of this audit", found, advice)
        };
        let bytes = atomic::read_at_most(path, MOST)?;
        let file: PartFile<T> = serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
        if file.audit != self.identity {
            return Err(refuse("that of another one".into()));
        }
        Ok(file.result)
    }

    /// Writes all of it as `audit.json`.
    pub fn finish(&self, object: &Value) -> Result<()> {
        atomic::write(
            &self.folder.join("audit.json"),
            format!("{object:#}\n").as_bytes(),
        )
    }
}
