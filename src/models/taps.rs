//! Looking into a network: the numbered outputs of its layers.
//!
//! Layers are numbered as in the authors' notebook: 0 the prepared input, 1 the stem (after its
//! pool), then one a residual block, then the average pool, then the last linear layer. A network
//! of B blocks has the pool at B + 2 and the linear layer at B + 3; for ResNet152 these are 52
//! and 53. The number B + 4 (54) stands for the backbone's own logits from a draw of its own.

use super::ResNet;
use crate::Result;
use crate::autograd::Var;
use crate::nn::Pass;
use crate::tensor::{Element, Tensor};

/// The layers whose heads the notebook trains on ResNet152.
pub const NOTEBOOK_LAYERS: [usize; 7] = [20, 30, 35, 40, 45, 50, 52];

/// Number of the average pool in ResNet152.
const NOTEBOOK_POOL: usize = 52;

/// The notebook's layers for a network of `blocks` residual blocks, ascending.
///
/// The rule: layer L of the notebook is the layer at the same relative depth, ⌈L·(B+2)/52⌉;
/// going from the deepest to the shallowest, one that is already taken moves to the next
/// shallower free layer; below layer 1 there is none.
pub fn default_head_layers(blocks: usize) -> Vec<usize> {
    let mut layers: Vec<usize> = Vec::new();
    let mut limit = blocks + 2;
    for layer in NOTEBOOK_LAYERS.into_iter().rev() {
        let mapped = (layer * (blocks + 2)).div_ceil(NOTEBOOK_POOL).min(limit);
        if mapped == 0 {
            break;
        }
        layers.push(mapped);
        limit = mapped - 1;
    }
    layers.reverse();
    layers
}

/// What a pass through a network gave.
pub struct Taps<T: Element = f32> {
    /// The layers that were asked for, in the order asked for: `[N,H,W,C]` each (the pool 1×1, the
    /// linear layer [N, classes]).
    pub layers: Vec<Var<T>>,
    /// The logits [N, classes], if the pass went to the end.
    pub logits: Option<Var<T>>,
}

impl<T: Element> ResNet<T> {
    /// Number of the average pool.
    pub fn pool_layer(&self) -> usize {
        self.config().pool_layer()
    }

    /// Logits [N, classes] of prepared inputs `[N,H,W,C]`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] if the input does not fit the network.
    pub fn forward(&self, x: &Var<T>, pass: &mut Pass<T>) -> Result<Var<T>> {
        self.network.forward(x, pass)
    }

    /// The outputs of `layers` and, if `to_the_end`, the logits; otherwise the pass ends at the
    /// deepest of the layers.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] if a layer does not exist; [`crate::Error::Shape`] if the input does not fit.
    pub fn forward_taps(
        &self,
        x: &Var<T>,
        pass: &mut Pass<T>,
        layers: &[usize],
        to_the_end: bool,
    ) -> Result<Taps<T>> {
        self.network.forward_taps(x, pass, layers, to_the_end)
    }

    /// Shapes [H, W, C] of `layers` for inputs of `height`×`width` pixels.
    ///
    /// # Errors
    /// As [`ResNet::forward_taps`].
    pub fn layer_shapes(&self, height: usize, width: usize, layers: &[usize]) -> Result<Vec<[usize; 3]>> {
        let x = Tensor::zeros([1, height, width, self.config().stem.channels]);
        let taps = self.forward_taps(&Var::constant(x), &mut Pass::eval(), layers, false)?;
        let shape = |tap: &Var<T>| match *tap.dims() {
            [_, h, w, c] => [h, w, c],
            _ => [1, 1, tap.shape().last()],
        };
        Ok(taps.layers.iter().map(shape).collect())
    }
}
