//! Data sets: pictures in memory, and where they come from.

mod cifar;
pub mod drawn;
mod dataset;
mod pictures;
mod source;

pub use dataset::{Dataset, Split};
pub use pictures::{Labels, Pictures};
pub use source::Source;
