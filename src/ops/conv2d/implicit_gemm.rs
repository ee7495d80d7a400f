//! Launches of the tiled convolution kernels, in every precision.

use super::Conv2dEpilogue;
use super::cuda::Device;
use super::{Geometry, OP};
use crate::Result;
use crate::device::kernels::conv2d_gemm::{self as gemm, Conv2dGemmArgs, TILE_M, TILE_N};
use crate::device::kernels::conv2d_tensor as tensor;
use crate::device::{DeviceAddress, Kernel, LaunchDims};
use crate::ops::Precision;
use crate::ops::launch::int_up_to;
use crate::tensor::{BitMask, Element, Tensor};

/// Whether a tile would be mostly empty, so that the direct kernels do better. Depends on the layer
/// alone: an image's result must not depend on its batch.
pub(super) fn is_too_small(g: &Geometry) -> bool {
    const FEWEST: usize = 8;
    g.k < FEWEST || g.depth() < FEWEST
}

/// A direction's kernel for each precision and what it is launched with.
struct Direction {
    f32: Kernel<Conv2dGemmArgs>,
    tf32: Kernel<Conv2dGemmArgs>,
    bf16: Kernel<Conv2dGemmArgs>,
    f16: Kernel<Conv2dGemmArgs>,
    stage_bytes: u32,
}

const FORWARD: Direction = Direction {
    f32: gemm::FORWARD,
    tf32: tensor::FORWARD_TF32,
    bf16: tensor::FORWARD_BF16,
    f16: tensor::FORWARD_F16,
    stage_bytes: gemm::FORWARD_STAGE,
};
const DGRAD: Direction = Direction {
    f32: gemm::DGRAD,
    tf32: tensor::DGRAD_TF32,
    bf16: tensor::DGRAD_BF16,
    f16: tensor::DGRAD_F16,
    stage_bytes: gemm::DGRAD_STAGE,
};
const WGRAD: Direction = Direction {
    f32: gemm::WGRAD,
    tf32: tensor::WGRAD_TF32,
    bf16: tensor::WGRAD_BF16,
    f16: tensor::WGRAD_F16,
    stage_bytes: gemm::WGRAD_STAGE,
};

impl Direction {
    /// Launches the kernel of `precision` for `rows` × `columns` results, `layers` times; not
    /// at all if there are none.
    fn launch(
        &self,
        device: &Device,
        precision: Precision,
        [rows, columns, layers]: [usize; 3],
        args: &Conv2dGemmArgs,
    ) -> Result<()> {
        if rows * columns * layers == 0 {
            return Ok(());
        }
        // The grid's first axis takes 2³¹ - 1 blocks, the others fewer.
        int_up_to(OP, columns.div_ceil(TILE_N), MOST_BLOCKS)?;
        int_up_to(OP, layers, MOST_BLOCKS)?;
        let (kernel, threads) = match precision {
            Precision::F32 => (&self.f32, gemm::THREADS),
            Precision::Tf32 => (&self.tf32, tensor::THREADS),
            Precision::Bf16 => (&self.bf16, tensor::THREADS),
            Precision::F16 => (&self.f16, tensor::THREADS),
        };
        let blocks = [rows.div_ceil(TILE_M), columns.div_ceil(TILE_N), layers];
        let blocks = blocks.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        let dims = LaunchDims {
            grid: blocks,
            block: [threads, 1, 1],
            shared_bytes: self.stage_bytes * gemm::stages(device.compute_capability()),
        };
        kernel.launch(&**device, dims, args)
    }
}

/// Blocks that the second and the third axis of a grid take (CUDA's programming guide, technical specifications).
const MOST_BLOCKS: i32 = 65_535;

/// The lengths as a kernel's arguments, without addresses.
///
/// # Errors
/// [`crate::Error::Argument`] if a length is beyond what the kernels count with.
fn arguments(g: &Geometry) -> Result<Conv2dGemmArgs> {
    const MOST: i32 = 1 << 30;
    let length = |length| int_up_to(OP, length, MOST);
    for product in [g.n * g.h * g.w, g.rows(), g.depth(), g.r * g.s * g.k] {
        length(product)?;
    }
    Ok(Conv2dGemmArgs {
        x: DeviceAddress::NULL,
        w: DeviceAddress::NULL,
        bias: DeviceAddress::NULL,
        residual: DeviceAddress::NULL,
        y: DeviceAddress::NULL,
        mask: DeviceAddress::NULL,
        parts: DeviceAddress::NULL,
        n: length(g.n)?,
        h: length(g.h)?,
        w_in: length(g.w)?,
        c: length(g.c)?,
        k: length(g.k)?,
        r: length(g.r)?,
        s: length(g.s)?,
        p: length(g.p)?,
        q: length(g.q)?,
        stride: [length(g.stride[0])?, length(g.stride[1])?],
        padding: [length(g.padding[0])?, length(g.padding[1])?],
        relu: 0,
        part_pixels: 0,
        part_count: 0,
    })
}

