//! The recorded traces, and the network behind them as a [`Classifier`].

use crossmax::attacks::{
    AttackSlot, Classifier, Draw, LabelledImages, Linearised, SquareSource, StartSource, linearise,
};
use crossmax::autograd::Var;
use crossmax::io::{Stored, TensorFile};
use crossmax::ops::Conv2d;
use crossmax::tensor::Tensor;
use crossmax::{Error, Result};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// One file of `tests/fixtures/attacks`.
pub struct Trace {
    name: String,
    file: TensorFile,
    config: Value,
}

impl Trace {
    pub fn load(name: &str) -> Result<Self> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/attacks/{name}.safetensors"));
        let file = TensorFile::load(&path)?;
        let config = file.note(name).and_then(|json| serde_json::from_str(&json).ok());
        Ok(Self {
            name: name.to_owned(),
            file,
            config: config.ok_or_else(|| Error::format(&path, "JSON metadata", "none", "regenerate"))?,
        })
    }

    /// Names of the cases that the configuration describes.
    pub fn cases(&self) -> Vec<String> {
        let cases = self.config.as_object().into_iter().flatten();
        cases.map(|(name, _)| name.clone()).collect()
    }

    /// Those tensors of the file whose names go on with `case`, and its part of the configuration.
    pub fn case(self, case: &str) -> Self {
        Self {
            name: format!("{}.{case}", self.name),
            config: self.config[case].clone(),
            ..self
        }
    }

    fn get(&self, key: &str) -> &Stored {
        let name = format!("{}.{key}", self.name);
        self.file
            .tensors
            .get(&name)
            .unwrap_or_else(|| panic!("no tensor {name}"))
    }

    /// Reals in their layout.
    pub fn reals(&self, key: &str) -> Tensor<f64> {
        match self.get(key).float() {
            Ok(Some(tensor)) => tensor,
            other => panic!("{key} is {other:?}"),
        }
    }

    /// Pictures [..., C, H, W] as [N, H, W, C].
    pub fn pictures(&self, key: &str) -> Result<Tensor<f64>> {
        let tensor = self.reals(key);
        let picture = &tensor.dims()[tensor.dims().len() - 3..];
        let rows = tensor.len() / picture.iter().product::<usize>();
        tensor
            .reshape([rows, picture[0], picture[1], picture[2]])?
            .nchw_to_nhwc()
    }

    pub fn integers(&self, key: &str) -> Vec<usize> {
        match self.get(key) {
            Stored::Int(_, values) => values
                .iter()
                .map(|&v| usize::try_from(v).unwrap_or(usize::MAX))
                .collect(),
            other => panic!("{key} is {other:?}"),
        }
    }

    pub fn flags(&self, key: &str) -> Vec<bool> {
        self.integers(key).into_iter().map(|flag| flag == 1).collect()
    }

    pub fn number(&self, key: &str) -> f64 {
        self.config[key]
            .as_f64()
            .unwrap_or_else(|| panic!("no number {key}"))
    }

    pub fn text(&self, key: &str) -> String {
        self.config[key].as_str().unwrap_or_default().to_owned()
    }

    pub fn texts(&self, key: &str) -> Vec<String> {
        let texts = self.config[key].as_array().into_iter().flatten();
        texts
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    }

    pub fn switch(&self, key: &str) -> bool {
        self.config[key]
            .as_bool()
            .unwrap_or_else(|| panic!("no switch {key}"))
    }

    pub fn count(&self, key: &str) -> u16 {
        self.number(key) as u16
    }
}

/// Who makes a call, iterate and draw: what the recorded noise is looked up by.
type CallName = (u8, u16, u16);

/// The noise that the randomised network added in each of its recorded calls.
pub struct Noise {
    pictures: Tensor<f64>,
    calls: HashMap<CallName, usize>,
}

impl Noise {
    /// Noise [calls, 3, 8, 6] of `trace`, one draw a call: `calls` are their draws in order.
    pub fn new(trace: &Trace, calls: impl IntoIterator<Item = (usize, Draw)>) -> Result<Self> {
        let calls = calls.into_iter().map(|(call, draw)| (call_name(&draw), call));
        Ok(Self {
            pictures: trace.pictures("noise")?,
            calls: calls.collect(),
        })
    }

