//! The kernels of `kernels/elementwise.cu`: functions of one tensor and of two, in f32. All are
//! launched for the elements of `out`.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};
use crate::tensor::MAX_RANK;

kernel_args! {
    /// A function of every element of a tensor.
    pub struct FunctionArgs {
        /// Input, contiguous.
        pub x: DeviceAddress,
        /// Output, contiguous; may be `x`.
        pub out: DeviceAddress,
        /// Elements of both.
        pub elements: u64,
        /// What the function takes beside the element.
        pub parameters: [f32; 2],
    }
}

kernel_args! {
    /// A function of the elements of two tensors, read by one walk over `axes` axes.
    pub struct PairArgs {
        /// First input.
        pub x: DeviceAddress,
        /// Second input.
        pub y: DeviceAddress,
        /// Output, contiguous; may be an input that is walked so.
        pub out: DeviceAddress,
        /// Elements of `out`.
        pub elements: u64,
        /// Lengths of the walk's axes, outermost first.
        pub lengths: [u64; MAX_RANK],
        /// Elements between neighbours of `x` along each.
        pub x_steps: [u64; MAX_RANK],
        /// Elements between neighbours of `y` along each.
        pub y_steps: [u64; MAX_RANK],
        /// What the function takes beside the elements.
        pub parameters: [f32; 2],
        /// Number of axes, ≥ 1.
        pub axes: i32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

kernel_args! {
    /// A tensor [pixels, channels] and its mask of one bit an element.
    pub struct MaskArgs {
        /// Input, contiguous.
        pub x: DeviceAddress,
        /// Words of 32 channels, as [`BitMask`](crate::tensor::BitMask) has them.
        pub mask: DeviceAddress,
        /// Output, contiguous; may be `x`.
        pub out: DeviceAddress,
        /// Elements of `x`.
        pub elements: u64,
        /// Channels of a pixel, ≥ 1.
        pub channels: i32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

const fn function(entry: &'static str) -> Kernel<FunctionArgs> {
    Kernel::new("elementwise.cu", entry)
}

const fn pair(entry: &'static str) -> Kernel<PairArgs> {
    Kernel::new("elementwise.cu", entry)
}

/// max(x, 0).
pub const RELU: Kernel<FunctionArgs> = function("elementwise_relu");
/// x/(1 + e⁻ˣ).
pub const SILU: Kernel<FunctionArgs> = function("elementwise_silu");
/// tanh x.
pub const TANH: Kernel<FunctionArgs> = function("elementwise_tanh");
/// x within the parameters low and high.
pub const CLAMP: Kernel<FunctionArgs> = function("elementwise_clamp");
/// scale · x + shift; these are the parameters.
pub const AFFINE: Kernel<FunctionArgs> = function("elementwise_affine");
/// scale · x; this is the first parameter.
pub const SCALE: Kernel<FunctionArgs> = function("elementwise_scale");

/// x + y.
pub const ADD: Kernel<PairArgs> = pair("elementwise_add");
/// x − y.
pub const SUBTRACT: Kernel<PairArgs> = pair("elementwise_subtract");
/// x · y.
pub const MULTIPLY: Kernel<PairArgs> = pair("elementwise_multiply");
/// x / y.
pub const DIVIDE: Kernel<PairArgs> = pair("elementwise_divide");
/// −x · y.
pub const NEGATIVE_PRODUCT: Kernel<PairArgs> = pair("elementwise_negative_product");
/// Gradient of the input of [`RELU`] from `x`, the output's, and `y`, the output.
pub const RELU_GRADIENT: Kernel<PairArgs> = pair("elementwise_relu_gradient");
/// Gradient of the input of [`SILU`] from `x`, the output's, and `y`, the input.
pub const SILU_GRADIENT: Kernel<PairArgs> = pair("elementwise_silu_gradient");
/// Gradient of the input of [`TANH`] from `x`, the output's, and `y`, the output.
pub const TANH_GRADIENT: Kernel<PairArgs> = pair("elementwise_tanh_gradient");
/// Gradient of the input of [`CLAMP`] from `x`, the output's, and `y`, the input.
pub const CLAMP_GRADIENT: Kernel<PairArgs> = pair("elementwise_clamp_gradient");
/// x where the mask has a bit, else 0.
pub const MASK: Kernel<MaskArgs> = Kernel::new("elementwise.cu", "elementwise_mask");

pub(super) const SIGNATURES: &[Signature] = &[
    RELU.signature(),
    SILU.signature(),
    TANH.signature(),
    CLAMP.signature(),
    AFFINE.signature(),
    SCALE.signature(),
    ADD.signature(),
    SUBTRACT.signature(),
    MULTIPLY.signature(),
    DIVIDE.signature(),
    NEGATIVE_PRODUCT.signature(),
    RELU_GRADIENT.signature(),
    SILU_GRADIENT.signature(),
    TANH_GRADIENT.signature(),
    CLAMP_GRADIENT.signature(),
    MASK.signature(),
];
