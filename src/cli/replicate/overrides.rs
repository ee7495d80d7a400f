//! Flags that change single values of the settings.

use crate::cli::fraction::fraction;
use clap::Args;
use crossmax::ensemble::{AggregationRule, BackbonePass, ContrastRule, HeadBatchNorm, NoiseKind};
use crossmax::ops::Precision;
use crossmax::replicate::{AdversarialTraining, Config, Precisions};
use serde::de::value::Error as NameError;
use serde::de::{DeserializeOwned, IntoDeserializer};

/// Single values; those not given stay as the preset and the file have them.
#[derive(Args, Default, PartialEq)]
#[command(next_help_heading = "Data and training")]
pub struct Overrides {
    /// Training images used (the first ones)
    #[arg(long, value_name = "N")]
    train_images: Option<usize>,
    /// Test images used (the first ones)
    #[arg(long, value_name = "N")]
    test_images: Option<usize>,
    /// At most N training and N test images: a quick look
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Classes used, by name, number, or range of numbers, numbered anew in this order [default: all]
    #[arg(long, value_name = "C,C,…", value_delimiter = ',')]
    classes: Option<Vec<String>>,
    /// Pixels that pictures of various sizes are brought to (shorter side, then the centre) [default: the network's input]
    #[arg(long, value_name = "N")]
    image_size: Option<usize>,
    /// Share of each class kept for testing where the data have no test split [default: a sixth]
    #[arg(long, value_name = "0.2|1/6", value_parser = fraction)]
    test_share: Option<f64>,
    /// Epochs of the backbone's training
    #[arg(long, value_name = "N")]
    epochs: Option<u16>,
    /// Images a step of the backbone's training; auto takes the largest of 8, 16, … 512 that fits into the memory
    #[arg(long, value_name = "N|auto", value_parser = batch)]
    batch: Option<Batch>,
    /// Images a pass: a step sums the gradients of several passes where a batch does not fit into the memory. Every
    /// pass is normalised by its own statistics (BatchNorm) and moves the running ones, so that results differ from
    /// those of whole batches
    #[arg(long, value_name = "N")]
    micro_batch: Option<usize>,
    /// Light adversarial training: moves the images of each batch by one FGSM step of size EPS before they are learned
    #[arg(long, value_name = "fgsm:EPS", value_parser = adversarial, allow_hyphen_values = true)]
    adversarial: Option<AdversarialTraining>,
    /// Weights that the backbone begins with, of the same ResNet: a file (.safetensors, .pth) or the name of published ones,
    /// such as resnet152-v2 (a file of that name is ./NAME), or none. The first convolution and the last layer are always
    /// new
    #[arg(long, value_name = "FILE|NAME|none")]
    weights: Option<String>,
    /// Pixels, both ways, that views are brought to for the network
    #[arg(long, value_name = "N")]
    input_size: Option<usize>,
    /// Learning rate of the backbone's training
    #[arg(long, value_name = "RATE")]
    lr: Option<f64>,
    /// Layers that get a head: 1 the stem, then one a residual block, then the average pool
    #[arg(long, value_name = "L,L,…", value_delimiter = ',')]
    heads: Option<Vec<usize>>,
    /// Epochs of each head's training
    #[arg(long, value_name = "N")]
    head_epochs: Option<u16>,

    /// Format of the products of convolutions and linear layers on a GPU, in training and in the attacks' search;
    /// weights, sums and verdicts stay f32. The CPU computes in f32
    #[arg(long, value_name = "f32|tf32|bf16|f16", value_parser = named::<Precision>)]
    precision: Option<Precision>,

