//! The door to accelerators: allocate, copy, launch — nothing else.
//!
//! - [`Accelerator`] is the door itself, an object-safe trait; [`cuda::open`] gives one over the
//!   CUDA driver. Neither the driver nor NVRTC is needed to build or to start the program: both
//!   are loaded when a device is first asked for.
//! - [`DeviceChoice`] is what a user asks for, [`Device`] what was opened: the CPU or an accelerator.
//! - [`kernels`] holds the CUDA C++ sources of the folder `kernels/` and the [`Kernel`] handles
//!   that tie each entry point to its argument struct.
//! - [`nvrtc`] compiles them; [`KernelCache`] keeps what it made on disk.
//! - [`pool`] lends the device's memory and takes it back, for every implementation alike.
//!
//! # One struct per kernel
//! Every kernel takes exactly one `#[repr(C)]` struct, by value. The struct is written twice, in
//! the `.cu` file and with the macro `kernel_args!` beside its [`Kernel`]; what ties the two together is
//! generated: [`kernels::translation_unit`] appends to the source a `static_assert` for the
//! struct's size and for each field's offset and size as Rust laid them out, and a redeclaration
//! of every entry point with that struct. A kernel that disagrees with its Rust side therefore
//! does not compile.

mod accelerator;
mod agreement;
mod choice;
pub mod cuda;
mod kernel_cache;
pub mod kernels;
pub mod nvrtc;
pub mod pool;
mod self_test;
mod signature;
pub mod tensor_map;

pub use accelerator::{Accelerator, DeviceAllocation, DeviceMemory, Event, LaunchDims};
pub use agreement::Agreement;
pub use choice::{Device, DeviceChoice};
pub use kernel_cache::{CacheContents, CacheKey, KernelCache};
pub use pool::Pool;
pub use self_test::{SelfTest, self_test};
pub use signature::{DeviceAddress, FieldLayout, Kernel, KernelArgs, Signature, StructLayout};
pub use tensor_map::{TensorBoxes, TensorMap};
