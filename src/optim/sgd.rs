//! Stochastic gradient descent with momentum and weight decay.

use super::{Optimiser, OptimiserState, check, cuda};
use crate::Result;
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

impl<T: Element> Optimiser<T> for Sgd<T> {
    fn begin_step(&mut self) {
        self.state.steps += 1;
    }

    fn update(&mut self, name: &str, parameter: &mut Tensor<T>, gradient: &Tensor<T>) -> Result<()> {
        check("Sgd", parameter, gradient)?;
        let [lr, momentum, decay] = [self.lr, self.momentum, self.weight_decay].map(T::of);
        if let Place::Device(device) = place("Sgd", &[parameter, gradient])? {
            // Cheap: the device stays alive while the parameter is written.
            let device = &Arc::clone(device);
            let numbers = SgdArgs {
                rate: self.lr as f32,
                momentum: self.momentum as f32,
                decay: self.weight_decay as f32,
                nesterov: i32::from(self.nesterov),
                ..SgdArgs::zeroed()
            };
            if self.momentum == 0.0 {
                return cuda::sgd(device, parameter, gradient, None, numbers);
            }
            let mut velocity = self.state.take(name, "velocity", gradient)?;
            cuda::sgd(device, parameter, gradient, Some(&mut velocity), numbers)?;
            self.state.put(name, "velocity", velocity);
            return Ok(());
        }
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

    fn state(&self) -> OptimiserState<T> {
        self.state.clone()
    }

    fn restore(&mut self, state: OptimiserState<T>) -> Result<()> {
        state.check(&["velocity"])?;
        self.state = state;
        Ok(())
    }
}
