//! What answers to `predict` and `attack`: a run, or a plain network in a weights file.

use crossmax::attacks::Classifier;
use crossmax::device::Device;
use crossmax::ensemble::{
    Aggregation, BackboneClassifier, EnsembleClassifier, IMAGENET_MEAN, IMAGENET_STD, SelfEnsemble,
};
use crossmax::io::load_module;
use crossmax::models::{PlainClassifier, ResNet, infer_resnet, load_resnet_weights};
use crossmax::nn::{Init, move_module};
use crossmax::replicate::{OpenRun, open_run};
use crossmax::tensor::Tensor;
use crossmax::{Error, Result};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// Which part of a model answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// The network itself.
    Backbone,
    /// The head on this layer.
    Layer(usize),
    /// CrossMax over all heads and the backbone.
    Ensemble,
}

impl FromStr for Member {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let number = |n: &str| {
            n.parse()
                .map(Self::Layer)
                .map_err(|_| "layer:N needs the number of a layer")
        };
        match text {
            "backbone" => Ok(Self::Backbone),
            "ensemble" => Ok(Self::Ensemble),
            _ => text
                .strip_prefix("layer:")
                .map_or(Err("expected backbone, layer:N or ensemble"), number),
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backbone => f.write_str("backbone"),
            Self::Layer(number) => write!(f, "layer:{number}"),
            Self::Ensemble => f.write_str("ensemble"),
        }
    }
}

/// Stride and pool of a stem, which leave no trace in a weights file.
#[derive(Clone, Copy, Debug, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StemKind {
    /// Stride 1, no pool.
    Cifar,
    /// Stride 2 and a 3×3 maximum pool.
    Imagenet,
}

/// How a plain network wants its pictures; a run knows it itself.
pub struct Normalisation {
    /// Mean of the colours.
    pub mean: Option<[f64; 3]>,
    /// Standard deviation of the colours.
    pub std: Option<[f64; 3]>,
    /// What kind of stem it has.
    pub stem: Option<StemKind>,
}

/// Three numbers with commas between them.
pub fn colour(text: &str) -> std::result::Result<[f64; 3], String> {
    let numbers: Vec<f64> = text
        .split(',')
        .map(|part| part.trim().parse().map_err(|e| format!("{e}: {part:?}")))
        .collect::<std::result::Result<_, _>>()?;
    let found = numbers.len();
    numbers
        .try_into()
        .map_err(|_| format!("{found} numbers, expected 3: red, green, blue"))
}

/// A model that is ready to answer.
pub enum Model {
    /// A run's self-ensemble.
    Run(Box<OpenRun>),
    /// A plain network.
    Plain {
        /// The network.
        net: Box<ResNet>,
        /// Mean of the colours.
        mean: [f64; 3],
        /// Standard deviation of the colours.
        std: [f64; 3],
        /// The numbers of its classes: a weights file has no names.
        classes: Vec<String>,
    },
}

impl Model {
    /// Opens a run directory or a weights file; the draws of a run's views belong to `seed`, or to
    /// the run's own.
    pub fn open(path: &Path, wanted: Normalisation, seed: Option<u64>) -> Result<Self> {
        if !path.is_dir() {
            return open_weights(path, wanted);
        }
        if wanted.mean.is_some() || wanted.std.is_some() || wanted.stem.is_some() {
            let told = "--mean, --std and --stem belong to a weights file; a run knows its own";
            return Err(Error::Usage(told.into()));
        }
        let mut run = open_run(path)?;
        if let Some(seed) = seed {
            run.ensemble.backbone.set_seed(seed);
        }
        Ok(Self::Run(Box::new(run)))
    }

    /// Moves the weights to `device`.
    pub fn move_to(&mut self, device: &Device) -> Result<()> {
        match self {
            Self::Run(run) => move_module(&mut run.ensemble, device),
            Self::Plain { net, .. } => move_module(net.as_mut(), device),
        }
    }

