//! The folder with an attack's results, and the state from which a killed one goes on.

use super::report::Report;
use crate::cli::target::Target;
use crossmax::attacks::AutoAttackState;
use crossmax::io::{Stored, TensorFile, atomic};
use crossmax::tensor::Shape;
use crossmax::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The state after the last block.
const STATE: &str = "state.safetensors";
/// The entry of its metadata that says which attack it belongs to.
const IDENTITY: &str = "attack";

/// The folder of one attack.
pub struct Folder {
    path: PathBuf,
    identity: String,
}

impl Folder {
    /// Makes the folder if it is not there; `identity` is what its attack is of.
    pub fn open(path: &Path, identity: &str) -> Result<Self> {
        atomic::create_folder(path)?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity.to_owned(),
        })
    }

    /// The state to go on from, if there is one.
    pub fn state(&self) -> Result<Option<AutoAttackState>> {
        let path = self.path.join(STATE);
        if !path.exists() {
            return Ok(None);
        }
        let file = TensorFile::load(&path)?;
        if file.note(IDENTITY).as_ref() != Some(&self.identity) {
            let expected = "the state of this attack: model, images, seed";
            let advice = "choose another --out, or delete the folder";
            return Err(Error::format(&path, expected, "that of another one", advice));
        }
        AutoAttackState::from_file(&file, &path).map(Some)
    }

    /// Keeps `state` to go on from.
    pub fn save(&self, state: &AutoAttackState) -> Result<()> {
        let mut file = state.to_file()?;
        file.metadata.insert(IDENTITY.into(), self.identity.clone());
        file.save(&self.path.join(STATE))
    }

    /// Writes the results: `adversarial.safetensors`, `images.csv`, `attack.json`.
    pub fn finish(&self, target: &Target, state: &AutoAttackState, report: &Report) -> Result<()> {
        let samples = &target.samples;
        let count = samples.len();
        let numbers = |values: Vec<i64>| Stored::Int(Shape::new(&[count]), values);
        let flags = |f: &dyn Fn(&crossmax::attacks::ImageRecord) -> bool| {
            numbers(state.records().iter().map(|record| f(record).into()).collect())
        };
        let tensors = BTreeMap::from([
            (
                "clean".to_owned(),
                Stored::F32(samples.images().to_host()?.nhwc_to_nchw()?),
            ),
            (
                "images".to_owned(),
                Stored::F32(state.adversarial().to_host()?.nhwc_to_nchw()?),
            ),
            (
                "labels".to_owned(),
                numbers(samples.labels().iter().map(|&label| label as i64).collect()),
            ),
            (
                "ids".to_owned(),
                numbers(samples.ids().iter().map(|&id| id.into()).collect()),
            ),
            (
                "initially_right".to_owned(),
                flags(&|record| record.initially_right()),
            ),
            ("never_broken".to_owned(), flags(&|record| record.is_robust())),
        ]);
        let file = TensorFile {
            tensors,
            ..TensorFile::default()
        };
        file.save(&self.path.join("adversarial.safetensors"))?;
        atomic::write(&self.path.join("images.csv"), report.csv(state).as_bytes())?;
        let json = format!("{:#}\n", report.json()?);
        atomic::write(&self.path.join("attack.json"), json.as_bytes())
    }
}
