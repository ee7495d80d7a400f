//! Tensors: a shape and contiguous memory in that order, on the host or on a device.
//!
//! Pictures and activations are N,H,W,C, convolution weights K,R,S,C. Whatever people know from
//! PyTorch (NCHW, OIHW) is converted at the door, in [`crate::io`].

mod arrange;
mod array;
mod bit_mask;
mod buffer;
mod element;
pub(crate) mod launch;
mod philox;
pub(crate) mod place;
mod placement;
mod shape;
mod storage;
#[cfg(test)]
mod tests;
mod value;
mod walk;

pub(crate) use array::DeviceArray;
pub use bit_mask::BitMask;
#[cfg(feature = "replicate")]
pub(crate) use buffer::pooled_bytes;
pub use buffer::{Buffer, MemoryUse, memory_use, release_pool};
pub use element::Element;
pub use philox::{Counter, Philox, Purpose};
pub use shape::{MAX_RANK, Shape};
pub use storage::DeviceBuffer;
pub use value::Tensor;
pub(crate) use walk::{Walk, contiguous_steps};
