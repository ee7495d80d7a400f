//! How much memory a run will need, before it is begun.

use super::evaluate::{CHUNK, CHUNK_OF_ACCELERATOR};
use super::{Config, DataShape, available_memory};
use crate::device::Device;
use crate::models::NetworkCost;
use crate::tensor::pooled_bytes;
use serde::Serialize;

/// Bytes that a stage has in use at its worst moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageMemory {
    /// The stage.
    pub stage: String,
    /// Weights and running statistics of all networks and heads that are there, and copies folded for evaluation.
    pub parameters: u64,
    /// Gradients of what is learned; twice where they are summed over passes: the sum, and those of a pass.
    pub gradients: u64,
    /// The optimiser's moments.
    pub optimiser: u64,
    /// Outputs of layers: those kept for the way back, and those at work.
    pub activations: u64,
    /// What single operations need beside.
    pub workspaces: u64,
}

impl StageMemory {
    /// All of it.
    pub fn total(&self) -> u64 {
        let parts = [
            self.parameters,
            self.gradients,
            self.optimiser,
            self.activations,
            self.workspaces,
        ];
        parts.into_iter().fold(0, u64::saturating_add)
    }
}

/// The memory of a run's stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemoryPlan {
    /// Images a pass of the backbone's training.
    pub batch: usize,
    /// The stages, in their order.
    pub stages: Vec<StageMemory>,
}

impl MemoryPlan {
    /// The plan of `config` for data of this shape on `device`.
    pub fn of(config: &Config, shape: DataShape, device: &Device) -> Self {
        let classes = shape.classes;
        let side = config.backbone.input_size;
        let views = config
            .network(3 * config.method.resolutions.len(), classes)
            .cost(side);
        let plain = config.network(3, classes).cost(side);
        let heads: Vec<HeadSize> = config
            .head_layers()
            .iter()
            .map(|&layer| HeadSize::of(&views, layer, classes))
            .collect();
        let all_heads: u64 = heads
            .iter()
            .map(|head| bytes(head.parameters + head.buffers))
            .sum();
        let held = weights(&views) + all_heads;
        let batch = pass_of(config);
        let threads = rayon::current_num_threads();
        let parallel = match device {
            Device::Cpu => threads,
            Device::Accelerator(_) => 1,
        } as u64;
        let chunk = match device {
            Device::Cpu => CHUNK,
            Device::Accelerator(_) => CHUNK_OF_ACCELERATOR,
        };
        let resized = if side == shape.image_size { 0 } else { 1 };
        let training = |stage: &str, cost: &NetworkCost, held: u64| StageMemory {
            stage: stage.to_owned(),
            parameters: held,
            gradients: copies_of_gradients(config) * bytes(cost.parameters()),
            optimiser: 2 * bytes(cost.parameters()),
            activations: training_pass(cost, batch, resized),
            workspaces: (WEIGHT_GRADIENT_PARTS + 1) * largest_filter(cost),
        };
        let head_batch = config.heads.batch.min(config.data.train_images);
        let largest = heads.iter().max_by_key(|head| head.parameters);
        let head_training = largest.map(|head| StageMemory {
            stage: "heads".into(),
            parameters: held,
            gradients: bytes(head.parameters),
            optimiser: 2 * bytes(head.parameters),
            activations: working(&views, head_batch) + 4 * rows(head_batch, head.features),
            workspaces: bytes(head.parameters),
        });
        let folded = held + weights(&views) + heads.iter().map(|head| bytes(head.parameters)).sum::<u64>();
        let tapped: u64 = heads.iter().map(|head| rows(chunk, head.features)).sum();
        let evaluation = StageMemory {
            stage: "clean accuracy".into(),
            parameters: folded + 2 * weights(&plain),
            gradients: 0,
            optimiser: 0,
            activations: parallel.saturating_mul(working(&views, chunk) + tapped),
            workspaces: parallel.saturating_mul(largest_filter(&views)),
        };
        let attacked_rows = config.attack.images.saturating_mul(config.attack.eot);
        let attacked_rows = config.attack.sub_batch.min(attacked_rows);
        let attack = StageMemory {
            stage: "attack".into(),
            parameters: folded + weights(&plain),
            gradients: 0,
            optimiser: 0,
            // The heads' pass and the backbone's.
            activations: (2 * parallel).saturating_mul(attacked_pass(&views, attacked_rows, resized, device)),
            workspaces: parallel.saturating_mul(largest_filter(&views)),
        };
        let stages = [
            Some(training("backbone", &views, held)),
            head_training,
            Some(training("baseline", &plain, held + weights(&plain))),
            Some(evaluation),
            Some(attack),
        ];
        Self {
            batch,
            stages: stages.into_iter().flatten().collect(),
        }
    }

    /// The most that any stage needs.
    pub fn peak(&self) -> u64 {
        self.stages.iter().map(StageMemory::total).max().unwrap_or(0)
    }

    /// One line for people, with what `device` has.
    pub fn line(&self, device: &Device) -> String {
        let worst = self.stages.iter().max_by_key(|stage| stage.total());
        let stage = worst.map_or("", |stage| stage.stage.as_str());
        let there = match available_memory(device) {
            Some(there) if there < self.peak() => {
                format!(
                    "; {} available: too little, see --batch auto, --micro-batch and --sub-batch",
                    gibibytes(there)
                )
            }
            Some(there) => format!("; {} available", gibibytes(there)),
            None => String::new(),
        };
        format!(
            "memory: about {} at most ({stage}){there}",
            gibibytes(self.peak())
        )
    }
}