    fn of(&self, draws: &[Draw]) -> Result<Tensor<f64>> {
        let calls: Vec<usize> = draws.iter().map(|draw| self.calls[&call_name(draw)]).collect();
        self.pictures.select(&calls)
    }
}

fn call_name(draw: &Draw) -> CallName {
    assert_eq!(draw.restart, 0);
    (draw.attack, draw.iteration, draw.draw)
}

/// The draws of an attack on one image: prediction, then all iterates and draws.
pub fn attack_draws(slot: AttackSlot, iterations: u16, eot: u16) -> Vec<Draw> {
    let search = (0..=iterations).flat_map(|i| (0..eot).map(move |draw| slot.search(0, 0, i, draw)));
    std::iter::once(slot.prediction(0)).chain(search).collect()
}

/// The network of the traces.
pub struct Network {
    conv1: (Var<f64>, Var<f64>),
    conv2: (Var<f64>, Var<f64>),
    linear: (Var<f64>, Var<f64>),
    pub noise: Option<Noise>,
}

impl Network {
    pub fn new(trace: &Trace) -> Result<Self> {
        let bias = |name: &str| Var::constant(trace.reals(&format!("{name}.bias")));
        let convolution = |name: &str| -> Result<_> {
            let weight = trace.reals(&format!("{name}.weight")).nchw_to_nhwc()?;
            Ok((Var::constant(weight), bias(name)))
        };
        // The recorded linear layer reads (channel, row, column) = (8, 3, 2).
        let linear = trace
            .reals("linear.weight")
            .reshape([10, 8, 3, 2])?
            .nchw_to_nhwc()?
            .reshape([10, 48])?;
        Ok(Self {
            conv1: convolution("conv1")?,
            conv2: convolution("conv2")?,
            linear: (Var::constant(linear), bias("linear")),
            noise: None,
        })
    }

    fn forward(&self, images: &Var<f64>, draws: &[Draw]) -> Result<Var<f64>> {
        let x = match &self.noise {
            Some(noise) => images.add(&Var::constant(noise.of(draws)?))?,
            None => images.clone(),
        };
        let x = x
            .conv2d(&self.conv1.0, Some(&self.conv1.1), Conv2d::square(1, 1))?
            .relu()?;
        let x = x
            .conv2d(&self.conv2.0, Some(&self.conv2.1), Conv2d::square(2, 0))?
            .relu()?;
        x.flatten()?.linear(&self.linear.0, Some(&self.linear.1))
    }
}

impl Classifier<f64> for Network {
    fn classes(&self) -> usize {
        10
    }

    fn is_random(&self) -> bool {
        self.noise.is_some()
    }

    fn logits(&self, images: &Tensor<f64>, draws: &[Draw]) -> Result<Tensor<f64>> {
        Ok(self.forward(&Var::constant(images.clone()), draws)?.into_value())
    }

    fn linearise<'a>(&'a self, images: &Tensor<f64>, draws: &[Draw]) -> Result<Linearised<'a, f64>> {
        linearise(images, |images| self.forward(images, draws))
    }
}

/// All images of the traces; their ids are their indices.
pub fn samples(trace: &Trace) -> Result<LabelledImages<f64>> {
    let labels = trace.integers("labels");
    let ids = (0..labels.len() as u32).collect();
    LabelledImages::new(trace.pictures("images")?, labels, ids)
}

/// The recorded random starts, the same for every attack.
pub struct RecordedStarts(pub Tensor<f64>);

impl StartSource<f64> for RecordedStarts {
    fn fill(&self, _: AttackSlot, _: u16, image: u32, out: &mut [f64]) -> Result<()> {
        out.copy_from_slice(self.0.rows(image as usize, 1)?.host("starts")?);
        Ok(())
    }
}

impl SquareSource for RecordedStarts {
    fn fill(&self, _: AttackSlot, _: u16, _: u16, _: u32, _: &mut [f64]) -> Result<()> {
        Err(Error::argument(
            "RecordedStarts",
            "attack",
            "one without squares",
            "Square",
        ))
    }
}
