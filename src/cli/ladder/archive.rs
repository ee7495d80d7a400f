//! What searches found, in files.

use crossmax::attacks::Tape;
use crossmax::audit::ladder::{Archive, Found, Standing};
use crossmax::io::{Stored, TensorFile, atomic};
use crossmax::tensor::{Shape, Tensor};
use crossmax::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder `searches` of a ladder: a file for each search, and the tape of the one under way.
pub struct Searches {
    folder: PathBuf,
    identity: String,
    save_every: Duration,
}

/// Candidates [N, H, W, C] f32.
const IMAGES: &str = "images";
/// On how many selection draws each is right.
const RIGHT: &str = "right_on_selection";
/// Mean margin of each over the selection draws, f32.
const MARGINS: &str = "margin_on_selection";
/// AutoAttack's verdicts.
const FLAGS: &str = "never_broken";
/// Entries of the metadata.
const IDENTITY: &str = "ladder";
const ATTACKED: &str = "attacked";
const PASSES: &str = "passes";

impl Searches {
    /// That of the ladder in `folder`, made if it is not there; `identity` is what is attacked, and how.
    pub fn open(folder: &Path, identity: String, save_every: Duration) -> Result<Self> {
        let folder = folder.join("searches");
        atomic::create_folder(&folder)?;
        // Nobody else writes here: the ladder's folder is locked.
        atomic::remove_leftovers(&folder)?;
        Ok(Self {
            folder,
            identity,
            save_every,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder
            .join(format!("{}.safetensors", name.replace('/', ".")))
    }

    fn tape_path(&self) -> PathBuf {
        self.folder.join("answers.tape")
    }

    /// Removes the tape: all searches are done.
    pub fn finish(&self) -> Result<()> {
        let path = self.tape_path();
        if path.exists() {
            std::fs::remove_file(&path).map_err(|source| Error::io(&path, "remove the file", source))?;
        }
        Ok(())
    }
}

impl Archive for Searches {
    fn found(&mut self, name: &str) -> Result<Option<Found>> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(None);
        }
        let refuse = |found: String| {
            let advice = "choose another --out, or delete the file";
            Error::format(&path, "a search of this ladder", found, advice)
        };
        let file = TensorFile::load(&path)?;
        if file.note(IDENTITY).as_ref() != Some(&self.identity) {
            return Err(refuse("that of another one".into()));
        }
        let number = |key: &str| file.note(key).and_then(|text| text.parse().ok());
        let (Some(Stored::F32(images)), Some(Stored::Int(_, right))) =
            (file.tensors.get(IMAGES), file.tensors.get(RIGHT))
        else {
            return Err(refuse("neither images nor looks".into()));
        };
        let (Some(attacked), Some(passes)) = (number(ATTACKED), number(PASSES)) else {
            return Err(refuse("no counts".into()));
        };
        let Some(Stored::F32(margins)) = file.tensors.get(MARGINS) else {
            return Err(refuse("that of an earlier version, without margins".into()));
        };
        let margins = margins.to_vec()?;
        if margins.len() != right.len() {
            return Err(refuse(format!(
                "{} counts and {} margins",
                right.len(),
                margins.len()
            )));
        }
        let standing = |(&right, margin): (&i64, f32)| {
            let right = u16::try_from(right).ok()?;
            Some(Standing { right, margin })
        };
        let standings: Option<Vec<Standing>> = right.iter().zip(margins).map(standing).collect();
        let flags = match file.tensors.get(FLAGS) {
            Some(Stored::Int(_, flags)) => Some(flags.iter().map(|&flag| flag != 0).collect()),
            _ => None,
        };
        Ok(Some(Found {
            images: Some(images.clone()),
            standings: standings.ok_or_else(|| refuse("counts out of range".into()))?,
            flags,
            attacked,
            passes,
        }))
    }

    fn keep(&mut self, name: &str, found: &Found) -> Result<()> {
        let Some(images) = &found.images else {
            return Ok(());
        };
        let numbers = |values: Vec<i64>| Stored::Int(Shape::new(&[values.len()]), values);
        let right = found.standings.iter().map(|standing| standing.right.into());
        let margins: Vec<f32> = found.standings.iter().map(|standing| standing.margin).collect();
        let mut tensors = BTreeMap::from([
            (IMAGES.to_owned(), Stored::F32(images.to_host()?)),
            (RIGHT.to_owned(), numbers(right.collect())),
            (
                MARGINS.to_owned(),
                Stored::F32(Tensor::from_slice([margins.len()], &margins)?),
            ),
        ]);
        if let Some(flags) = &found.flags {
            let flags = flags.iter().map(|&flag| flag.into()).collect();
            tensors.insert(FLAGS.to_owned(), numbers(flags));
        }
        let metadata = BTreeMap::from([
            (IDENTITY.to_owned(), self.identity.clone()),
            (ATTACKED.to_owned(), found.attacked.to_string()),
            (PASSES.to_owned(), found.passes.to_string()),
        ]);
        TensorFile { tensors, metadata }.save(&self.path(name))
    }

    fn tape(&mut self, name: &str) -> Result<Option<Tape>> {
        let identity = format!("{} {name}", self.identity);
        Tape::open(&self.tape_path(), &identity, self.save_every).map(Some)
    }
}