/// Sets the largest batch of the backbone's training, a power of two from 8 to 512, whose training fits into nine tenths
/// of `available` bytes; 8 if none does. Passes are as large as the batch unless `config` says otherwise. Answers whether
/// the whole plan fits: the other stages need what they need whatever the batch is.
pub fn choose_batch(config: &mut Config, shape: DataShape, device: &Device, available: u64) -> bool {
    let room = available / 10 * 9;
    config.backbone.batch = 512;
    while config.backbone.batch > 8 {
        let plan = MemoryPlan::of(config, shape, device);
        let training = plan
            .stages
            .iter()
            .filter(|stage| matches!(stage.stage.as_str(), "backbone" | "baseline"));
        if training.map(StageMemory::total).max() <= Some(room) {
            break;
        }
        config.backbone.batch /= 2;
    }
    MemoryPlan::of(config, shape, device).peak() <= room
}

/// For people: GiB, or MiB of what is small.
pub fn gibibytes(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if mebibytes < 1000.0 {
        format!("{mebibytes:.0} MiB")
    } else {
        format!("{:.1} GiB", mebibytes / 1024.0)
    }
}

/// How many gradients of the backbone are there at once.
fn copies_of_gradients(config: &Config) -> u64 {
    let in_parts = config.backbone.micro_batch.is_some();
    match in_parts && pass_of(config) < config.backbone.batch.min(config.data.train_images) {
        true => 2,
        false => 1,
    }
}

/// Images a training pass of the backbone.
fn pass_of(config: &Config) -> usize {
    let b = &config.backbone;
    b.micro_batch
        .unwrap_or(b.batch)
        .min(b.batch)
        .min(config.data.train_images)
}

/// Sizes of a head, in numbers.
struct HeadSize {
    features: usize,
    parameters: usize,
    buffers: usize,
}

impl HeadSize {
    fn of(cost: &NetworkCost, layer: usize, classes: usize) -> Self {
        let features: usize = cost.layers.get(layer).map_or(0, |shape| shape.iter().product());
        Self {
            features,
            parameters: features * classes + classes + 2 * features,
            buffers: 2 * features,
        }
    }
}

/// Bytes of this many f32.
fn bytes(numbers: usize) -> u64 {
    4_u64.saturating_mul(numbers as u64).min(MOST)
}

/// Bytes of a tensor of `batch` rows of `row` numbers, with what the pool adds.
fn rows(batch: usize, row: usize) -> u64 {
    let most = batch.saturating_mul(row).min(MOST as usize / 4);
    pooled_bytes(4 * most) as u64
}

/// Bytes that a single tensor counts at most: 16 TiB, which no device has, so that sums do not overflow.
const MOST: u64 = 1 << 44;

/// Sums that the gradient of a convolution's weights is added up from at most.
const WEIGHT_GRADIENT_PARTS: u64 = 16;

/// Bytes of the weights of the largest convolution.
fn largest_filter(cost: &NetworkCost) -> u64 {
    cost.convolutions
        .iter()
        .map(|convolution| bytes(convolution.weights))
        .max()
        .unwrap_or(0)
}

/// Weights and running statistics.
fn weights(cost: &NetworkCost) -> u64 {
    bytes(cost.parameters() + cost.buffers())
}

fn picture(batch: usize, shape: [usize; 3]) -> u64 {
    rows(batch, shape.iter().product())
}

/// The worst moment of a training pass, there and back. For the way back a convolution keeps its input, batch
/// normalisation its input and ReLU its output, which is the next convolution's input.
fn training_pass(cost: &NetworkCost, batch: usize, resized: u64) -> u64 {
    let input = picture(batch, cost.layers.first().copied().unwrap_or_default());
    // The views before they were resized and normalised are given back when the pass begins.
    let mut kept = input;
    let mut worst = input * (2 + resized);
    for (number, convolution) in cost.convolutions.iter().enumerate() {
        let output = picture(batch, convolution.output);
        kept += output * if convolution.rectified { 2 } else { 1 };
        if number == 0 && cost.pooled {
            // The pool's output, and the position of each of its maxima.
            kept += 2 * picture(batch, cost.layers.get(1).copied().unwrap_or_default());
        }
        // There: the normalised output before the ReLU, and a shortcut. Back: the gradients of the output, of the
        // normalised output and of the input, and the shortcut's.
        let there = kept + 2 * output;
        let back = kept + 3 * output + picture(batch, convolution.input);
        worst = worst.max(there).max(back);
    }
    worst
}

/// The worst moment of a pass of which nothing is kept.
fn working(cost: &NetworkCost, batch: usize) -> u64 {
    let moments = cost.convolutions.iter();
    let worst = moments
        .map(|c| 2 * picture(batch, c.output) + 2 * picture(batch, c.input))
        .max();
    worst.unwrap_or(0)
}

/// The worst moment of an attack's pass, there and back: a folded layer keeps its rectified output alone, and on an
/// accelerator one bit for each of its elements.
fn attacked_pass(cost: &NetworkCost, batch: usize, resized: u64, device: &Device) -> u64 {
    const ELEMENT_BITS: u64 = 32;
    let share = match device {
        Device::Cpu => 1,
        Device::Accelerator(_) => ELEMENT_BITS,
    };
    let input = picture(batch, cost.layers.first().copied().unwrap_or_default());
    let mut kept = input * (1 + resized);
    let mut worst = kept;
    for (number, convolution) in cost.convolutions.iter().enumerate() {
        let output = picture(batch, convolution.output);
        kept += if convolution.rectified {
            output.div_ceil(share)
        } else {
            0
        };
        if number == 0 && cost.pooled {
            kept += picture(batch, cost.layers.get(1).copied().unwrap_or_default());
        }
        worst = worst.max(kept + 2 * output + picture(batch, convolution.input));
    }
    worst
}
