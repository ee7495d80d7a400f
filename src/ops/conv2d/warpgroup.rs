//! Launches of the warpgroups' convolution kernels, on devices of compute capability 9.0 where they were found to agree
//! with the simple ones.

use super::Conv2dEpilogue;
use super::cuda::Device;
use super::{Conv2d, Geometry, OP, implicit_gemm};
use crate::device::kernels::conv2d_warpgroup::{
    BF16, Conv2dFactorArgs, Conv2dWarpgroupArgs, F16, Format, TILE_M, TiledKernel, launch_dims,
};
use crate::device::tensor_map::{BOX_DEPTH, BoxKind, HalfFormat, TensorBoxes};
use crate::device::{DeviceAddress, Kernel, LaunchDims};
use crate::ops::Precision;
use crate::ops::launch::int_up_to;
use crate::tensor::{BitMask, DeviceArray, Element, Shape, Tensor};
use crate::{Error, Result};

/// Whether these kernels serve a layer on the device, which is tried at the first layer that they could serve.
pub(super) fn serves(device: &Device, g: &Geometry, precision: Precision) -> bool {
    let fits = format_of(precision).is_some() && is_eligible(g);
    fits && device
        .warpgroups()
        .is_some_and(|agreement| agreement.holds(|| check(device)))
}

/// The kernels and the factors' format of a precision, if it has them.
fn format_of(precision: Precision) -> Option<(Format, HalfFormat)> {
    match precision {
        Precision::F16 => Some((F16, HalfFormat::F16)),
        Precision::Bf16 => Some((BF16, HalfFormat::Bf16)),
        Precision::F32 | Precision::Tf32 => None,
    }
}

/// Whether the copy engine can unroll the layer's pictures, and boxes are at least half full. A matter of the layer alone:
/// an image's result must not depend on its batch.
fn is_eligible(g: &Geometry) -> bool {
    const MOST_TAPS: usize = 128;
    const MOST_STRIDE: usize = 8;
    // 16 bytes of 16-bit numbers.
    const QUAD: usize = 8;
    g.c.is_multiple_of(QUAD)
        && g.k.is_multiple_of(QUAD)
        && g.c.next_multiple_of(BOX_DEPTH) <= 2 * g.c
        && g.r.max(g.s) < MOST_TAPS
        && g.stride.iter().all(|&stride| stride <= MOST_STRIDE)
        && g.padding[0] < g.r
        && g.padding[1] < g.s
}

/// What follows the sums, by address.
#[derive(Default)]
struct Finish {
    bias: DeviceAddress,
    residual: DeviceAddress,
    passed: DeviceAddress,
    mask: DeviceAddress,
    relu: bool,
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
    let (kernels, format) = format_of(precision).ok_or_else(|| unsupported(device, precision))?;
    let weights = factors(device, &kernels.round, w.address(), g, w.len())?;
    let pictures = factors(device, &kernels.round, x.address(), g, x.len())?;
    let finish = Finish {
        bias: epilogue.bias.map_or(DeviceAddress::NULL, Tensor::address),
        residual: epilogue.residual.map_or(DeviceAddress::NULL, Tensor::address),
        passed: mask.map_or(DeviceAddress::NULL, BitMask::address),
        mask: DeviceAddress::NULL,
        relu: epilogue.relu,
    };
    let operands = [pictures.address(), weights.address(), y.address()];
    launch(device, g, (&kernels, format), operands, &finish)?;
    Ok(y)
}

/// The gradient of the input, `[N,H,W,C]`, added to `sum` if there is one, with zeros where `mask` has none: the
/// convolution `flipped` of the output's gradient, as [`Geometry::flipped`] makes it.
pub(super) fn dgrad<T: Element>(
    device: &Device,
    flipped: &Geometry,
    precision: Precision,
    dy: &Tensor<T>,
    w: &Tensor<T>,
    sum: Option<&Tensor<T>>,
    mask: Option<&BitMask>,
) -> Result<Tensor<T>> {
    let dx = Tensor::dirty_on(device, flipped.output())?;
    let (kernels, format) = format_of(precision).ok_or_else(|| unsupported(device, precision))?;
    let weights = factors(device, &kernels.flip_weights, w.address(), flipped, w.len())?;
    let pictures = factors(device, &kernels.round, dy.address(), flipped, dy.len())?;
    let finish = Finish {
        residual: sum.map_or(DeviceAddress::NULL, Tensor::address),
        mask: mask.map_or(DeviceAddress::NULL, BitMask::address),
        ..Finish::default()
    };
    let operands = [pictures.address(), weights.address(), dx.address()];
    launch(device, flipped, (&kernels, format), operands, &finish)?;
    Ok(dx)
}

fn unsupported(device: &Device, precision: Precision) -> Error {
    let device = format!("{} in {precision:?}", device.name());
    Error::Unsupported { op: OP, device }
}

/// `count` numbers of 16 bits, made by `kernel`. Of weights to flip, `g` is the convolution that they are for, whose
/// input channels are the weights' outputs.
fn factors(
    device: &Device,
    kernel: &Kernel<Conv2dFactorArgs>,
    from: DeviceAddress,
    g: &Geometry,
    count: usize,
) -> Result<DeviceArray> {
    let to = DeviceArray::dirty::<u16>(&**device, count)?;
    let pairs = count / 2;
    let args = Conv2dFactorArgs {
        from,
        to: to.address(),
        pairs: pairs as u64,
        k: length(g.c)?,
        taps: length(g.r * g.s)?,
        c: length(g.k)?,
        unused: 0,
    };
    if pairs > 0 {
        kernel.launch(&**device, LaunchDims::for_elements(pairs), &args)?;
    }
    Ok(to)
}

