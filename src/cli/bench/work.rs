//! The steps that are measured.

use super::{ModelName, WorkName};
use crossmax::Result;
use crossmax::attacks::Draw;
use crossmax::device::Device;
use crossmax::ensemble::{Method, MultiResolution};
use crossmax::models::FoldedResNet;
use crossmax::nn::move_module;
use crossmax::prelude::*;

/// A network with its input, ready for steps of one kind.
pub struct Work {
    /// The view stack before the network, if there is one.
    views: Option<(MultiResolution, Vec<Draw>)>,
    network: Network,
    with_gradient: bool,
    images: Tensor,
    labels: Vec<usize>,
    flops: f64,
}

enum Network {
    Folded(Box<FoldedResNet>),
    Trained(Box<(ResNet, Adam)>),
}

impl Work {
    /// Random weights and images on `device`.
    pub fn new(model: ModelName, mode: WorkName, batch: usize, seed: u64, device: &Device) -> Result<Self> {
        let (config, side) = match model {
            ModelName::Resnet152 => (ResNetConfig::torchvision(152, 12, 100)?, 224),
            ModelName::Resnet20 => (ResNetConfig::cifar(3, 12, 10), 32),
            ModelName::Pocket => (ResNetConfig::pocket(12, 12), 32),
        };
        let has_views = matches!(model, ModelName::Pocket);
        let channels = if has_views { 3 } else { config.stem.channels };
        let cost = config.cost(side);
        // The gradient by the input costs as much as the pass; so does that by the weights.
        let passes = match mode {
            WorkName::Forward => 1.0,
            WorkName::Attack => 2.0,
            WorkName::Train => 3.0,
        };
        let stem = cost.convolutions.first().map_or(0, |stem| stem.flops());
        let skipped = if mode == WorkName::Train { stem } else { 0 };
        let flops = batch as f64 * (passes * cost.flops() as f64 - skipped as f64);
        let classes = config.classes;
        let mut net: ResNet = ResNet::new(config, &mut Init::new(seed))?;
        move_module(&mut net, device)?;
        let network = match mode {
            WorkName::Train => Network::Trained(Box::new((net.clone(), Adam::new(1e-3)))),
            WorkName::Forward | WorkName::Attack => Network::Folded(Box::new(net.folded()?)),
        };
        let draws = (0..batch as u32)
            .map(|image| Draw {
                image,
                ..Draw::default()
            })
            .collect();
        let views = match has_views {
            true => Some((
                MultiResolution::new(net, Method::default(), side, side, seed)?,
                draws,
            )),
            false => None,
        };
        let shape = Shape::from([batch, side, side, channels]);
        let pixels = Philox::new(seed, Purpose::Test).uniform::<f32>(Counter::default(), shape.len());
        Ok(Self {
            views,
            network,
            with_gradient: mode == WorkName::Attack,
            images: Tensor::from_slice(shape, &pixels)?.on(device)?,
            labels: (0..batch).map(|image| image % classes).collect(),
            flops,
        })
    }

    /// Floating-point operations of a step's convolutions and last layer.
    pub fn flops(&self) -> f64 {
        self.flops
    }

    /// One step, until its result is there.
    pub fn step(&mut self) -> Result<()> {
        let images = match self.with_gradient {
            true => Var::leaf(self.images.clone()),
            false => Var::constant(self.images.clone()),
        };
        let inputs = match &self.views {
            Some((pipeline, draws)) => pipeline.views(&images, draws, 0)?,
            None => images.clone(),
        };
        match &mut self.network {
            Network::Folded(net) => {
                let logits = net.forward(&inputs)?;
                if self.with_gradient {
                    let loss = logits.cross_entropy(&self.labels)?.mean_all()?;
                    wait_for(loss.backward(None)?.get(&images))
                } else {
                    wait_for(Some(logits.value()))
                }
            }
            Network::Trained(trained) => {
                let (net, adam) = &mut **trained;
                let mut pass = Pass::train();
                let loss = net
                    .forward(&inputs, &mut pass)?
                    .cross_entropy(&self.labels)?
                    .mean_all()?;
                let gradients = pass.parameter_gradients(loss.clone().backward(None)?);
                adam.step(net, &gradients)?;
                pass.commit(net)?;
                wait_for(Some(loss.value()))
            }
        }
    }
}

/// Returns when the device has made `tensor`: a copy of it waits for that.
fn wait_for(tensor: Option<&Tensor>) -> Result<()> {
    match tensor {
        Some(tensor) if tensor.accelerator().is_some() => tensor.to_vec().map(|_| ()),
        _ => Ok(()),
    }
}
