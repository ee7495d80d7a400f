//! A small deep-learning engine and, on it, the complete replication of *Ensemble everything
//! everywhere: Multi-scale aggregation for adversarial robustness* (Fort & Lakshminarayanan,
//! arXiv 2408.05446): a multi-resolution residual network, linear heads on its intermediate
//! layers, the CrossMax self-ensemble, AutoAttack, and the pictures.
//!
//! The engine first: tensors, a tape, layers, an optimiser.
//!
//! ```
//! use crossmax::prelude::*;
//!
//! fn main() -> crossmax::Result<()> {
//!     // A residual network of 2 × 1 blocks for 3-channel pictures and 12 classes.
//!     let config = ResNetConfig { blocks: vec![1, 1], widths: vec![8, 16], ..ResNetConfig::cifar(1, 3, 12) };
//!     let mut net: ResNet = ResNet::new(config, &mut Init::new(0))?;
//!     let data = Source::Drawn { seed: 0, train: 24, test: 12 }.open()?;
//!     let batch: Vec<usize> = (0..24).collect();
//!     let (images, labels) = (Var::constant(data.train.batch(&batch)?), data.train.labels_of(&batch));
//!     let mut adam = Adam::new(1e-2);
//!     let mut losses = Vec::new();
//!     for _ in 0..5 {
//!         let mut pass = Pass::train();
//!         let loss = net.forward(&images, &mut pass)?.cross_entropy(&labels)?.mean_all()?;
//!         losses.push(loss.value().item()?);
//!         let gradients = pass.parameter_gradients(loss.backward(None)?);
//!         adam.step(&mut net, &gradients)?;
//!         pass.commit(&mut net)?;
//!     }
//!     assert!(losses[4] < losses[0]);
//!     Ok(())
//! }
//! ```
//!
//! # The house
//! Dependencies point one way:
//! the command line → [`replicate`] → {[`attacks`], [`ensemble`], [`models`], [`data`], [`fetch`]} → {[`nn`], [`optim`],
//! [`io`]} → [`ops`] → [`autograd`] → {[`tensor`], [`device`]}. [`audit`] stands on [`attacks`] and [`ensemble`],
//! [`campaign`] on [`attacks`], [`attack_report`] on both; [`figures`] know numbers and names only. An attack knows only a
//! [`attacks::Classifier`]: implement it, and every attack works on your model, whatever it is made
//! with. [`testing`] is the suite that checks operations, open to operations of your own.
//!
//! # Promises
//! - Pictures are N,H,W,C in memory, weights K,R,S,C; files that other programs read are PyTorch's
//!   NCHW and OIHW, converted where they are read and written.
//! - Inference and attacks give the same bits whatever the batch, the number of threads and the
//!   interruptions; all randomness is counter-based ([`tensor::Philox`]).
//! - No operation panics on any input: errors are values of the one enum [`Error`].
//! - `unsafe` stands in `ops::gemm`, `ops::panels`, `device::cuda` and `device::nvrtc` alone, each block with its
//!   reason.
#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "replicate")]
pub mod attack_report;
pub mod attacks;
pub mod audit;
pub mod autograd;
pub mod campaign;
pub mod data;
pub mod device;
pub mod ensemble;
mod error;
pub mod fetch;
#[cfg(feature = "replicate")]
pub mod figures;
pub mod io;
pub mod models;
pub mod nn;
pub mod ops;
pub mod optim;
#[cfg(feature = "replicate")]
mod page;
pub mod prelude;
#[cfg(feature = "replicate")]
pub mod replicate;
pub mod tensor;
pub mod testing;

pub use error::{Error, Result};
