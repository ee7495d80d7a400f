//! Stochastic gradient descent with momentum and weight decay.

use super::cuda::{self, Column, Waiting};
use super::{Optimiser, OptimiserState, Update, check};
use crate::Result;
use crate::device::DeviceAddress;
use crate::device::kernels::optimiser::SgdArgs;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use bytemuck::Zeroable;
use std::sync::Arc;

/// SGD as `torch.optim.SGD` with dampening 0: g ← g + decay·p; v ← momentum·v + g (v = g at the
/// first step); p ← p − lr·v, or p − lr·(g + momentum·v) with Nesterov.
pub struct Sgd<T: Element = f32> {
    lr: f64,
    momentum: f64,
    weight_decay: f64,
    nesterov: bool,
    state: OptimiserState<T>,
}

impl<T: Element> Sgd<T> {
    /// Learning rate `lr`, momentum in 0..1 (0: none), L2 weight decay.
    pub fn new(lr: f64, momentum: f64, weight_decay: f64) -> Self {
        Self {
            lr,
            momentum,
            weight_decay,
            nesterov: false,
            state: OptimiserState {
                steps: 0,
                tensors: Default::default(),
            },
        }
    }

    /// With Nesterov's momentum.
    pub fn nesterov(mut self) -> Self {
        self.nesterov = true;
        self
    }
}

impl<T: Element> Sgd<T> {
    fn update_on_host(&mut self, name: &str, parameter: &mut Tensor<T>, gradient: &Tensor<T>) -> Result<()> {
        let [lr, momentum, decay] = [self.lr, self.momentum, self.weight_decay].map(T::of);
        let g = gradient.host("Sgd")?;
        if self.momentum == 0.0 {
            for (p, &g) in parameter.make_mut("Sgd")?.iter_mut().zip(g) {
                *p -= lr * (g + decay * *p);
            }
            return Ok(());
        }
        let mut velocity = self.state.take(name, "velocity", gradient)?;
        let values = parameter.make_mut("Sgd")?;
        for ((p, v), &g) in values.iter_mut().zip(velocity.make_mut("Sgd")?).zip(g) {
            let g = g + decay * *p;
            *v = momentum * *v + g;
            *p -= lr * if self.nesterov { g + momentum * *v } else { *v };
        }
        self.state.put(name, "velocity", velocity);
        Ok(())
    }
}

impl<T: Element> Optimiser<T> for Sgd<T> {
    fn begin_step(&mut self) {
        self.state.steps += 1;
    }

    fn update_all(&mut self, updates: Vec<Update<'_, T>>) -> Result<()> {
        let mut waiting = Waiting::new();
        for update in updates {
            let Update {
                name,
                parameter,
                gradient,
            } = update;
            check("Sgd", parameter, gradient)?;
            let Place::Device(device) = place("Sgd", &[parameter, gradient])? else {
                self.update_on_host(name, parameter, gradient)?;
                continue;
            };
            let device = Arc::clone(device);
            parameter.make_own()?;
            let velocity = match self.momentum == 0.0 {
                true => DeviceAddress::NULL,
                false => self.state.address(name, "velocity", gradient)?,
            };
            let column = Column {
                addresses: [parameter.address(), gradient.address(), velocity],
                elements: parameter.len(),
            };
            waiting.push(&device, column);
        }
        let numbers = SgdArgs {
            rate: self.lr as f32,
            momentum: self.momentum as f32,
            decay: self.weight_decay as f32,
            nesterov: i32::from(self.nesterov),
            ..SgdArgs::zeroed()
        };
        cuda::sgd(&waiting, numbers)
    }

    fn state(&self) -> OptimiserState<T> {
        self.state.clone()
    }

    fn restore(&mut self, state: OptimiserState<T>) -> Result<()> {
        state.check(&["velocity"])?;
        self.state = state;
        Ok(())
    }
}
