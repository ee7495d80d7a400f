//! Initial values, as PyTorch draws them.

use crate::Result;
use crate::tensor::{Counter, Element, Philox, Purpose, Tensor};

/// Draws initial values: one stream a tensor, numbered in the order of construction.
pub struct Init {
    /// None: everything begins as zeros.
    philox: Option<Philox>,
    next: u32,
}

impl Init {
    /// The initial values that belong to `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            philox: Some(Philox::new(seed, Purpose::Init)),
            next: 0,
        }
    }

    /// Zeros instead of draws: for networks that get their weights from a file next.
    pub fn blank() -> Self {
        Self {
            philox: None,
            next: 0,
        }
    }

    /// Uniform in ±1/√fan_in: PyTorch's default for weights and biases of `Linear` and `Conv2d`
    /// (kaiming-uniform with a = √5).
    ///
    /// # Errors
    /// None for shapes that can be allocated.
    pub fn uniform<T: Element>(&mut self, shape: &[usize], fan_in: usize) -> Result<Tensor<T>> {
        let bound = T::of(1.0 / (fan_in.max(1) as f64).sqrt());
        let counter = self.counter();
        let Some(philox) = &self.philox else {
            return Ok(Tensor::zeros(shape));
        };
        let values = philox.uniform::<T>(counter, shape.iter().product());
        let two = T::one() + T::one();
        Tensor::from_slice(
            shape,
            &values
                .iter()
                .map(|&u| (two * u - T::one()) * bound)
                .collect::<Vec<_>>(),
        )
    }

    /// Normal with standard deviation √(2/fan_out): torchvision's choice for the convolutions of
    /// its ResNets (kaiming-normal, fan-out, ReLU).
    ///
    /// # Errors
    /// None for shapes that can be allocated.
    pub fn normal_fan_out<T: Element>(&mut self, shape: &[usize], fan_out: usize) -> Result<Tensor<T>> {
        let deviation = T::of((2.0 / fan_out.max(1) as f64).sqrt());
        let counter = self.counter();
        let Some(philox) = &self.philox else {
            return Ok(Tensor::zeros(shape));
        };
        let values = philox.normal::<T>(counter, shape.iter().product());
        Tensor::from_slice(shape, &values.iter().map(|&v| v * deviation).collect::<Vec<_>>())
    }

    fn counter(&mut self) -> Counter {
        let counter = Counter {
            image: self.next,
            ..Counter::default()
        };
        self.next += 1;
        counter
    }
}