/// y `[N,P,Q,K]`, and `mask` written where there is one, which wants a ReLU.
pub(super) fn forward<T: Element>(
    device: &Device,
    g: &Geometry,
    precision: Precision,
    x: &Tensor<T>,
    w: &Tensor<T>,
    epilogue: Conv2dEpilogue<'_, T>,
    mask: Option<&BitMask>,
) -> Result<Tensor<T>> {
    let y = Tensor::dirty_on(device, g.output())?;
    let args = Conv2dGemmArgs {
        x: x.address(),
        w: w.address(),
        bias: epilogue.bias.map_or(DeviceAddress::NULL, Tensor::address),
        residual: epilogue.residual.map_or(DeviceAddress::NULL, Tensor::address),
        y: y.address(),
        mask: mask.map_or(DeviceAddress::NULL, BitMask::address),
        relu: i32::from(epilogue.relu),
        ..arguments(g)?
    };
    FORWARD.launch(device, precision, [g.rows(), g.k, 1], &args)?;
    Ok(y)
}

/// The gradient of the input, `[N,H,W,C]`, added to `sum` if there is one, with zeros where `mask` has none.
pub(super) fn dgrad<T: Element>(
    device: &Device,
    g: &Geometry,
    precision: Precision,
    dy: &Tensor<T>,
    w: &Tensor<T>,
    sum: Option<&Tensor<T>>,
    mask: Option<&BitMask>,
) -> Result<Tensor<T>> {
    let dx = Tensor::dirty_on(device, [g.n, g.h, g.w, g.c])?;
    let args = Conv2dGemmArgs {
        x: dx.address(),
        w: w.address(),
        y: dy.address(),
        residual: sum.map_or(DeviceAddress::NULL, Tensor::address),
        mask: mask.map_or(DeviceAddress::NULL, BitMask::address),
        ..arguments(g)?
    };
    let [down, right] = g.stride;
    let pixels = g.n * g.h.div_ceil(down) * g.w.div_ceil(right);
    DGRAD.launch(device, precision, [pixels, g.c, down * right], &args)?;
    Ok(dx)
}

/// The gradient of the weights, `[K,R,S,C]`. A gradient of several parts takes [`WORKSPACE`] elements at most.
pub(super) fn wgrad<T: Element>(
    device: &Device,
    g: &Geometry,
    precision: Precision,
    dy: &Tensor<T>,
    x: &Tensor<T>,
) -> Result<Tensor<T>> {
    let dw = Tensor::dirty_on(device, [g.k, g.r, g.s, g.c])?;
    let args = arguments(g)?;
    let part_pixels = part_pixels(g);
    let count = g.rows().div_ceil(part_pixels);
    // A single part is the gradient.
    let parts = match count > 1 {
        true => Tensor::<T>::dirty_on(device, [count, dw.len()])?,
        false => dw.clone(),
    };
    let args = Conv2dGemmArgs {
        x: x.address(),
        w: dw.address(),
        y: dy.address(),
        parts: parts.address(),
        // Both are at most the number of output pixels or a small constant, which `arguments` checked.
        part_pixels: part_pixels as i32,
        part_count: count as i32,
        ..args
    };
    WGRAD.launch(device, precision, [g.k, g.depth(), count], &args)?;
    if count != 1 {
        gemm::WGRAD_SUM.launch(&**device, LaunchDims::for_elements(dw.len()), &args)?;
    }
    Ok(dw)
}

/// Most elements of the parts of a weights' gradient together, where there is more than one: 64 MiB.
const WORKSPACE: usize = 16 << 20;

/// Output pixels of each part of the weights' gradient: enough parts to occupy a large device, none
/// so long that f32 sums suffer, and no more than [`WORKSPACE`] holds. A matter of the shapes alone, so
/// that every device gives the same sums.
fn part_pixels(g: &Geometry) -> usize {
    const BLOCKS: usize = 512;
    const FEWEST: usize = 128;
    const MOST: usize = 8192;
    let tiles = g.k.div_ceil(TILE_M) * g.depth().div_ceil(TILE_N);
    let parts = (BLOCKS / tiles).max(g.rows().div_ceil(MOST));
    let parts = parts
        .min(WORKSPACE / (g.k * g.depth()))
        .clamp(1, MOST_BLOCKS as usize);
    g.rows().div_ceil(parts).max(FEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Conv2d;
    use crate::tensor::Shape;

    fn geometry(x: [usize; 4], w: [usize; 4], options: Conv2d) -> Geometry {
        Geometry::new(options, &Shape::from(x), &Shape::from(w)).unwrap()
    }

    #[test]
    fn parts_cover_all_pixels_within_bounds() {
        for (x, w, options) in [
            ([1, 5, 5, 8], [8, 1, 1, 8], Conv2d::square(1, 0)),
            ([840, 224, 224, 12], [64, 7, 7, 12], Conv2d::square(2, 3)),
            ([84, 14, 14, 1024], [256, 1, 1, 1024], Conv2d::square(1, 0)),
            ([1, 7, 7, 8192], [8192, 3, 3, 8192], Conv2d::square(1, 1)),
        ] {
            let g = geometry(x, w, options);
            let pixels = part_pixels(&g);
            let parts = g.rows().div_ceil(pixels);
            assert!(parts * pixels >= g.rows() && pixels >= 128, "{g:?}");
            assert!(parts == 1 || parts * g.k * g.depth() <= WORKSPACE, "{g:?}");
            assert!(parts <= 65_535, "{g:?}");
        }
    }

    #[test]
    fn too_many_pixels_are_refused() {
        let g = geometry([1 << 20, 64, 64, 8], [8, 1, 1, 8], Conv2d::square(1, 0));
        let error = arguments(&g).unwrap_err();
        assert!(error.to_string().contains("4294967296"), "{error}");
    }
}
