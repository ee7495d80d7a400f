//! Launches of the matrix product kernels.

use super::sides;
use crate::device::kernels::gemm::{GEMM, GemmArgs, GemmPartsArgs, SUM_PARTS, product_dims};
use crate::device::{Accelerator, DeviceAddress, LaunchDims};
use crate::ops::launch::int;
use crate::tensor::{Element, Tensor};
use crate::{Error, Result};
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// Terms of a sum that a block adds up; a longer sum is cut into parts of this length, which run beside
/// each other. The same for all shapes, so that a row's bits do not depend on the other rows.
const PART: usize = 1024;

/// A matrix and how the sum runs through it.
struct Operand {
    address: DeviceAddress,
    /// Elements between neighbours along the result, and along the sum.
    steps: [u64; 2],
}

impl Operand {
    /// The sum runs along the rows.
    fn along_rows<T: Element>(matrix: &Tensor<T>) -> Self {
        Self {
            address: matrix.address(),
            steps: [matrix.shape().axis(1) as u64, 1],
        }
    }

    /// The sum runs down the columns.
    fn down_columns<T: Element>(matrix: &Tensor<T>) -> Self {
        Self {
            address: matrix.address(),
            steps: [1, matrix.shape().axis(1) as u64],
        }
    }
}

/// The m×n matrix of sums over `depth` terms.
fn product<T: Element>(
    device: &Device,
    op: &'static str,
    [m, n, depth]: [usize; 3],
    [left, right]: [Operand; 2],
    bias: Option<&Tensor<T>>,
) -> Result<Tensor<T>> {
    let count = depth.div_ceil(PART).max(1);
    let dims = product_dims(m, n, count).ok_or_else(|| {
        let found = format!("[{m}, {depth}] times [{depth}, {n}]");
        Error::argument(op, "product", "fewer tiles than a device launches at once", found)
    })?;
    let bias = bias.map_or(DeviceAddress::NULL, Tensor::address);
    let c = Tensor::dirty_on(device, [m, n])?;
    let whole = GemmArgs {
        left: left.address,
        right: right.address,
        bias,
        c: c.address(),
        left_step: left.steps[0],
        left_depth_step: left.steps[1],
        right_step: right.steps[0],
        right_depth_step: right.steps[1],
        m: int(op, m)?,
        n: int(op, n)?,
        depth: int(op, depth)?,
        part: int(op, PART)?,
    };
    if c.is_empty() {
        return Ok(c);
    }
    if count == 1 {
        GEMM.launch(&**device, dims, &whole)?;
        return Ok(c);
    }
    let parts = Tensor::<T>::dirty_on(device, [count, m, n])?;
    let args = GemmArgs {
        bias: DeviceAddress::NULL,
        c: parts.address(),
        ..whole
    };
    GEMM.launch(&**device, dims, &args)?;
    let args = GemmPartsArgs {
        parts: parts.address(),
        bias,
        c: c.address(),
        elements: c.len() as u64,
        n: whole.n,
        count: int(op, count)?,
    };
    SUM_PARTS.launch(&**device, LaunchDims::for_elements(c.len()), &args)?;
    Ok(c)
}

/// a (m×k) · b (k×n).
pub(super) fn times<T: Element>(
    device: &Device,
    op: &'static str,
    a: &Tensor<T>,
    b: &Tensor<T>,
) -> Result<Tensor<T>> {
    let ([m, k], [_, n]) = (sides(a), sides(b));
    let operands = [Operand::along_rows(a), Operand::down_columns(b)];
    product(device, op, [m, n, k], operands, None)
}

/// a (m×k) · bᵀ (b n×k) + bias.
pub(super) fn times_transposed<T: Element>(
    device: &Device,
    op: &'static str,
    a: &Tensor<T>,
    b: &Tensor<T>,
    bias: Option<&Tensor<T>>,
) -> Result<Tensor<T>> {
    let ([m, k], [n, _]) = (sides(a), sides(b));
    let operands = [Operand::along_rows(a), Operand::along_rows(b)];
    product(device, op, [m, n, k], operands, bias)
}

/// aᵀ (a k×m) · b (k×n).
pub(super) fn transposed_times<T: Element>(
    device: &Device,
    op: &'static str,
    a: &Tensor<T>,
    b: &Tensor<T>,
) -> Result<Tensor<T>> {
    let ([k, m], [_, n]) = (sides(a), sides(b));
    let operands = [Operand::down_columns(a), Operand::down_columns(b)];
    product(device, op, [m, n, k], operands, None)
}
