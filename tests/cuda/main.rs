//! The CUDA kernels on the emulator (`tests/emulator`), which needs no GPU: against the CPU's
//! operations, and the emulator itself. With `CROSSMAX_TEST_DEVICE=cuda` the same comparisons run on a
//! GPU, and larger ones.

#![cfg(target_os = "linux")]

mod accelerator;
mod arrange;
mod attacks;
mod batch_norm;
mod conv2d;
mod conv2d_tiles;
mod conv2d_warpgroups;
mod elementwise;
mod emulated;
mod emulated_maps;
mod emulated_memory;
mod gemm;
mod losses;
mod memory;
mod mutations;
mod on_device;
mod operand_places;
mod operands;
mod optimisers;
mod order;
mod pipeline;
mod pools;
mod precisions;
mod rectified_convs;
mod reduce;
mod replicate;
mod resize;
mod resnet152;
mod running_statistics;
mod softmax;
mod speed;
mod tensor_cores;
mod test_kernels;
mod view_stack;
mod warpgroups;
mod wrong_kernels;