    /// Names of the classes.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Run(run) => &run.classes,
            Self::Plain { classes, .. } => classes,
        }
    }

    /// Who answers unless somebody is named.
    pub fn default_member(&self) -> Member {
        match self {
            Self::Run(_) => Member::Ensemble,
            Self::Plain { .. } => Member::Backbone,
        }
    }

    /// The self-ensemble of a run.
    pub fn ensemble(&self) -> Result<&SelfEnsemble> {
        match self {
            Self::Run(run) => Ok(&run.ensemble),
            Self::Plain { .. } => Err(Error::Usage(
                "a weights file has no self-ensemble; give a run directory".into(),
            )),
        }
    }

    /// How its pictures are prepared, where that is not in its weights.
    pub fn preparation(&self) -> String {
        match self {
            Self::Run(_) => "as the run".into(),
            Self::Plain { net, mean, std, .. } => {
                let stem = net.config().stem;
                format!("{mean:?} {std:?} {} {}", stem.stride, stem.max_pool)
            }
        }
    }

    /// Refuses data with other classes than the run's; a weights file does not know the names of its own.
    pub fn check_classes(&self, path: &Path, found: &[String]) -> Result<()> {
        match self {
            Self::Run(run) if run.classes != found => {
                let first = found.first().map_or("none", String::as_str);
                let found = format!("{} classes, the first {first}", found.len());
                let expected = format!("the {} classes of the run, in their order", run.classes.len());
                Err(Error::format(
                    path,
                    expected,
                    found,
                    "give the data that the run was trained on",
                ))
            }
            _ => Ok(()),
        }
    }

    /// Refuses `images` [N,H,W,3], from `source`, of a size that the model was not made for.
    pub fn check_size(&self, source: &Path, images: &Tensor) -> Result<()> {
        let (Self::Run(run), &[_, height, width, _]) = (self, images.dims()) else {
            return Ok(());
        };
        let size = run.image_size;
        if [height, width] == [size; 2] {
            return Ok(());
        }
        let expected = format!("pictures of {size}×{size} pixels, as the run was trained on");
        Err(Error::format(
            source,
            expected,
            format!("{height}×{width}"),
            "resize them first",
        ))
    }

    /// `member` as a classifier.
    pub fn classifier(&self, member: Member) -> Result<Box<dyn Classifier + '_>> {
        match (self, member) {
            (Self::Run(run), Member::Backbone) => {
                Ok(Box::new(BackboneClassifier::new(&run.ensemble.backbone)?))
            }
            (Self::Run(run), Member::Ensemble) => Ok(Box::new(EnsembleClassifier::new(
                &run.ensemble,
                Aggregation::CrossMax,
            )?)),
            (Self::Run(run), Member::Layer(layer)) => {
                let layers = run.ensemble.layers();
                let index = layers.iter().position(|&l| l == layer).ok_or_else(|| {
                    Error::Usage(format!(
                        "--member layer:{layer}: this run has heads on layers {layers:?}"
                    ))
                })?;
                Ok(Box::new(EnsembleClassifier::new(
                    &run.ensemble,
                    Aggregation::Member(index),
                )?))
            }
            (Self::Plain { net, mean, std, .. }, Member::Backbone) => {
                Ok(Box::new(PlainClassifier::new(net, *mean, *std)?))
            }
            (Self::Plain { .. }, _) => {
                let told =
                    format!("--member {member}: a weights file has only its backbone; give a run directory");
                Err(Error::Usage(told))
            }
        }
    }
}

fn open_weights(path: &Path, wanted: Normalisation) -> Result<Model> {
    let file = load_resnet_weights(path)?;
    let stem = wanted.stem.map(|kind| match kind {
        StemKind::Cifar => (1, false),
        StemKind::Imagenet => (2, true),
    });
    let config = infer_resnet(&file, path, stem)?;
    if config.stem.channels != 3 {
        let found = format!("one of {} channels", config.stem.channels);
        let advice = "a network with views needs its whole run: give the run directory";
        return Err(Error::format(
            path,
            "a network on pictures of 3 channels",
            found,
            advice,
        ));
    }
    let classes = (0..config.classes).map(|number| number.to_string()).collect();
    let mut net = ResNet::new(config, &mut Init::new(0))?;
    load_module(&mut net, &file, path, "")?;
    Ok(Model::Plain {
        net: Box::new(net),
        mean: wanted.mean.unwrap_or(IMAGENET_MEAN),
        std: wanted.std.unwrap_or(IMAGENET_STD),
        classes,
    })
}