fn length(length: usize) -> Result<i32> {
    const MOST: i32 = 1 << 30;
    int_up_to(OP, length, MOST)
}

/// The kernel whose tile is as wide as there are channels, or the widest. Depends on the layer alone.
fn kernel_for(channels: usize, kernels: &Format) -> &TiledKernel {
    let [narrow, middle, wide] = &kernels.convolutions;
    match channels {
        ..=64 => narrow,
        65..=128 => middle,
        _ => wide,
    }
}

/// Convolves 16-bit pictures with 16-bit weights.
fn launch(
    device: &Device,
    g: &Geometry,
    (kernels, format): (&Format, HalfFormat),
    [pictures, weights, y]: [DeviceAddress; 3],
    finish: &Finish,
) -> Result<()> {
    let rows = g.rows();
    if rows == 0 {
        return Ok(());
    }
    let TiledKernel { kernel, tile_n } = kernel_for(g.k, kernels);
    let tiles = rows.div_ceil(TILE_M) * g.k.div_ceil(*tile_n);
    let padding = [length(g.padding[0])?, length(g.padding[1])?];
    let map = |address, kind| {
        device.tensor_map(&TensorBoxes {
            address,
            format,
            kind,
        })
    };
    let boxes_of_pixels = BoxKind::Im2col {
        shape: [g.n, g.h, g.w, g.c],
        window: [g.r, g.s],
        stride: g.stride,
        before: padding,
        after: padding,
        pixels: TILE_M,
    };
    let boxes_of_weights = BoxKind::Tile {
        shape: [g.k, g.r * g.s, g.c],
        rows: *tile_n,
    };
    for product in [g.n * g.h * g.w, rows] {
        length(product)?;
    }
    let args = Conv2dWarpgroupArgs {
        pictures: map(pictures, boxes_of_pixels)?,
        weights: map(weights, boxes_of_weights)?,
        bias: finish.bias,
        residual: finish.residual,
        passed: finish.passed,
        mask: finish.mask,
        y,
        m: length(rows)?,
        k: length(g.k)?,
        grid: [length(g.p)?, length(g.q)?],
        c: length(g.c)?,
        taps: [length(g.r)?, length(g.s)?],
        stride: [length(g.stride[0])?, length(g.stride[1])?],
        padding,
        relu: i32::from(finish.relu),
        unused: [0; 10],
    };
    let tiles = u32::try_from(length(tiles)?).unwrap_or_default();
    kernel.launch(&**device, launch_dims(tiles, device.multiprocessors()), &args)
}

/// Compares these kernels with the f32 ones on small integers, of which both must give the same numbers: a mistake in how
/// this device or its driver takes the copies' or products' descriptors shows in every one of them.
///
/// # Errors
/// What failed; [`Error::Device`] if the results differ.
fn check(device: &Device) -> Result<()> {
    // Every tile, channels that end within a box, steps of one and two pixels.
    let layers = [
        ([2, 9, 7, 72], 64, 3, Conv2d::square(1, 1)),
        ([3, 9, 8, 64], 128, 3, Conv2d::square(2, 1)),
        ([2, 9, 9, 136], 264, 1, Conv2d::square(1, 0)),
    ];
    for (x, k, side, options) in layers {
        let (x_shape, w_shape) = (Shape::from(x), Shape::from([k, side, side, x[3]]));
        let g = Geometry::new(options, &x_shape, &w_shape)?;
        let x = Tensor::from_fn(x_shape, integer).to_device(device)?;
        let w = Tensor::from_fn(w_shape, |i| integer(i + 1)).to_device(device)?;
        let none = Conv2dEpilogue::default();
        let expected = implicit_gemm::forward(device, &g, Precision::F32, &x, &w, none, None)?;
        let flipped = g.flipped().filter(is_eligible);
        let dx = |dy| implicit_gemm::dgrad(device, &g, Precision::F32, dy, &w, None, None)?.to_vec();
        let dy = Tensor::from_fn(g.output(), |i| integer(i + 2)).to_device(device)?;
        for precision in [Precision::F16, Precision::Bf16] {
            let y = forward(device, &g, precision, &x, &w, none, None)?;
            demand_same(device, &expected.to_vec()?, &y.to_vec()?)?;
            if let Some(flipped) = &flipped {
                let found = dgrad(device, flipped, precision, &dy, &w, None, None)?;
                demand_same(device, &dx(&dy)?, &found.to_vec()?)?;
            }
        }
    }
    Ok(())
}

/// From -4 to 4, in an order without a short period.
fn integer(i: usize) -> f32 {
    (i.wrapping_mul(0x9e37_79b9) >> 7) as u8 as f32 % 9.0 - 4.0
}

fn demand_same(device: &Device, expected: &[f32], found: &[f32]) -> Result<()> {
    let mut pairs = expected.iter().zip(found).enumerate();
    match pairs.find(|(_, (expected, found))| expected != found) {
        None => Ok(()),
        Some((element, (expected, found))) => Err(Error::Device {
            device: device.name(),
            doing: "comparing the warpgroups' convolution with the f32 one".to_owned(),
            reason: format!("result {element} is {found}, expected {expected}"),
            advice: "the kernels of compute capability 8.0 serve instead".to_owned(),
        }),
    }
}
