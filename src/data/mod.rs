//! Data sets: pictures in memory, and where they come from.

mod archive;
mod cifar;
mod dataset;
pub mod drawn;
mod files;
pub(crate) mod limits;
mod pictures;
mod selection;
mod source;

pub use dataset::{Dataset, Split};
pub use pictures::{Labels, Pictures};
pub use source::{ReadOptions, Source};