    /// Resolutions of the views, in pixels
    #[arg(
        long,
        value_name = "R,R,…",
        value_delimiter = ',',
        help_heading = "The method"
    )]
    resolutions: Option<Vec<usize>>,
    /// Amplitude of the noise in the views
    #[arg(long, value_name = "A", help_heading = "The method")]
    noise: Option<f64>,
    /// Largest shift of a view, in pixels
    #[arg(long, value_name = "N", help_heading = "The method")]
    jitter: Option<u32>,
    /// What CrossMax takes of each class's predictors: the K-th highest (--top-k), or their median
    #[arg(long, value_name = "top-k|median", value_parser = named::<AggregationRule>, help_heading = "The method")]
    aggregation: Option<AggregationRule>,
    /// CrossMax takes each class's K-th highest predictor
    #[arg(long, value_name = "K", help_heading = "The method")]
    top_k: Option<usize>,
    /// The noise's distribution: uniform as in the authors' notebook, gaussian as in the paper
    #[arg(long, value_name = "uniform|gaussian", value_parser = named::<NoiseKind>, help_heading = "The method")]
    noise_kind: Option<NoiseKind>,
    /// Contrast and colour: one draw for both as in the notebook, or two
    #[arg(long, value_name = "coupled|independent", value_parser = named::<ContrastRule>, help_heading = "The method")]
    contrast: Option<ContrastRule>,
    /// The backbone's own vote: from a pass of its own as in the notebook, or from the heads' pass
    #[arg(long, value_name = "independent|shared", value_parser = named::<BackbonePass>, help_heading = "The method")]
    backbone_pass: Option<BackbonePass>,
    /// The backbone's running statistics while heads are trained: drifting as in the notebook, or frozen
    #[arg(long, value_name = "drifting|frozen", value_parser = named::<HeadBatchNorm>, help_heading = "The method")]
    head_batch_norm: Option<HeadBatchNorm>,

    /// Images attacked: the first of the test images
    #[arg(long, value_name = "N", help_heading = "The attack")]
    attack_images: Option<usize>,
    /// Iterations of each attack
    #[arg(long, value_name = "N", help_heading = "The attack")]
    iterations: Option<usize>,
    /// Draws each gradient is averaged over (expectation over transformations)
    #[arg(long, value_name = "N", help_heading = "The attack")]
    eot: Option<usize>,
    /// L∞ radius for colours in [0, 1]
    #[arg(
        long, value_name = "8/255|0.03", value_parser = fraction, allow_hyphen_values = true,
        help_heading = "The attack"
    )]
    eps: Option<f64>,
    /// Images between two checkpoints of the attack
    #[arg(long, value_name = "N", help_heading = "The attack")]
    attack_block: Option<usize>,
    /// Rows (images × draws) evaluated at once; no influence on the result
    #[arg(long, value_name = "N", help_heading = "The attack")]
    sub_batch: Option<usize>,
}

/// Images a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batch {
    /// As many as fit.
    Auto,
    /// This many.
    Images(usize),
}

impl Overrides {
    /// Whether the batch is to be as large as the memory allows.
    pub fn wants_auto_batch(&self) -> bool {
        self.batch == Some(Batch::Auto)
    }

    /// Sets the values that were given.
    pub fn apply(&self, config: &mut Config) {
        set(&mut config.data.train_images, &self.train_images);
        set(&mut config.data.test_images, &self.test_images);
        if let Some(limit) = self.limit {
            config.data.train_images = config.data.train_images.min(limit);
            config.data.test_images = config.data.test_images.min(limit);
        }
        set(&mut config.data.classes, &self.classes);
        set(&mut config.data.test_share, &self.test_share);
        config.data.image_size = self.image_size.or(config.data.image_size);
        set(&mut config.backbone.epochs, &self.epochs);
        if let Some(Batch::Images(images)) = self.batch {
            config.backbone.batch = images;
        }
        config.backbone.micro_batch = self.micro_batch.or(config.backbone.micro_batch);
        config.backbone.adversarial = self.adversarial.or(config.backbone.adversarial);
        config.backbone.weights = self.weights.clone().or(config.backbone.weights.take());
        set(&mut config.backbone.input_size, &self.input_size);
        set(&mut config.backbone.lr, &self.lr);
        set(&mut config.heads.layers, &self.heads);
        set(&mut config.heads.epochs, &self.head_epochs);
        set(&mut config.precision, &self.precision.map(Precisions::both));
        set(&mut config.method.resolutions, &self.resolutions);
        set(&mut config.method.noise, &self.noise);
        set(&mut config.method.jitter, &self.jitter);
        set(&mut config.method.aggregation, &self.aggregation);
        set(&mut config.method.top_k, &self.top_k);
        set(&mut config.method.noise_kind, &self.noise_kind);
        set(&mut config.method.contrast, &self.contrast);
        set(&mut config.method.backbone_pass, &self.backbone_pass);
        set(&mut config.method.head_batch_norm, &self.head_batch_norm);
        set(&mut config.attack.images, &self.attack_images);
        set(&mut config.attack.iterations, &self.iterations);
        set(&mut config.attack.eot, &self.eot);
        set(&mut config.attack.eps, &self.eps);
        set(&mut config.attack.block, &self.attack_block);
        set(&mut config.attack.sub_batch, &self.sub_batch);
    }
}

fn set<T: Clone>(target: &mut T, value: &Option<T>) {
    if let Some(value) = value {
        target.clone_from(value);
    }
}

/// A setting by the name it has in config.toml.
fn named<T: DeserializeOwned>(name: &str) -> Result<T, NameError> {
    T::deserialize(name.into_deserializer())
}

/// `auto`, or a number of images.
fn batch(text: &str) -> Result<Batch, String> {
    match text {
        "auto" => Ok(Batch::Auto),
        number => number
            .parse()
            .map(Batch::Images)
            .map_err(|e| format!("{e}: expected auto or a number")),
    }
}

/// `fgsm:EPS`.
fn adversarial(text: &str) -> Result<AdversarialTraining, String> {
    let eps = text
        .strip_prefix("fgsm:")
        .ok_or("expected fgsm:EPS, such as fgsm:8/255")?;
    fraction(eps).map(AdversarialTraining::fgsm)
}
