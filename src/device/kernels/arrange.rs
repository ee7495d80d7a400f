//! The kernels of `kernels/arrange.cu`: filling, copying and moving elements, in f32.

use crate::device::signature::kernel_args;
use crate::device::{DeviceAddress, Kernel, Signature};
use crate::tensor::MAX_RANK;

kernel_args! {
    /// One number for all elements.
    pub struct FillArgs {
        /// Output.
        pub out: DeviceAddress,
        /// Its elements.
        pub elements: u64,
        /// The number.
        pub value: f32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

kernel_args! {
    /// A copy by one walk over `axes` axes.
    pub struct CopyArgs {
        /// Input.
        pub x: DeviceAddress,
        /// Output; what the walk leaves out stays.
        pub out: DeviceAddress,
        /// Elements that are copied.
        pub elements: u64,
        /// Lengths of the walk's axes, outermost first.
        pub lengths: [u64; MAX_RANK],
        /// Elements between neighbours of `x` along each.
        pub x_steps: [u64; MAX_RANK],
        /// Elements between neighbours of `out` along each.
        pub out_steps: [u64; MAX_RANK],
        /// Factor.
        pub scale: f32,
        /// Number of axes, ≥ 1.
        pub axes: i32,
    }
}

kernel_args! {
    /// Rows by index.
    pub struct GatherArgs {
        /// Input, `[rows, row]`.
        pub x: DeviceAddress,
        /// Output, `[indices, row]`.
        pub out: DeviceAddress,
        /// Rows of the input, in u64.
        pub indices: DeviceAddress,
        /// Elements of a row.
        pub row: u64,
        /// Elements of the output.
        pub elements: u64,
    }
}

kernel_args! {
    /// Rows written over others.
    pub struct ReplaceArgs {
        /// Input, `[.., row]`.
        pub x: DeviceAddress,
        /// Output, `[.., row]`; rows that are not named stay.
        pub out: DeviceAddress,
        /// Rows of the input, in u64.
        pub sources: DeviceAddress,
        /// As many rows of the output, in u64, distinct.
        pub targets: DeviceAddress,
        /// Elements of a row.
        pub row: u64,
        /// Elements copied.
        pub elements: u64,
    }
}

kernel_args! {
    /// Pictures moved around their edges.
    pub struct RollArgs {
        /// Input, `[N,H,W,C]`.
        pub x: DeviceAddress,
        /// Output, `[N,H,W,C]`.
        pub out: DeviceAddress,
        /// Rows down in 0..h and columns right in 0..w of every picture, `[N,2]` in i32.
        pub shifts: DeviceAddress,
        /// Elements of the output.
        pub elements: u64,
        /// Rows.
        pub h: i32,
        /// Columns.
        pub w: i32,
        /// Channels.
        pub c: i32,
        /// Nothing; keeps the size a multiple of 8.
        pub unused: i32,
    }
}

/// `out` = value. For the elements of `out`.
pub const FILL: Kernel<FillArgs> = Kernel::new("arrange.cu", "arrange_fill");
/// `out` = scale · `x`. For the elements copied.
pub const COPY: Kernel<CopyArgs> = Kernel::new("arrange.cu", "arrange_copy");
/// Reads `x` and `indices`; writes `out`. For its elements.
pub const GATHER_ROWS: Kernel<GatherArgs> = Kernel::new("arrange.cu", "arrange_gather_rows");
/// Reads `x`, `sources` and `targets`; writes those rows of `out`. For the elements copied.
pub const REPLACE_ROWS: Kernel<ReplaceArgs> = Kernel::new("arrange.cu", "arrange_replace_rows");
/// Reads `x` and `shifts`; writes `out`. For its elements.
pub const ROLL: Kernel<RollArgs> = Kernel::new("arrange.cu", "arrange_roll");

pub(super) const SIGNATURES: &[Signature] = &[
    FILL.signature(),
    COPY.signature(),
    GATHER_ROWS.signature(),
    REPLACE_ROWS.signature(),
    ROLL.signature(),
];
