//! Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019).

use super::cuda::{self, Column, Waiting};
use super::{Optimiser, OptimiserState, Update, check};
use crate::Result;
use crate::device::kernels::optimiser::AdamArgs;
use crate::ops::parallel::{ELEMENTWISE, wide};
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use bytemuck::Zeroable;
use rayon::prelude::*;
use std::sync::Arc;

/// Adam as `torch.optim.Adam`, AdamW as `torch.optim.AdamW`: β = (0.9, 0.999) and eps 1e-8 unless
/// set.
pub struct Adam<T: Element = f32> {
    lr: f64,
    betas: [f64; 2],
    eps: f64,
    weight_decay: f64,
    decoupled: bool,
    state: OptimiserState<T>,
}

impl<T: Element> Adam<T> {
    /// Adam with learning rate `lr`; weight decay 0.
    pub fn new(lr: f64) -> Self {
        Self {
            lr,
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled: false,
            state: OptimiserState {
                steps: 0,
                tensors: Default::default(),
            },
        }
    }

    /// With L2 weight decay, added to the gradient.
    pub fn with_l2(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }

    /// AdamW: weight decay that shrinks the parameter before the step (PyTorch's default is 0.01).
    pub fn decoupled(lr: f64, weight_decay: f64) -> Self {
        Self {
            weight_decay,
            decoupled: true,
            ..Self::new(lr)
        }
    }

    /// With other decay rates of the two moments (each in 0..1) and another number added to the
    /// denominator.
    pub fn with_betas(mut self, betas: [f64; 2], eps: f64) -> Self {
        self.betas = betas;
        self.eps = eps;
        self
    }

    /// Changes the learning rate from the next step on.
    pub fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }
}

/// The numbers of a step that are the same for all parameters.
struct StepNumbers<T> {
    betas: [T; 2],
    /// √(1 − β₂ᵗ).
    root: T,
    eps: T,
    /// Learning rate / (1 − β₁ᵗ).
    step: T,
    /// Factor of the parameter before the step.
    shrink: T,
    l2: T,
}

impl<T: Element> Adam<T> {
    fn step_numbers(&self) -> StepNumbers<T> {
        let t = self.state.steps.max(1) as f64;
        let (shrink, l2) = match self.decoupled {
            true => (T::of(1.0 - self.lr * self.weight_decay), T::zero()),
            false => (T::one(), T::of(self.weight_decay)),
        };
        StepNumbers {
            betas: self.betas.map(T::of),
            root: T::of((1.0 - self.betas[1].powf(t)).sqrt()),
            eps: T::of(self.eps),
            step: T::of(self.lr / (1.0 - self.betas[0].powf(t))),
            shrink,
            l2,
        }
    }

    fn update_on_host(
        &mut self,
        name: &str,
        parameter: &mut Tensor<T>,
        gradient: &Tensor<T>,
        numbers: &StepNumbers<T>,
    ) -> Result<()> {
        let StepNumbers {
            betas: [b1, b2],
            root,
            eps,
            step,
            shrink,
            l2,
        } = *numbers;
        let mut first = self.state.take(name, "m", gradient)?;
        let mut second = self.state.take(name, "v", gradient)?;
        let g = gradient.host("Adam")?;
        let (m, v) = (first.make_mut("Adam")?, second.make_mut("Adam")?);
        let p = parameter.make_mut("Adam")?;
        let update = |p: &mut [T], g: &[T], m: &mut [T], v: &mut [T]| {
            wide(|| {
                for ((p, &g), (m, v)) in p.iter_mut().zip(g).zip(m.iter_mut().zip(v)) {
                    let start = *p * shrink;
                    let g = g + l2 * start;
                    *m += (T::one() - b1) * (g - *m);
                    *v = b2 * *v + (T::one() - b2) * g * g;
                    *p = start - step * *m / (v.sqrt() / root + eps);
                }
            });
        };
        if p.len() <= ELEMENTWISE {
            update(p, g, m, v);
        } else {
            p.par_chunks_mut(ELEMENTWISE)
                .zip(g.par_chunks(ELEMENTWISE))
                .zip(m.par_chunks_mut(ELEMENTWISE))
                .zip(v.par_chunks_mut(ELEMENTWISE))
                .for_each(|(((p, g), m), v)| update(p, g, m, v));
        }
        self.state.put(name, "m", first);
        self.state.put(name, "v", second);
        Ok(())
    }
}

impl<T: Element> Optimiser<T> for Adam<T> {
    fn begin_step(&mut self) {
        self.state.steps += 1;
    }

    fn update_all(&mut self, updates: Vec<Update<'_, T>>) -> Result<()> {
        let numbers = self.step_numbers();
        let mut waiting = Waiting::new();
        for update in updates {
            let Update {
                name,
                parameter,
                gradient,
            } = update;
            check("Adam", parameter, gradient)?;
            let Place::Device(device) = place("Adam", &[parameter, gradient])? else {
                self.update_on_host(name, parameter, gradient, &numbers)?;
                continue;
            };
            let device = Arc::clone(device);
            parameter.make_own()?;
            let first = self.state.address(name, "m", gradient)?;
            let second = self.state.address(name, "v", gradient)?;
            let column = Column {
                addresses: [parameter.address(), gradient.address(), first, second],
                elements: parameter.len(),
            };
            waiting.push(&device, column);
        }
        let single = |number: T| number.as_f64() as f32;
        let numbers = AdamArgs {
            betas: numbers.betas.map(single),
            root: single(numbers.root),
            epsilon: single(numbers.eps),
            step: single(numbers.step),
            shrink: single(numbers.shrink),
            decay: single(numbers.l2),
            ..AdamArgs::zeroed()
        };
        cuda::adam(&waiting, numbers)
    }

    fn state(&self) -> OptimiserState<T> {
        self.state.clone()
    }

    fn restore(&mut self, state: OptimiserState<T>) -> Result<()> {
        state.check(&["m", "v"])?;
        self.state = state;
        Ok(())
    }
}
