//! Convolution, batch normalisation and linear layers, named as in PyTorch.

use super::folded::Affine;
use super::slots::join;
use super::{Init, Layout, Mode, Module, Parameter, Pass, Slot, SlotKind};
use crate::autograd::Var;
use crate::ops::{BatchNormEpilogue, BatchNormMode, Conv2d};
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};

/// A convolution without bias, as ResNets use it. Weight `[K,R,S,C]`, named `weight`.
#[derive(Clone)]
pub struct Conv<T: Element = f32> {
    weight: Parameter<T>,
    options: Conv2d,
}

impl<T: Element> Conv<T> {
    /// `input` to `output` channels with a `kernel`×`kernel` window and padding ⌊kernel/2⌋.
    ///
    /// # Errors
    /// None for shapes that can be allocated.
    pub fn new(init: &mut Init, input: usize, output: usize, kernel: usize, stride: usize) -> Result<Self> {
        let shape = [output, kernel, kernel, input];
        let weight = init.normal_fan_out(&shape, output * kernel * kernel)?;
        Ok(Self {
            weight: Parameter::new(weight),
            options: Conv2d::square(stride, kernel / 2),
        })
    }

    pub(super) fn weight(&self) -> &Tensor<T> {
        &self.weight.value
    }

    pub(super) fn into_weight(self) -> Tensor<T> {
        self.weight.value
    }

    pub(super) fn options(&self) -> Conv2d {
        self.options
    }

    /// Step between output pixels.
    pub(crate) fn stride(&self) -> usize {
        self.options.stride[0]
    }

    /// `[N,H,W,C]` to `[N,P,Q,K]`.
    ///
    /// # Errors
    /// As [`Var::conv2d`].
    pub fn forward(&self, x: &Var<T>, pass: &mut Pass<T>) -> Result<Var<T>> {
        let options = self.options.with_precision(pass.precision());
        x.conv2d(&pass.var(&self.weight), None, options)
    }
}

impl<T: Element> Module<T> for Conv<T> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>) -> Result<()> {
        visit(Slot {
            name: join(prefix, "weight"),
            layout: Layout::Convolution,
            kind: SlotKind::Parameter,
            parameter: &mut self.weight,
        })
    }
}

/// Batch normalisation over the last axis: `weight`, `bias`, `running_mean`, `running_var`.
///
/// eps 1e-5 as PyTorch's default; [`Pass::commit`] updates the running statistics.
#[derive(Clone)]
pub struct BatchNorm<T: Element = f32> {
    weight: Parameter<T>,
    bias: Parameter<T>,
    running_mean: Parameter<T>,
    running_var: Parameter<T>,
    layout: Layout,
}

impl<T: Element> BatchNorm<T> {
    /// Added to the variance.
    pub const EPS: f64 = 1e-5;

    /// `channels` channels: weight 1, bias 0, mean 0, variance 1.
    pub fn new(channels: usize) -> Self {
        let of = |value: f64| Parameter::new(Tensor::full([channels], T::of(value)));
        Self {
            weight: of(1.0),
            bias: of(0.0),
            running_mean: of(0.0),
            running_var: of(1.0),
            layout: Layout::Same,
        }
    }

    /// One channel for each element of a flattened picture [H, W, C] (BatchNorm1d): the file keeps
    /// PyTorch's order (C, H, W).
    pub fn on_picture(picture: [usize; 3]) -> Self {
        Self {
            layout: Layout::FlattenedPicture(picture),
            ..Self::new(picture.iter().product())
        }
    }

    /// [N,…,C] to the same shape.
    ///
    /// # Errors
    /// As [`Var::batch_norm`].
    pub fn forward(&self, x: &Var<T>, pass: &mut Pass<T>) -> Result<Var<T>> {
        self.forward_then(x, BatchNormEpilogue::default(), pass)
    }

    /// The same, and what follows it.
    ///
    /// # Errors
    /// As [`Var::batch_norm_then`].
    pub fn forward_then(
        &self,
        x: &Var<T>,
        epilogue: BatchNormEpilogue<'_, T>,
        pass: &mut Pass<T>,
    ) -> Result<Var<T>> {
        let (weight, bias) = (pass.var(&self.weight), pass.var(&self.bias));
        let mode = match pass.mode() {
            Mode::Train => BatchNormMode::Train,
            Mode::Eval => BatchNormMode::Eval {
                mean: &self.running_mean.value,
                variance: &self.running_var.value,
            },
        };
        let (y, statistics) = x.batch_norm_then(&weight, &bias, mode, T::of(Self::EPS), epilogue)?;
        if let Some(statistics) = statistics {
            let running = [self.running_mean.id(), self.running_var.id()];
            pass.record(running, statistics);
        }
        Ok(y)
    }

