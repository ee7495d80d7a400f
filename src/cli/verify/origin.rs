//! What results say they were made of.

use crate::cli::attack::{Request, full_name};
use crate::cli::target::Target;
use clap::Args;
use crossmax::attacks::Norm;
use crossmax::campaign::{Journal, Shard};
use crossmax::ensemble::Method;
use crossmax::io::atomic;
use crossmax::replicate::full_path;
use crossmax::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Bytes that the results may have.
const MOST: u64 = 64 << 20;

/// Where model and data are, if not where they were attacked.
#[derive(Args)]
#[command(next_help_heading = "The model and the data")]
pub struct Elsewhere {
    /// The run directory or weights file that was attacked, if it is no longer where it was
    #[arg(long, value_name = "PATH")]
    model: Option<PathBuf>,
    /// The data, if they are no longer where they were
    #[arg(long, value_name = "NAME|PATH")]
    data: Option<String>,
}

impl Elsewhere {
    /// `request` with the files where they are now.
    pub fn request(&self, request: &Request) -> Result<Request> {
        let model = self.model.as_deref().map(full_path).transpose()?;
        let data = full_name(self.data.as_deref())?;
        Ok(Request {
            model: model.unwrap_or_else(|| request.model.clone()),
            data: data.or_else(|| request.data.clone()),
            ..request.clone()
        })
    }
}

/// What results say they were made of.
pub struct Origin {
    /// Whether they are those of a ladder.
    pub is_ladder: bool,
    pub request: Request,
    pub seed: u64,
    pub shard: Shard,
    pub norm: Norm,
    pub eps: f64,
    pub data_sha256: String,
    pub weights_sha256: String,
    pub preparation: String,
    pub method: Option<Method>,
    device: Option<String>,
}

/// The part that attacks and ladders write alike.
#[derive(Deserialize)]
struct Attacked {
    request: Request,
    data_sha256: String,
    weights_sha256: String,
    preparation: String,
    method: Option<Method>,
    device: Option<String>,
}

/// The settings of a ladder that matter here.
#[derive(Deserialize)]
struct OfLadder {
    seed: u64,
    config: Threat,
}

#[derive(Deserialize)]
struct Threat {
    norm: Norm,
    eps: f64,
}

impl Origin {
    /// Reads that of the results in `folder`.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("ladder.json");
        if path.exists() {
            let object: Value = parsed(&path, serde_json::from_slice(&atomic::read_at_most(&path, MOST)?))?;
            let OfLadder { seed, config } = from_value(&path, &object)?;
            let threat = (config.norm, config.eps);
            let attacked = from_value(&path, &object)?;
            return Ok(Self::new(attacked, true, (seed, Shard::WHOLE), threat));
        }
        let path = folder.join("journal.jsonl");
        if !path.exists() {
            let advice = "give the folder of a finished `crossmax attack` or `crossmax ladder`";
            return Err(Error::format(
                folder,
                "journal.jsonl or ladder.json",
                "neither",
                advice,
            ));
        }
        let (header, _) = Journal::read(&path)?;
        let shard = header.shard.unwrap_or(Shard::WHOLE);
        let threat = (header.config.norm, header.config.eps);
        let attacked = from_value(&path, &header.attack)?;
        Ok(Self::new(attacked, false, (header.seed, shard), threat))
    }

    fn new(
        attacked: Attacked,
        is_ladder: bool,
        (seed, shard): (u64, Shard),
        (norm, eps): (Norm, f64),
    ) -> Self {
        Self {
            is_ladder,
            request: attacked.request,
            seed,
            shard,
            norm,
            eps,
            data_sha256: attacked.data_sha256,
            weights_sha256: attacked.weights_sha256,
            preparation: attacked.preparation,
            method: attacked.method,
            device: attacked.device,
        }
    }

    /// Whether the results were made on such a device as `target` is on.
    pub fn is_of(&self, target: &Target) -> bool {
        self.device.as_deref() == Some(target.device().as_str())
    }
}

/// A part of `object`, which was read from `path`.
pub fn from_value<T: DeserializeOwned>(path: &Path, object: &Value) -> Result<T> {
    parsed(path, T::deserialize(object))
}

fn parsed<T>(path: &Path, found: serde_json::Result<T>) -> Result<T> {
    found.map_err(|error| {
        let advice = "give the folder of a finished `crossmax attack` or `crossmax ladder`";
        Error::format(path, "the results of an attack", error, advice)
    })
}
