//! The kernels of `kernels/view_stack.cu`: the multi-resolution view stack and its adjoint in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};
use bytemuck::{Pod, Zeroable};

/// One view, as the kernels read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct View {
    /// Where its picture begins among those of an image in `low`.
    pub first: u64,
    /// Height and width.
    pub resolution: i32,
    /// Nothing; keeps the size a multiple of 8.
    pub unused: i32,
}

/// What one image gets in one view, as the kernels read it.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Draw {
    /// Rows down, in 0..h.
    pub down: i32,
    /// Columns right, in 0..w.
    pub right: i32,
    /// Contrast factor.
    pub contrast: f32,
    /// Colour factor.
    pub colour: f32,
}

kernel_args! {
    /// A view stack; addresses are of f32 but where noted, and those that a kernel does not name may be
    /// null. Gradients stand where the forward pass has what they are the gradient of.
    pub struct ViewStackArgs {
        /// Images, `[N,H,W,3]`.
        pub x: DeviceAddress,
        /// Output, `[N,H,W,3V]`.
        pub y: DeviceAddress,
        /// Gradient of `x`.
        pub dx: DeviceAddress,
        /// Mean grey value of every image, `[N]`.
        pub grey: DeviceAddress,
        /// What every pixel adds to the gradient of `grey`, `[N,H,W]`.
        pub grey_parts: DeviceAddress,
        /// After contrast, colour and roll, `[N,V,H,W,3]`.
        pub adjusted: DeviceAddress,
        /// At the views' own resolutions, `[N, low_elements]`.
        pub low: DeviceAddress,
        /// 1 where the gradient passes the contrast's clamp, `[N,V,H,W,3]` in u8, before the roll.
        pub contrast_mask: DeviceAddress,
        /// 1 where the gradient passes the clip at the end, `[N,V,H,W,3]` in u8.
        pub clip_mask: DeviceAddress,
        /// [`Draw`]s, `[N,V]`.
        pub draws: DeviceAddress,
        /// [`View`]s, `[V]`.
        pub views: DeviceAddress,
        /// Words 1 to 3 of the random counter of every image, `[N,3]` in u32; null: the noise is drawn.
        pub counters: DeviceAddress,
        /// Noise at the views' own resolutions, `[N, low_elements]`, each (row, channel, column).
        pub low_noise: DeviceAddress,
        /// Noise at full size, `[N,V,H,3,W]`.
        pub full_noise: DeviceAddress,
        /// Elements of all views of an image at their own resolutions.
        pub low_elements: u64,
        /// Images.
        pub n: i32,
        /// Rows.
        pub h: i32,
        /// Columns.
        pub w: i32,
        /// Views.
        pub v: i32,
        /// Key of the random streams.
        pub key: [u32; 2],
        /// Block of the stream where the noise at the view's own resolution begins.
        pub low_block: u32,
        /// Block of the stream where the noise at full size begins.
        pub full_block: u32,
        /// Not 0: the noise is normal, not uniform.
        pub normal: i32,
        /// Factor of the noise.
        pub amplitude: f32,
        /// Factor of every colour at the end.
        pub scale: [f32; 3],
        /// Summand of every colour at the end.
        pub shift: [f32; 3],
    }
}

const fn kernel(entry: &'static str) -> Kernel<ViewStackArgs> {
    Kernel::new("view_stack.cu", entry)
}

/// Reads `x`; writes `grey`. For the rows N.
pub const GREY: Kernel<ViewStackArgs> = kernel("view_stack_grey");
/// Reads `x`, `grey`; writes `adjusted`, `contrast_mask`. For the elements N·V·H·W.
pub const ADJUST: Kernel<ViewStackArgs> = kernel("view_stack_adjust");
/// Reads `adjusted` and the noise; writes `low`. For its elements.
pub const DOWN: Kernel<ViewStackArgs> = kernel("view_stack_down");
/// Reads `low` and the noise; writes `y`, `clip_mask`. For the elements of `y`.
pub const UP: Kernel<ViewStackArgs> = kernel("view_stack_up");
/// Reads `y` (a gradient), `clip_mask`; writes `low` (a gradient). For the elements of `low`.
pub const UP_ADJOINT: Kernel<ViewStackArgs> = kernel("view_stack_up_adjoint");
/// Reads `low` (a gradient), `contrast_mask`; writes `dx`, `grey_parts`. For the elements N·H·W.
pub const ADJUST_ADJOINT: Kernel<ViewStackArgs> = kernel("view_stack_adjust_adjoint");
/// Reads `grey_parts`; writes `grey` (a gradient). For the rows N.
pub const GREY_GRADIENT: Kernel<ViewStackArgs> = kernel("view_stack_grey_gradient");
/// Reads `grey` (a gradient); adds to `dx`. For its elements.
pub const ADD_GREY: Kernel<ViewStackArgs> = kernel("view_stack_add_grey");

pub(super) const SIGNATURES: &[Signature] = &[
    GREY.signature(),
    ADJUST.signature(),
    DOWN.signature(),
    UP.signature(),
    UP_ADJOINT.signature(),
    ADJUST_ADJOINT.signature(),
    GREY_GRADIENT.signature(),
    ADD_GREY.signature(),
];
