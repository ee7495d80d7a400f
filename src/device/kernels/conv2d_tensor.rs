//! The kernels of `kernels/conv2d_tensor.cu`: convolution as an implicit matrix product on the
//! tensor cores. Launched as those of [`conv2d_gemm`](super::conv2d_gemm), but in blocks of
//! [`THREADS`].

use super::conv2d_gemm::Conv2dGemmArgs;
use crate::device::{Kernel, Signature};

/// Threads of a block.
pub const THREADS: u32 = 128;

const fn kernel(entry: &'static str) -> Kernel<Conv2dGemmArgs> {
    Kernel::new("conv2d_tensor.cu", entry)
}

/// Forward in f16.
pub const FORWARD_F16: Kernel<Conv2dGemmArgs> = kernel("conv2d_forward_f16").since_capability(7, 5);
/// The input's gradient in f16.
pub const DGRAD_F16: Kernel<Conv2dGemmArgs> = kernel("conv2d_dgrad_f16").since_capability(7, 5);
/// Parts of the weights' gradient in f16.
pub const WGRAD_F16: Kernel<Conv2dGemmArgs> = kernel("conv2d_wgrad_f16").since_capability(7, 5);
/// Forward in bf16.
pub const FORWARD_BF16: Kernel<Conv2dGemmArgs> = kernel("conv2d_forward_bf16").since_capability(8, 0);
/// The input's gradient in bf16.
pub const DGRAD_BF16: Kernel<Conv2dGemmArgs> = kernel("conv2d_dgrad_bf16").since_capability(8, 0);
/// Parts of the weights' gradient in bf16.
pub const WGRAD_BF16: Kernel<Conv2dGemmArgs> = kernel("conv2d_wgrad_bf16").since_capability(8, 0);
/// Forward in tf32.
pub const FORWARD_TF32: Kernel<Conv2dGemmArgs> = kernel("conv2d_forward_tf32").since_capability(8, 0);
/// The input's gradient in tf32.
pub const DGRAD_TF32: Kernel<Conv2dGemmArgs> = kernel("conv2d_dgrad_tf32").since_capability(8, 0);
/// Parts of the weights' gradient in tf32.
pub const WGRAD_TF32: Kernel<Conv2dGemmArgs> = kernel("conv2d_wgrad_tf32").since_capability(8, 0);

pub(super) const SIGNATURES: &[Signature] = &[
    FORWARD_F16.signature(),
    DGRAD_F16.signature(),
    WGRAD_F16.signature(),
    FORWARD_BF16.signature(),
    DGRAD_BF16.signature(),
    WGRAD_BF16.signature(),
    FORWARD_TF32.signature(),
    DGRAD_TF32.signature(),
    WGRAD_TF32.signature(),
];
