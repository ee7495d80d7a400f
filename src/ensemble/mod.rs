//! The method: multi-resolution views, heads on intermediate layers, CrossMax, the self-ensemble
//! (Fort & Lakshminarayanan, arXiv 2408.05446).

mod aggregate;
mod crossmax;
mod folded;
mod head;
mod method;
mod multi_resolution;
mod self_ensemble;
mod streams;
#[cfg(test)]
mod tests;
mod views;

pub use aggregate::{Aggregation, EnsembleClassifier};
pub use crossmax::crossmax;
pub use folded::{BackboneClassifier, FoldedSelfEnsemble};
pub use head::Head;
pub use method::{AggregationRule, BackbonePass, ContrastRule, HeadBatchNorm, Method, NoiseKind};
pub use multi_resolution::{IMAGENET_MEAN, IMAGENET_STD, MultiResolution};
pub use self_ensemble::SelfEnsemble;
pub use streams::{Stream, draw_of};
pub use views::{PhiloxNoise, view_draws};
