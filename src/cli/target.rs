//! What is attacked: a model, and images with labels.

use super::common::Common;
use super::fetch::Source as FetchSource;
use super::model::{Member, Model, Normalisation};
use crossmax::attacks::LabelledImages;
use crossmax::data::{Dataset, Pictures, Source};
use crossmax::fetch::{Manifest, fetch};
use crossmax::replicate::{Reported, Reporter, full_path, open_data};
use crossmax::tensor::Tensor;
use crossmax::{Error, Result};
use sha2::{Digest, Sha256};
use std::path::Path;

/// What the flags name.
pub struct Wanted<'a> {
    /// A run directory or a weights file.
    pub model: &'a Path,
    /// Which part of it answers, if that was said.
    pub member: Option<Member>,
    /// How a weights file wants its pictures.
    pub normalisation: Normalisation,
    /// The data, if they were named.
    pub data: Option<&'a str>,
    /// Where named data are fetched from.
    pub source: &'a FetchSource,
    /// Index of the first image, and how many.
    pub range: (u32, u32),
}

/// A model on its device, and images beside it.
pub struct Target {
    /// The model.
    pub model: Model,
    /// Which part of it answers.
    pub member: Member,
    /// The images.
    pub samples: LabelledImages,
    /// Where they are from.
    pub origin: String,
    /// SHA-256 of the images' f32 and of the labels.
    pub data_sha256: String,
    /// SHA-256 of the files of weights.
    pub weights_sha256: String,
    /// The model's path from the root.
    pub path: String,
    /// Seed of the attack.
    pub seed: u64,
}

impl Target {
    /// Opens what is wanted.
    pub fn open(wanted: Wanted<'_>, common: &Common, reporter: &dyn Reporter) -> Result<Self> {
        let Wanted {
            model: path,
            member,
            normalisation,
            data,
            source,
            range: (first, most),
        } = wanted;
        let mut model = Model::open(path, normalisation, common.seed)?;
        let member = member.unwrap_or(model.default_member());
        let (images, labels, origin) = labelled(data, source, &model, reporter)?;
        let (first, last) = (first as usize, images.shape().axis(0));
        let count = (most as usize).min(last.saturating_sub(first));
        if count == 0 {
            let told = format!("--first {first}: there are {last} images");
            return Err(Error::Usage(told));
        }
        let images = images.rows(first, count)?;
        let labels = labels[first..first + count].to_vec();
        let ids = (first..first + count).map(|i| i as u32).collect();
        let samples = LabelledImages::new(images, labels, ids)?;
        model.check_size(Path::new(&origin), samples.images())?;
        let device = common.open_device(reporter)?;
        model.move_to(&device)?;
        Ok(Self {
            data_sha256: hash_of_images(&samples)?,
            weights_sha256: hash_of_weights(path)?,
            path: full_path(path)?,
            samples: samples.on(&device)?,
            seed: common.seed.unwrap_or(0),
            model,
            member,
            origin,
        })
    }

    /// What an attack belongs to: results of another one are not gone on with.
    pub fn identity(&self) -> String {
        format!(
            "{} {} {} {} {}",
            self.weights_sha256,
            self.member,
            self.data_sha256,
            self.seed,
            self.model.preparation()
        )
    }
}

/// Images [N,H,W,3], their labels, and where they are from.
fn labelled(
    data: Option<&str>,
    source: &FetchSource,
    model: &Model,
    reporter: &dyn Reporter,
) -> Result<(Tensor, Vec<usize>, String)> {
    let Some(data) = data else {
        let Model::Run(run) = model else {
            let told = "--data is needed: a weights file does not say which images it is for";
            return Err(Error::Usage(told.into()));
        };
        return test_images(&open_data(&run.config, reporter)?);
    };
    let path = match Manifest::built_in()?.get(data) {
        Some(entry) => fetch(entry, &source.options()?, &Reported(reporter))?,
        None => data.into(),
    };
    if path
        .extension()
        .is_some_and(|extension| extension == "safetensors")
    {
        let pictures = Pictures::open(&path)?;
        let Some(labels) = pictures.class_numbers(model.classes())? else {
            let advice = "add a tensor `labels` (N) i64";
            return Err(Error::format(
                &path,
                "images with labels",
                "images without",
                advice,
            ));
        };
        return Ok((pictures.images, labels, path.display().to_string()));
    }
    let opened = Source::Path(path.clone()).open()?;
    model.check_classes(&path, &opened.classes)?;
    test_images(&opened)
}

fn test_images(data: &Dataset) -> Result<(Tensor, Vec<usize>, String)> {
    let indices: Vec<usize> = (0..data.test.len()).collect();
    let labels = data.test.labels_of(&indices);
    Ok((data.test.batch(&indices)?, labels, data.origin.clone()))
}

fn hash_of_images(samples: &LabelledImages) -> Result<String> {
    let mut hash = Sha256::new();
    for value in samples.images().to_vec()? {
        hash.update(value.to_le_bytes());
    }
    for &label in samples.labels() {
        hash.update((label as u64).to_le_bytes());
    }
    Ok(hex(hash))
}

/// The hash of a weights file, or of those of a run.
fn hash_of_weights(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let files = match path.is_dir() {
        true => vec![path.join("backbone.safetensors"), path.join("heads.safetensors")],
        false => vec![path.to_path_buf()],
    };
    for file in files {
        hash.update(crossmax::io::atomic::read(&file)?);
    }
    Ok(hex(hash))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
