//! The CUDA kernels on the emulator (`tests/emulator`), which needs no GPU: against the CPU's
//! operations, and the emulator itself.

#![cfg(target_os = "linux")]

mod accelerator;
mod batch_norm;
mod conv2d;
mod conv2d_tiles;
mod emulated;
mod gemm;
mod losses;
mod mutations;
mod operand_places;
mod operands;
mod order;
mod pools;
mod resize;
mod running_statistics;
mod softmax;
mod speed;
mod tensor_cores;
mod test_kernels;
mod wrong_kernels;
