//! The kernels of `kernels/conv2d_warpgroup.cu`: convolution as an implicit matrix product of warpgroups, for compute
//! capability 9.0 alone, and what prepares its factors.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, LaunchDims, Signature, TensorMap};

kernel_args! {
    /// A convolution: M windows over pictures of C channels, K channels of results.
    pub struct Conv2dWarpgroupArgs {
        /// Pictures `[N,H,W,C]` in 16 bits, as boxes of [`TILE_M`] pixels under a tap.
        pub pictures: TensorMap,
        /// Weights `[K,R·S,C]` in the same format, as boxes of as many rows as the kernel's tile has columns.
        pub weights: TensorMap,
        /// Added to every window's results, `[K]`; may be null.
        pub bias: DeviceAddress,
        /// Added, `[M,K]`; may be null.
        pub residual: DeviceAddress,
        /// Written: which results pass the ReLU, as [`BitMask`](crate::tensor::BitMask) has it; may be null.
        pub passed: DeviceAddress,
        /// Which results are kept, as [`BitMask`](crate::tensor::BitMask) has it, the others becoming 0; may be null.
        pub mask: DeviceAddress,
        /// Results, `[M,K]`.
        pub y: DeviceAddress,
        /// Windows of all pictures.
        pub m: i32,
        /// Channels of the results; even.
        pub k: i32,
        /// Rows, columns of windows in a picture.
        pub grid: [i32; 2],
        /// Channels of the pictures.
        pub c: i32,
        /// Rows, columns of a window.
        pub taps: [i32; 2],
        /// Rows, columns between windows.
        pub stride: [i32; 2],
        /// Rows, columns of zeros above and left of a picture.
        pub padding: [i32; 2],
        /// Not 0: negative results become 0.
        pub relu: i32,
        /// Up to a multiple of the maps' alignment.
        pub unused: [i32; 10],
    }
}

kernel_args! {
    /// Numbers in f32, and where they go in 16 bits.
    pub struct Conv2dFactorArgs {
        /// Any numbers; of weights, `[K,R·S,C]`.
        pub from: DeviceAddress,
        /// As many in 16 bits; of weights, `[C,R·S,K]` with the taps in reverse.
        pub to: DeviceAddress,
        /// Half as many as there are numbers.
        pub pairs: u64,
        /// Channels of the output; even.
        pub k: i32,
        /// Taps of a window.
        pub taps: i32,
        /// Channels of the input.
        pub c: i32,
        /// Nothing.
        pub unused: i32,
    }
}

/// Rows of a tile.
pub const TILE_M: usize = 128;

/// A convolution kernel, and the columns of its tile.
pub struct TiledKernel {
    /// Reads `pictures`, `weights` and, unless null, `bias`, `residual` and `mask`; writes `y` and, unless null,
    /// `passed`.
    pub kernel: Kernel<Conv2dWarpgroupArgs>,
    /// Columns of its tile, and rows of a box of weights.
    pub tile_n: usize,
}

/// The kernels for factors of one format.
pub struct Format {
    /// Convolutions with narrower and wider tiles.
    pub convolutions: [TiledKernel; 3],
    /// Rounds `from` to `to`, for its pairs.
    pub round: Kernel<Conv2dFactorArgs>,
    /// Rounds the weights `from` to those of the input's gradient, for their pairs.
    pub flip_weights: Kernel<Conv2dFactorArgs>,
}

const fn convolution(entry: &'static str, tile_n: usize) -> TiledKernel {
    TiledKernel {
        kernel: Kernel::new(SOURCE, entry).with_capability(9, 0),
        tile_n,
    }
}

const fn factor(entry: &'static str) -> Kernel<Conv2dFactorArgs> {
    Kernel::new(SOURCE, entry).with_capability(9, 0)
}

const SOURCE: &str = "conv2d_warpgroup.cu";

/// In f16.
pub const F16: Format = Format {
    convolutions: [
        convolution("conv2d_wg_f16_n64", 64),
        convolution("conv2d_wg_f16_n128", 128),
        convolution("conv2d_wg_f16_n256", 256),
    ],
    round: factor("round_f16"),
    flip_weights: factor("flip_weights_f16"),
};

/// In bf16.
pub const BF16: Format = Format {
    convolutions: [
        convolution("conv2d_wg_bf16_n64", 64),
        convolution("conv2d_wg_bf16_n128", 128),
        convolution("conv2d_wg_bf16_n256", 256),
    ],
    round: factor("round_bf16"),
    flip_weights: factor("flip_weights_bf16"),
};

/// What a convolution kernel is launched with for this many tiles: blocks that walk over them.
pub fn launch_dims(tiles: u32, multiprocessors: u32) -> LaunchDims {
    const THREADS: u32 = 384;
    /// Of the ring of stages and its barriers.
    const SHARED_BYTES: u32 = 192 * 1024 + 2 * 8 * 8;
    LaunchDims {
        grid: [tiles.clamp(1, multiprocessors.max(1)), 1, 1],
        block: [THREADS, 1, 1],
        shared_bytes: SHARED_BYTES,
    }
}

pub(super) const SIGNATURES: &[Signature] = &[
    F16.convolutions[0].kernel.signature(),
    F16.convolutions[1].kernel.signature(),
    F16.convolutions[2].kernel.signature(),
    F16.round.signature(),
    F16.flip_weights.signature(),
    BF16.convolutions[0].kernel.signature(),
    BF16.convolutions[1].kernel.signature(),
    BF16.convolutions[2].kernel.signature(),
    BF16.round.signature(),
    BF16.flip_weights.signature(),
];
