//! What answers to `predict` and `attack`: a run, or a plain network in a weights file.

use super::network_flags::NetworkFlags;
use crossmax::attacks::Classifier;
use crossmax::device::Device;
use crossmax::ensemble::{Aggregation, BackboneClassifier, EnsembleClassifier, Method, SelfEnsemble};
use crossmax::models::{Colours, LoadedNetwork, Network, PlainClassifier, load_network};
use crossmax::nn::move_module;
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

/// A model that is ready to answer.
pub enum Model {
    /// A run's self-ensemble.
    Run(Box<OpenRun>),
    /// A plain network.
    Plain {
        /// The network, of any architecture.
        network: Box<dyn Network>,
        /// How it wants its pictures.
        colours: Colours,
        /// The numbers of its classes: a weights file has no names.
        classes: Vec<String>,
    },
}

impl Model {
    /// Opens a run directory or a weights file; the draws of a run's views belong to `seed`, or to
    /// the run's own.
    pub fn open(path: &Path, flags: &NetworkFlags, seed: Option<u64>) -> Result<Self> {
        let model = match path.is_dir() {
            true => open_run_directory(path, flags, seed)?,
            false => open_weights(path, flags)?,
        };
        let found = model.classes().len();
        match flags.classes {
            Some(wanted) if wanted as usize != found => {
                let expected = format!("a model of {wanted} classes, as --classes says");
                let advice = "give another model or another number";
                Err(Error::format(path, expected, format!("{found}"), advice))
            }
            _ => Ok(model),
        }
    }

    /// Moves the weights to `device`.
    pub fn move_to(&mut self, device: &Device) -> Result<()> {
        match self {
            Self::Run(run) => move_module(&mut run.ensemble, device),
            Self::Plain { network, .. } => move_module(network.as_mut(), device),
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
            Self::Plain { network, colours, .. } => {
                let Colours { mean, std } = colours;
                format!("{mean:?} {std:?} {}", network.architecture().untraced())
            }
        }
    }

    /// The views and the aggregation of a run, which are not in its weights either.
    pub fn method(&self) -> Option<&Method> {
        match self {
            Self::Run(run) => Some(run.ensemble.backbone.method()),
            Self::Plain { .. } => None,
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
            (Self::Plain { network, colours, .. }, Member::Backbone) => {
                let Colours { mean, std } = *colours;
                Ok(Box::new(PlainClassifier::new(network.as_ref(), mean, std)?))
            }
            (Self::Plain { .. }, _) => {
                let told =
                    format!("--member {member}: a weights file has only its backbone; give a run directory");
                Err(Error::Usage(told))
            }
        }
    }
}

fn open_run_directory(path: &Path, flags: &NetworkFlags, seed: Option<u64>) -> Result<Model> {
    if flags.are_about_a_file() {
        let told = "--mean, --std and --stem belong to a weights file, as do --activation and --shortcut; a run knows its own";
        return Err(Error::Usage(told.into()));
    }
    let mut run = open_run(path)?;
    if let Some(seed) = seed {
        run.ensemble.backbone.set_seed(seed);
    }
    Ok(Model::Run(Box::new(run)))
}

fn open_weights(path: &Path, flags: &NetworkFlags) -> Result<Model> {
    let LoadedNetwork { network, colours } = load_network(path, flags.untraced())?;
    let architecture = network.architecture();
    let layers = architecture.layers();
    if layers.stem.channels != 3 {
        let found = format!("one of {} channels", layers.stem.channels);
        let advice = "a network with views needs its whole run: give the run directory";
        return Err(Error::format(
            path,
            "a network on pictures of 3 channels",
            found,
            advice,
        ));
    }
    Ok(Model::Plain {
        classes: (0..layers.classes).map(|number| number.to_string()).collect(),
        colours: Colours {
            mean: flags.mean.unwrap_or(colours.mean),
            std: flags.std.unwrap_or(colours.std),
        },
        network,
    })
}
