//! `crossmax bench`: how fast this machine computes.

mod ceiling;
mod memory;
mod work;

use super::common::Common;
use super::output::Output;
use super::progress::Progress;
use ceiling::ceiling_gflops;
use clap::{Args, ValueEnum};
use crossmax::{Error, Result};
use memory::peak_bytes;
use serde::Serialize;
use serde_json::json;
use std::time::Instant;
use work::Work;

/// Measure passes, attack steps or training steps of a network.
///
/// The weights and inputs are random. `attack` is the gradient of the cross-entropy by the input, in evaluation mode with
/// batch normalisation folded; `train` is one step of Adam.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The network
    #[arg(long, value_enum, default_value_t = ModelName::Pocket)]
    model: ModelName,
    /// What is done with it
    #[arg(long, value_enum, default_value_t = WorkName::Attack)]
    mode: WorkName,
    /// Images a step
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    batch: u16,
    /// Height and width of the images [default: 224 of resnet152, 32 of the others]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(8..=1024))]
    size: Option<u16>,
    /// Steps that are measured, after one that is not; the median counts
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    steps: u16,
}

const EXAMPLES: &str = "\
Examples:
  crossmax bench --model resnet152 --mode attack --batch 2
  crossmax bench --model resnet152 --batch 2 --size 64
  crossmax bench --model resnet20 --mode train --batch 32 --threads 1 --json";

/// The networks that are measured.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelName {
    /// torchvision's ResNet152 on 224×224 pictures of 12 channels, 100 classes
    Resnet152,
    /// ResNet-20 for 32×32 pictures of 12 channels, 10 classes
    Resnet20,
    /// The pocket pipeline: the view stack of 32×32 pictures and the pocket network
    Pocket,
}

impl ModelName {
    /// Height and width of the images that it was made for.
    fn image_size(self) -> usize {
        match self {
            Self::Resnet152 => 224,
            Self::Resnet20 | Self::Pocket => 32,
        }
    }
}

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkName {
    /// Logits in evaluation mode
    Forward,
    /// Logits and the gradient by the input
    Attack,
    /// One step of Adam
    Train,
}

/// Runs the command.
pub fn run(arguments: &Arguments, common: &Common, output: Output) -> Result<()> {
    let progress = Progress::new(output);
    let device = common.open_device(&progress)?;
    let batch = usize::from(arguments.batch);
    let size = arguments.size.map_or(arguments.model.image_size(), usize::from);
    let mut work = Work::new(
        arguments.model,
        arguments.mode,
        [batch, size],
        common.seed.unwrap_or(0),
        &device,
    )?;
    work.step()?;
    let mut seconds = Vec::with_capacity(arguments.steps.into());
    for _ in 0..arguments.steps {
        let start = Instant::now();
        work.step()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let flops = work.flops();
    // The ceiling needs memory of its own, which is not the work's.
    let peak = peak_bytes();
    drop(work);
    let ceiling = ceiling_gflops(&device)?;
    seconds.sort_by(f64::total_cmp);
    let median = seconds
        .get(seconds.len() / 2)
        .copied()
        .ok_or_else(|| Error::argument("bench", "--steps", "at least 1", 0))?;
    let gflops = flops / median / 1e9;
    let images = batch as f64 / median;
    let memory = peak.map_or("unknown on this system".to_owned(), |bytes| {
        format!("{} MiB", bytes >> 20)
    });
    let text = format!(
        "{:?} {:?}, batch {batch}, {device}: {images:.1} images/s, {:.2} ms a step, {gflops:.0} GFLOP/s = {:.0} % of a large product's {ceiling:.0}; peak memory {memory}",
        arguments.model,
        arguments.mode,
        1e3 * median,
        100.0 * gflops / ceiling,
    );
    output.result(
        &text,
        &json!({
            "model": arguments.model,
            "mode": arguments.mode,
            "batch": batch,
            "size": size,
            "device": device.to_string(),
            "steps": arguments.steps,
            "seconds": median,
            "seconds_of_steps": seconds,
            "images_per_second": images,
            "gflops": gflops,
            "ceiling_gflops": ceiling,
            "share_of_ceiling": gflops / ceiling,
            "peak_memory_bytes": peak,
        }),
    )
}
