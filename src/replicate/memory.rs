//! How much memory a run will need, before it is begun.

use super::evaluate::{CHUNK, CHUNK_OF_ACCELERATOR};
use super::{Config, DataShape};
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
    /// Gradients of what is learned.
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
        self.parameters + self.gradients + self.optimiser + self.activations + self.workspaces
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
        };
        let chunk = match device {
            Device::Cpu => CHUNK,
            Device::Accelerator(_) => CHUNK_OF_ACCELERATOR,
        };
        let resized = if side == shape.image_size { 0 } else { 1 };
        let training = |stage: &str, cost: &NetworkCost, held: u64| StageMemory {
            stage: stage.to_owned(),
            parameters: held,
            // Of a pass, and beside it the sum over a batch of several.
            gradients: bytes(cost.parameters()) * if batch < config.backbone.batch { 2 } else { 1 },
            optimiser: 2 * bytes(cost.parameters()),
            activations: training_pass(cost, batch, resized),
            workspaces: (WEIGHT_GRADIENT_PARTS + 1) * largest_filter(cost),
        };
        let largest = heads.iter().max_by_key(|head| head.parameters);
        let head_training = largest.map(|head| StageMemory {
            stage: "heads".into(),
            parameters: held,
            gradients: bytes(head.parameters),
            optimiser: 2 * bytes(head.parameters),
            activations: working(&views, config.heads.batch) + 4 * rows(config.heads.batch, head.features),
            workspaces: bytes(head.parameters),
        });
        let folded = held + weights(&views) + heads.iter().map(|head| bytes(head.parameters)).sum::<u64>();
        let tapped: u64 = heads.iter().map(|head| rows(chunk, head.features)).sum();
        let evaluation = StageMemory {
            stage: "clean accuracy".into(),
            parameters: folded + 2 * weights(&plain),
            gradients: 0,
            optimiser: 0,
            activations: parallel as u64 * (working(&views, chunk) + tapped),
            workspaces: parallel as u64 * largest_filter(&views),
        };
        let attack = StageMemory {
            stage: "attack".into(),
            parameters: folded + weights(&plain),
            gradients: 0,
            optimiser: 0,
            // The heads' pass and the backbone's.
            activations: parallel as u64 * 2 * attacked_pass(&views, config.attack.sub_batch, resized),
            workspaces: parallel as u64 * largest_filter(&views),
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

/// Sets the largest batch of the backbone's training, a power of two from 8 to 512, with which the plan of `config` fits
/// into nine tenths of `available` bytes; 8 if none does. Passes are then as large as the batch.
pub fn choose_batch(config: &mut Config, shape: DataShape, device: &Device, available: u64) {
    config.backbone.micro_batch = None;
    let room = available / 10 * 9;
    config.backbone.batch = 512;
    while config.backbone.batch > 8 {
        let plan = MemoryPlan::of(config, shape, device);
        let training = plan
            .stages
            .iter()
            .filter(|stage| matches!(stage.stage.as_str(), "backbone" | "baseline"));
        if training.map(StageMemory::total).max() <= Some(room) {
            return;
        }
        config.backbone.batch /= 2;
    }
}

/// Bytes that `device` can still give; nothing where the system does not tell.
pub fn available_memory(device: &Device) -> Option<u64> {
    match device {
        Device::Cpu => {
            let text = std::fs::read_to_string("/proc/meminfo").ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
            let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
            let machine = kibibytes.saturating_mul(1024);
            Some(left_in_group().map_or(machine, |left| machine.min(left)))
        }
        Device::Accelerator(accelerator) => {
            let memory = accelerator.memory();
            memory.total.map(|total| total.saturating_sub(memory.live) as u64)
        }
    }
}

/// Bytes that the process's control group may still take, where it is limited (containers; Linux, cgroup 2 or 1).
fn left_in_group() -> Option<u64> {
    const FILES: [[&str; 2]; 2] = [
        ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"],
        [
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        ],
    ];
    // "max" is no number: there is no limit.
    let number = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    FILES
        .iter()
        .find_map(|[most, used]| Some(number(most)?.saturating_sub(number(used)?)))
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

/// Images a training pass of the backbone.
fn pass_of(config: &Config) -> usize {
    let b = &config.backbone;
    b.micro_batch.unwrap_or(b.batch).min(b.batch)
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

/// More than any machine has, and so little that sums of it are numbers.
const MOST: u64 = 1 << 48;

/// Bytes of this many f32.
fn bytes(numbers: usize) -> u64 {
    (numbers as u64).saturating_mul(4).min(MOST)
}

/// Bytes of a tensor of `batch` rows of `row` numbers, with what the pool adds.
fn rows(batch: usize, row: usize) -> u64 {
    let numbers = batch.saturating_mul(row);
    match bytes(numbers) {
        MOST => MOST,
        bytes => pooled_bytes(bytes as usize) as u64,
    }
}

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

/// The worst moment of an attack's pass, there and back: a folded layer keeps its rectified output alone.
fn attacked_pass(cost: &NetworkCost, batch: usize, resized: u64) -> u64 {
    let input = picture(batch, cost.layers.first().copied().unwrap_or_default());
    let mut kept = input * (1 + resized);
    let mut worst = kept;
    for (number, convolution) in cost.convolutions.iter().enumerate() {
        let output = picture(batch, convolution.output);
        kept += if convolution.rectified { output } else { 0 };
        if number == 0 && cost.pooled {
            kept += picture(batch, cost.layers.get(1).copied().unwrap_or_default());
        }
        worst = worst.max(kept + 2 * output + picture(batch, convolution.input));
    }
    worst
}
