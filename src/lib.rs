//! placeholder
#![deny(unsafe_code)]

pub mod attacks;
pub mod autograd;
pub mod data;
pub mod device;
pub mod ensemble;
mod error;
pub mod io;
pub mod models;
pub mod nn;
pub mod ops;
pub mod optim;
pub mod replicate;
pub mod tensor;
pub mod testing;

pub use error::{Error, Result};
