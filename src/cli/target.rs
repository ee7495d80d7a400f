//! What is attacked: a model, and images with labels.

use super::common::Common;
use super::fetch::Source as FetchSource;
use super::model::{Member, Model};
use super::network_flags::NetworkFlags;
use crossmax::attacks::LabelledImages;
use crossmax::campaign::{Order, Shard, Way};
use crossmax::data::{Dataset, Pictures, Source};
use crossmax::fetch::{Manifest, fetch};
use crossmax::replicate::{Reported, Reporter, full_path, open_data};
use crossmax::tensor::Tensor;
use crossmax::{Error, Result};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;

/// What the flags name.
pub struct Wanted<'a> {
    /// A run directory or a weights file.
    pub model: &'a Path,
    /// Which part of it answers, if that was said.
    pub member: Option<Member>,
    /// What was said about the network of a weights file.
    pub network: &'a NetworkFlags,
    /// The data, if they were named.
    pub data: Option<&'a str>,
    /// Where named data are fetched from.
    pub source: &'a FetchSource,
    /// Which images.
    pub choice: Choice,
}

/// Which images of the data are meant.
#[derive(Clone, Copy)]
pub struct Choice {
    /// In which order they are taken.
    pub order: Way,
    /// Place of the first in that order.
    pub first: u32,
    /// How many; all if that is not said.
    pub images: Option<u32>,
    /// Which of them.
    pub shard: Shard,
}

impl Choice {
    /// So many as they stand in the file.
    pub fn in_a_row(first: u32, images: u32) -> Self {
        Self {
            order: Way::File,
            first,
            images: Some(images),
            shard: Shard::WHOLE,
        }
    }
}

/// A model on its device, and images beside it.
pub struct Target {
    /// The model.
    pub model: Model,
    /// Which part of it answers.
    pub member: Member,
    /// The images of the shard.
    pub samples: LabelledImages,
    /// Their places among those of all shards.
    pub positions: Vec<usize>,
    /// How many those are.
    pub images_of_all: usize,
    /// Where they are from.
    pub origin: String,
    /// SHA-256 of the f32 of the images of all shards, and of their labels.
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
            network,
            data,
            source,
            choice,
        } = wanted;
        let mut model = Model::open(path, network, common.seed)?;
        let member = member.unwrap_or(model.default_member());
        let (images, labels, origin) = labelled(data, source, &model, reporter)?;
        let seed = common.seed.unwrap_or(0);
        let order = Order::new(choice.order, &labels, seed)?;
        let most = choice.images.map_or(usize::MAX, |images| images as usize);
        let ids = order.part(choice.first as usize, most);
        if ids.is_empty() {
            let told = format!("--first {}: there are {} images", choice.first, labels.len());
            return Err(Error::Usage(told));
        }
        let positions: Vec<usize> = choice.shard.positions(ids.len()).collect();
        if positions.is_empty() {
            let told = format!("--shard {}: there are {} images", choice.shard, ids.len());
            return Err(Error::Usage(told));
        }
        let all = LabelledImages::new(images, labels, (0..).take(order.len()).collect())?;
        let all = all.select(&ids.iter().map(|&id| id as usize).collect::<Vec<_>>())?;
        let samples = all.select(&positions)?;
        model.check_size(Path::new(&origin), samples.images())?;
        let device = common.open_device(reporter)?;
        model.move_to(&device)?;
        Ok(Self {
            data_sha256: hash_of_images(&all)?,
            weights_sha256: hash_of_weights(path)?,
            path: full_path(path)?,
            samples: samples.on(&device)?,
            positions,
            images_of_all: all.len(),
            seed,
            model,
            member,
            origin,
        })
    }

    /// What an attack belongs to: results of another one are not gone on with.
    pub fn identity(&self) -> String {
        format!(
            "{} {} {} {} {} {}",
            self.weights_sha256,
            self.member,
            self.data_sha256,
            self.seed,
            self.model.preparation(),
            self.samples.images().device()
        )
    }

    /// The same for the first line of a journal, with what was asked for.
    pub fn header(&self, request: &impl Serialize) -> Result<Value> {
        let request = serde_json::to_value(request)
            .map_err(|error| Error::argument("attack", "request", "finite numbers", error))?;
        Ok(json!({
            "request": request,
            "model": self.path,
            "weights_sha256": self.weights_sha256,
            "member": self.member.to_string(),
            "preparation": self.model.preparation(),
            "method": self.model.method(),
            "data": self.origin,
            "data_sha256": self.data_sha256,
            "device": self.device(),
            "crossmax_version": env!("CARGO_PKG_VERSION"),
        }))
    }

    /// The kind of device it is on: which of several GPUs does not matter.
    pub fn device(&self) -> String {
        let name = self.samples.images().device().to_string();
        name.split(':').next().unwrap_or_default().to_owned()
    }

    /// The first `count` images.
    pub fn first(&self, count: usize) -> Result<LabelledImages> {
        self.samples
            .select(&(0..count.min(self.samples.len())).collect::<Vec<_>>())
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
