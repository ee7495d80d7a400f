//! The operations: each directory holds one, with its shape rule, its backward rule, its CPU
//! implementation and its tests. They are methods of [`crate::autograd::Var`].
//!
//! Common rules: N,H,W,C layout; shapes are checked before anything is computed; a rule computes
//! only the gradients that are wanted; results do not depend on batch composition (but for batch
//! statistics and sums over the batch) nor on the number of threads.

pub mod avg_pool2d;
pub mod batch_norm;
pub mod concat;
pub mod contrast;
pub mod conv2d;
pub mod cross_entropy;
pub mod dlr;
pub mod elementwise;
pub mod linear;
pub mod max_pool2d;
pub mod reduce;
pub mod reshape;
pub mod resize;
pub mod roll;
pub mod softmax;
pub mod view_stack;

pub(crate) mod column_sums;
pub(crate) mod gemm;
pub(crate) mod launch;
pub(crate) mod panels;
pub(crate) mod parallel;
mod precision;

pub(crate) use crate::tensor::place;

pub use avg_pool2d::AvgPool2d;
pub use batch_norm::{BatchNormEpilogue, BatchNormMode, BatchStatistics};
pub use conv2d::{Conv2d, Conv2dEpilogue, FixedEpilogue};
pub use precision::Precision;
pub use view_stack::{NoiseSource, NoiseStreams, ViewDraw, ViewStack};
