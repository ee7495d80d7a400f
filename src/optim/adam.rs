//! Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019).

use super::{Optimiser, OptimiserState, check, cuda};
use crate::Result;
use crate::device::kernels::optimiser::AdamArgs;
use crate::ops::parallel::wide;
use crate::ops::place::{Place, place};
use crate::tensor::{Element, Tensor};
use bytemuck::Zeroable;
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

impl<T: Element> Optimiser<T> for Adam<T> {
    fn begin_step(&mut self) {
        self.state.steps += 1;
    }

    fn update(&mut self, name: &str, parameter: &mut Tensor<T>, gradient: &Tensor<T>) -> Result<()> {
        check("Adam", parameter, gradient)?;
        let t = self.state.steps.max(1) as f64;
        let root = (1.0 - self.betas[1].powf(t)).sqrt();
        let step = T::of(self.lr / (1.0 - self.betas[0].powf(t)));
        let (shrink, l2) = match self.decoupled {
            true => (T::of(1.0 - self.lr * self.weight_decay), T::zero()),
            false => (T::one(), T::of(self.weight_decay)),
        };
        let [b1, b2, root, eps] = [self.betas[0], self.betas[1], root, self.eps].map(T::of);
        let mut first = self.state.take(name, "m", gradient)?;
        let mut second = self.state.take(name, "v", gradient)?;
        if let Place::Device(device) = place("Adam", &[parameter, gradient])? {
            let device = &Arc::clone(device);
            let single = |number: T| number.as_f64() as f32;
            let numbers = AdamArgs {
                betas: [single(b1), single(b2)],
                root: single(root),
                epsilon: single(eps),
                step: single(step),
                shrink: single(shrink),
                decay: single(l2),
                ..AdamArgs::zeroed()
            };
            cuda::adam(device, parameter, gradient, [&mut first, &mut second], numbers)?;
            self.state.put(name, "m", first);
            self.state.put(name, "v", second);
            return Ok(());
        }
        let g = gradient.host("Adam")?;
        let (m, v) = (first.make_mut("Adam")?, second.make_mut("Adam")?);
        let p = parameter.make_mut("Adam")?;
        wide(|| {
            for ((p, &g), (m, v)) in p.iter_mut().zip(g).zip(m.iter_mut().zip(v)) {
                let start = *p * shrink;
                let g = g + l2 * start;
                *m += (T::one() - b1) * (g - *m);
                *v = b2 * *v + (T::one() - b2) * g * g;
                *p = start - step * *m / (v.sqrt() / root + eps);
            }
        });
        self.state.put(name, "m", first);
        self.state.put(name, "v", second);
        Ok(())
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
