//! Tensors: a shape and contiguous memory in that order, on the host or on a device.
//!
//! Pictures and activations are N,H,W,C, convolution weights K,R,S,C. Whatever people know from
//! PyTorch (NCHW, OIHW) is converted at the door, in [`crate::io`].

mod buffer;
mod element;
mod philox;
mod shape;
mod storage;
#[cfg(test)]
mod tests;
mod value;

pub use buffer::{Buffer, MemoryUse, memory_use, release_pool};
pub use element::Element;
pub use philox::{Counter, Philox, Purpose};
pub use shape::{MAX_RANK, Shape};
pub use storage::DeviceBuffer;
pub use value::Tensor;
