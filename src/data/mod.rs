//! Data sets: pictures in memory, and where they come from.

mod cifar;
pub mod drawn;
mod dataset;
mod source;

pub use dataset::{Dataset, Split};
pub use source::Source;
