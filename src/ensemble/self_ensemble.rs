//! The self-ensemble: heads on intermediate layers and the backbone's own prediction.

use super::multi_resolution::{BACKBONE_PASS, HEADS_PASS};
use super::{BackbonePass, Head, MultiResolution};
use crate::attacks::Draw;
use crate::autograd::Var;
use crate::models::Taps;
use crate::nn::{Init, Module, Pass, Slot, join};
use crate::tensor::Element;
use crate::{Error, Result};

/// A backbone and the heads on its layers, ascending. Its members are the heads, in that order,
/// and then the backbone.
#[derive(Clone)]
pub struct SelfEnsemble<T: Element = f32> {
    /// The backbone.
    pub backbone: MultiResolution<T>,
    /// The heads, by ascending layer.
    pub heads: Vec<Head<T>>,
}

impl<T: Element> SelfEnsemble<T> {
    /// Untrained heads on `layers` (distinct, in any order) of `backbone`.
    ///
    /// # Errors
    /// [`Error::Argument`] if a layer does not exist or is named twice, or there are fewer members
    /// than the method's top-k needs.
    pub fn new(backbone: MultiResolution<T>, layers: &[usize], init: &mut Init) -> Result<Self> {
        let mut layers = layers.to_vec();
        layers.sort_unstable();
        if let Some(pair) = layers.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::argument(
                "SelfEnsemble",
                "layers",
                "distinct layers",
                pair[0],
            ));
        }
        let k = backbone.method().rank(layers.len() + 1);
        if layers.len() + 1 < k {
            let expected = format!("at least {} heads for the {k}-th highest of all members", k - 1);
            return Err(Error::argument("SelfEnsemble", "layers", expected, layers.len()));
        }
        let size = backbone.input_size();
        let shapes = backbone.net.layer_shapes(size, size, &layers)?;
        let classes = backbone.net.config().classes;
        let heads = layers
            .iter()
            .zip(shapes)
            .map(|(&layer, shape)| Head::new(init, layer, shape, classes));
        Ok(Self {
            heads: heads.collect::<Result<_>>()?,
            backbone,
        })
    }

    /// Layers of the heads, ascending.
    pub fn layers(&self) -> Vec<usize> {
        self.heads.iter().map(Head::layer).collect()
    }

    /// Number of members: heads and backbone.
    pub fn members(&self) -> usize {
        self.heads.len() + 1
    }

    /// Logits of all members, [N, members, classes], one draw an image. The heads share a pass;
    /// the backbone has its own or theirs, as the method says.
    ///
    /// # Errors
    /// As [`MultiResolution::forward`].
    pub fn member_logits(&self, images: &Var<T>, draws: &[Draw], pass: &mut Pass<T>) -> Result<Var<T>> {
        combine(self, images, draws, &mut InPass { ensemble: self, pass })
    }
}

/// What gives the members' logits: the layers of a self-ensemble, as trained or folded.
pub(super) trait Members<T: Element> {
    /// A pass of the network over `views`, as [`ResNet::forward_taps`](crate::models::ResNet::forward_taps).
    fn taps(&mut self, views: &Var<T>, layers: &[usize], to_the_end: bool) -> Result<Taps<T>>;

    /// The network's logits [N, classes].
    fn logits(&mut self, views: &Var<T>) -> Result<Var<T>>;

    /// Every head's logits [N, classes] from its layer's output.
    fn heads(&mut self, features: &[Var<T>]) -> Result<Vec<Var<T>>>;
}

struct InPass<'a, T: Element> {
    ensemble: &'a SelfEnsemble<T>,
    pass: &'a mut Pass<T>,
}

impl<T: Element> Members<T> for InPass<'_, T> {
    fn taps(&mut self, views: &Var<T>, layers: &[usize], to_the_end: bool) -> Result<Taps<T>> {
        let net = &self.ensemble.backbone.net;
        net.forward_taps(views, self.pass, layers, to_the_end)
    }

    fn logits(&mut self, views: &Var<T>) -> Result<Var<T>> {
        self.ensemble.backbone.net.forward(views, self.pass)
    }

    fn heads(&mut self, features: &[Var<T>]) -> Result<Vec<Var<T>>> {
        let pairs = self.ensemble.heads.iter().zip(features);
        pairs
            .map(|(head, features)| head.forward(features, self.pass))
            .collect()
    }
}

/// Logits of all members of `ensemble`, [N, members, classes], by the layers in `members`.
pub(super) fn combine<T: Element>(
    ensemble: &SelfEnsemble<T>,
    images: &Var<T>,
    draws: &[Draw],
    members: &mut impl Members<T>,
) -> Result<Var<T>> {
    let backbone = &ensemble.backbone;
    let shared = backbone.method().backbone_pass == BackbonePass::Shared;
    let views = backbone.views(images, draws, HEADS_PASS)?;
    let taps = members.taps(&views, &ensemble.layers(), shared)?;
    let own = match taps.logits {
        Some(logits) if shared => logits,
        _ => members.logits(&backbone.views(images, draws, BACKBONE_PASS)?)?,
    };
    let mut all = members.heads(&taps.layers)?;
    all.push(own);
    let n = images.shape().axis(0);
    let classes = backbone.net.config().classes;
    // [N, classes] beside each other are [N, members·classes], member by member.
    let refs: Vec<&Var<T>> = all.iter().collect();
    Var::concat(&refs)?.reshape([n, all.len(), classes])
}

impl<T: Element> Module<T> for SelfEnsemble<T> {
    fn visit(&mut self, prefix: &str, visit: &mut dyn FnMut(Slot<'_, T>) -> Result<()>) -> Result<()> {
        self.backbone.visit(&join(prefix, "backbone"), visit)?;
        for head in &mut self.heads {
            head.visit(&join(prefix, &format!("head{}", head.layer())), visit)?;
        }
        Ok(())
    }
}
