//! The steps that are measured.

use super::{ModelName, WorkName};
use crossmax::Result;
use crossmax::attacks::{Draw, Oracle};
use crossmax::device::Device;
use crossmax::ensemble::{Method, MultiResolution};
use crossmax::models::FoldedResNet;
use crossmax::nn::move_module;
use crossmax::prelude::*;
use rayon::prelude::*;

/// A network with its input, ready for steps of one kind.
pub struct Work {
    /// The view stack before the network, if there is one.
    views: Option<MultiResolution>,
    network: Network,
    with_gradient: bool,
    /// What passes beside each other on the CPU's threads.
    parts: Vec<Part>,
    flops: f64,
}

/// Images that pass together.
struct Part {
    images: Tensor,
    labels: Vec<usize>,
    draws: Vec<Draw>,
}

enum Network {
    Folded(Box<FoldedResNet>),
    Trained(Box<ResNet>, Adam),
}

impl Work {
    /// Random weights and `batch` images of `side`×`side` pixels on `device`.
    pub fn new(
        model: ModelName,
        mode: WorkName,
        [batch, side]: [usize; 2],
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        let config = match model {
            ModelName::Resnet152 => ResNetConfig::torchvision(152, 12, 100)?,
            ModelName::Resnet20 => ResNetConfig::cifar(3, 12, 10),
            ModelName::Pocket => ResNetConfig::pocket(12, 12),
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
        let views = match has_views {
            true => Some(MultiResolution::new(
                net.clone(),
                Method::default(),
                side,
                side,
                seed,
            )?),
            false => None,
        };
        // A network is evaluated in the memory that it was made in.
        let network = match mode {
            WorkName::Train => Network::Trained(Box::new(net), Adam::new(1e-3)),
            WorkName::Forward | WorkName::Attack => Network::Folded(Box::new(net.into_folded()?)),
        };
        let shape = Shape::from([batch, side, side, channels]);
        let pixels = Philox::new(seed, Purpose::Test).uniform::<f32>(Counter::default(), shape.len());
        let images = Tensor::from_slice(shape, &pixels)?;
        // An attack on the pocket pipeline walks its rows so; layers of a large network are shared by the threads.
        let beside_each_other = has_views && mode != WorkName::Train && device.accelerator().is_none();
        let size = if beside_each_other {
            Oracle::<f32>::SUB_BATCH
        } else {
            batch
        };
        let parts = (0..batch).step_by(size).map(|first| {
            let range = first..(first + size).min(batch);
            let draw = |image| Draw {
                image: image as u32,
                ..Draw::default()
            };
            Ok(Part {
                images: images.rows(range.start, range.len())?.on(device)?,
                labels: range.clone().map(|image| image % classes).collect(),
                draws: range.map(draw).collect(),
            })
        });
        Ok(Self {
            views,
            network,
            with_gradient: mode == WorkName::Attack,
            parts: parts.collect::<Result<_>>()?,
            flops,
        })
    }

    /// Floating-point operations of a step's convolutions and last layer.
    pub fn flops(&self) -> f64 {
        self.flops
    }

    /// One step, until its result is there.
    pub fn step(&mut self) -> Result<()> {
        let Self {
            views,
            network,
            with_gradient,
            parts,
            ..
        } = self;
        match network {
            Network::Folded(net) => parts
                .par_iter()
                .try_for_each(|part| part.evaluate(views.as_ref(), net, *with_gradient)),
            Network::Trained(net, adam) => parts
                .iter()
                .try_for_each(|part| part.learn(views.as_ref(), net, adam)),
        }
    }
}

impl Part {
    /// What the network is given for `images`.
    fn inputs(&self, views: Option<&MultiResolution>, images: &Var) -> Result<Var> {
        match views {
            Some(pipeline) => pipeline.views(images, &self.draws, 0),
            None => Ok(images.clone()),
        }
    }

    /// Logits, and the gradient of their loss by the images if `with_gradient`.
    fn evaluate(
        &self,
        views: Option<&MultiResolution>,
        net: &FoldedResNet,
        with_gradient: bool,
    ) -> Result<()> {
        if !with_gradient {
            let inputs = self.inputs(views, &Var::constant(self.images.clone()))?;
            return wait_for(Some(net.forward(&inputs)?.value()));
        }
        let images = Var::leaf(self.images.clone());
        let inputs = self.inputs(views, &images)?;
        let loss = net.forward(&inputs)?.cross_entropy(&self.labels)?.mean_all()?;
        drop(inputs);
        wait_for(loss.backward(None)?.get(&images))
    }

    /// One step of Adam.
    fn learn(&self, views: Option<&MultiResolution>, net: &mut ResNet, adam: &mut Adam) -> Result<()> {
        let inputs = self.inputs(views, &Var::constant(self.images.clone()))?;
        let mut pass = Pass::train();
        let loss = net
            .forward(&inputs, &mut pass)?
            .cross_entropy(&self.labels)?
            .mean_all()?;
        let value = loss.value().clone();
        let gradients = pass.parameter_gradients(loss.backward(None)?);
        adam.step(net, &gradients)?;
        pass.commit(net)?;
        wait_for(Some(&value))
    }
}

/// Returns when the device has made `tensor`: a copy of it waits for that.
fn wait_for(tensor: Option<&Tensor>) -> Result<()> {
    match tensor {
        Some(tensor) if tensor.accelerator().is_some() => tensor.to_vec().map(|_| ()),
        _ => Ok(()),
    }
}
