//! The method against what it is written down to be.

mod batches;
mod crossmax;
mod gradients;
mod members;
mod prepared_input;
mod view_draws;

use super::{Method, MultiResolution, SelfEnsemble};
use crate::Result;
use crate::attacks::Draw;
use crate::autograd::Var;
use crate::models::{BlockKind, ResNet, ResNetConfig, Stem};
use crate::nn::{Init, Pass};
use crate::tensor::{Element, Tensor};
use crate::testing::formula::unit;

const CLASSES: usize = 5;
const SIDE: usize = 8;

fn method() -> Method {
    Method {
        resolutions: vec![8, 4],
        ..Method::default()
    }
}

/// A network of two stages of a block each.
fn network<T: Element>(views: usize) -> Result<ResNet<T>> {
    let config = ResNetConfig {
        stem: Stem::cifar(3 * views, 4),
        block: BlockKind::Basic,
        widths: vec![4, 8],
        blocks: vec![1, 1],
        classes: CLASSES,
    };
    ResNet::new(config, &mut Init::new(1))
}

/// An ensemble on images of [`SIDE`] pixels, whose running statistics have seen one batch.
fn ensemble<T: Element>(method: Method, layers: &[usize]) -> Result<SelfEnsemble<T>> {
    let net = network(method.resolutions.len())?;
    let backbone = MultiResolution::new(net, method, SIDE, SIDE, 7)?;
    let mut ensemble = SelfEnsemble::new(backbone, layers, &mut Init::new(2))?;
    let mut pass = Pass::train();
    ensemble.member_logits(&Var::constant(images("warm-up", 16)), &draws(16), &mut pass)?;
    pass.commit(&mut ensemble)?;
    Ok(ensemble)
}

/// Images in [0.1, 0.7), the same for a name.
fn images<T: Element>(name: &str, n: usize) -> Tensor<T> {
    Tensor::from_fn([n, SIDE, SIDE, 3], |i| T::of(0.1 + 0.6 * unit(name, i)))
}

/// A draw for each of `n` images.
fn draws(n: usize) -> Vec<Draw> {
    let draw = |image| Draw {
        image,
        iteration: 3,
        draw: (image % 2) as u16,
        ..Draw::default()
    };
    (0..n as u32).map(draw).collect()
}

/// The bits of every element; `f32` widens exactly.
fn bits<T: Element>(tensor: &Tensor<T>) -> Result<Vec<u64>> {
    Ok(tensor
        .to_vec()?
        .into_iter()
        .map(|value| value.as_f64().to_bits())
        .collect())
}
