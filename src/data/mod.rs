//! Data sets: pictures in memory, and where they come from.

mod archive;
mod arrays;
mod cifar;
mod dataset;
mod decode;
mod division;
pub mod drawn;
mod files;
mod folders;
pub(crate) mod limits;
mod listing;
mod mnist;
mod pictures;
mod selection;
mod source;

pub use dataset::{Dataset, Split};
pub use pictures::{Labels, Pictures};
pub use source::{ReadOptions, Source};