    /// What it does to each channel in an eval pass.
    pub(super) fn affine(&self) -> Result<Affine> {
        let mut scale = Vec::new();
        let mut shift = Vec::new();
        let (weight, bias) = (self.weight.value.to_vec()?, self.bias.value.to_vec()?);
        let (mean, variance) = (
            self.running_mean.value.to_vec()?,
            self.running_var.value.to_vec()?,
        );
        for (((weight, bias), mean), variance) in weight.iter().zip(&bias).zip(&mean).zip(&variance) {
            let factor = weight.as_f64() / (variance.as_f64() + Self::EPS).sqrt();
            scale.push(factor);
            shift.push(bias.as_f64() - mean.as_f64() * factor);
        }
        Ok(Affine { scale, shift })
    }

    /// Sets the weight of every channel (torchvision's `zero_init_residual` uses 0).
    pub fn fill_weight(&mut self, value: f64) {
        self.weight.value = Tensor::full(*self.weight.value.shape(), T::of(value));
    }
}

impl<T: Element> Module<T> for BatchNorm<T> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>) -> Result<()> {
        for (name, kind, parameter) in [
            ("weight", SlotKind::Parameter, &mut self.weight),
            ("bias", SlotKind::Parameter, &mut self.bias),
            ("running_mean", SlotKind::Buffer, &mut self.running_mean),
            ("running_var", SlotKind::Buffer, &mut self.running_var),
        ] {
            visit(Slot {
                name: join(prefix, name),
                layout: self.layout,
                kind,
                parameter,
            })?;
        }
        Ok(())
    }
}

/// y = x·weightᵀ + bias, weight [out, in].
#[derive(Clone)]
pub struct Linear<T: Element = f32> {
    weight: Parameter<T>,
    bias: Parameter<T>,
    layout: Layout,
}

impl<T: Element> Linear<T> {
    /// `inputs` to `outputs` features, PyTorch's default initialisation.
    ///
    /// # Errors
    /// None for shapes that can be allocated.
    pub fn new(init: &mut Init, inputs: usize, outputs: usize) -> Result<Self> {
        Ok(Self {
            weight: Parameter::new(init.uniform(&[outputs, inputs], inputs)?),
            bias: Parameter::new(init.uniform(&[outputs], inputs)?),
            layout: Layout::Same,
        })
    }

    /// The same for inputs that are a flattened picture [H, W, C]: the file keeps PyTorch's order
    /// of columns (C, H, W).
    ///
    /// # Errors
    /// [`Error::Argument`] if the picture is empty.
    pub fn on_picture(init: &mut Init, picture: [usize; 3], outputs: usize) -> Result<Self> {
        let inputs: usize = picture.iter().product();
        if inputs == 0 {
            let found = format!("{picture:?}");
            return Err(Error::argument("Linear::on_picture", "picture", "pixels", found));
        }
        Ok(Self {
            layout: Layout::FlattenedPicture(picture),
            ..Self::new(init, inputs, outputs)?
        })
    }

    pub(super) fn weight(&self) -> &Tensor<T> {
        &self.weight.value
    }

    pub(super) fn bias(&self) -> &Tensor<T> {
        &self.bias.value
    }

    /// [N, in] to [N, out].
    ///
    /// # Errors
    /// As [`Var::linear`].
    pub fn forward(&self, x: &Var<T>, pass: &mut Pass<T>) -> Result<Var<T>> {
        let (weight, bias) = (pass.var(&self.weight), pass.var(&self.bias));
        x.linear_in(pass.precision(), &weight, Some(&bias))
    }
}

impl<T: Element> Module<T> for Linear<T> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>) -> Result<()> {
        visit(Slot {
            name: join(prefix, "weight"),
            layout: self.layout,
            kind: SlotKind::Parameter,
            parameter: &mut self.weight,
        })?;
        visit(Slot {
            name: join(prefix, "bias"),
            layout: Layout::Same,
            kind: SlotKind::Parameter,
            parameter: &mut self.bias,
        })
    }
}
