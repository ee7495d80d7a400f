//! Launches of the view stack's kernels.

use super::plan::ViewStack;
use super::{NoiseSource, NoiseStreams, OP, ViewDraw};
use crate::device::kernels::view_stack::{
    ADD_GREY, ADJUST, ADJUST_ADJOINT, DOWN, Draw, GREY, GREY_GRADIENT, UP, UP_ADJOINT, View, ViewStackArgs,
};
use crate::device::{Accelerator, LaunchDims};
use crate::tensor::{Buffer, DeviceArray, Element, Tensor};
use crate::{Error, Result};
use bytemuck::Zeroable;
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// What the adjoint needs of a forward pass, on the device.
pub(super) struct Kept {
    contrast_mask: DeviceArray,
    clip_mask: DeviceArray,
    draws: DeviceArray,
}

/// The lengths and constants of a plan for `n` images, and its views.
fn arguments<T: Element>(plan: &ViewStack<T>, n: usize) -> Result<(ViewStackArgs, Vec<View>)> {
    let [h, w] = plan.size();
    let mut views = Vec::with_capacity(plan.views());
    let mut first = 0;
    for resampling in plan.resampling() {
        let resolution = resampling.as_ref().map_or(h, |resampling| resampling.resolution);
        views.push(View {
            first,
            resolution: resolution as i32, // at most 4096, as the plan demands
            unused: 0,
        });
        first += 3 * (resolution * resolution) as u64;
    }
    let normalise = plan.normalise();
    let single = |number: T| number.as_f64() as f32;
    let args = ViewStackArgs {
        low_elements: first,
        n: i32::try_from(n).map_err(|_| Error::argument(OP, "images", format!("at most {}", i32::MAX), n))?,
        h: h as i32,
        w: w as i32,
        v: plan.views() as i32,
        amplitude: single(plan.noise()),
        scale: normalise.map(|(scale, _)| single(scale)),
        shift: normalise.map(|(_, shift)| single(shift)),
        ..ViewStackArgs::zeroed()
    };
    Ok((args, views))
}

/// The draws as the kernels read them.
fn kernel_draws([h, w]: [usize; 2], draws: &[ViewDraw]) -> Vec<Draw> {
    // Lengths are at most 4096.
    let wrap = |by: i32, length: usize| by.rem_euclid(length as i32);
    let draw = |draw: &ViewDraw| Draw {
        down: wrap(draw.shift[0], h),
        right: wrap(draw.shift[1], w),
        contrast: draw.contrast as f32,
        colour: draw.colour as f32,
    };
    draws.iter().map(draw).collect()
}

/// Copies what the kernels need of `noise`, counters of random streams or pictures, and completes
/// `args` by it. What is returned must live until the launches were asked for.
fn put_noise<T: Element>(
    device: &Device,
    plan: &ViewStack<T>,
    noise: &dyn NoiseSource<T>,
    views: &[View],
    args: &mut ViewStackArgs,
) -> Result<Vec<DeviceArray>> {
    let images = args.n as usize;
    if let Some(streams) = noise.streams() {
        let counters = counter_words(&streams, images);
        let counters = DeviceArray::of(&**device, &counters)?;
        args.counters = counters.address();
        args.key = streams.philox.key();
        (args.low_block, args.full_block) = (streams.low, streams.full);
        args.normal = i32::from(streams.normal);
        return Ok(vec![counters]);
    }
    let [h, w] = plan.size();
    let plane = 3 * h * w;
    let mut low = Buffer::filled(images * args.low_elements as usize, T::zero());
    let mut full = Buffer::filled(images * views.len() * plane, T::zero());
    for image in 0..images {
        for (view, table) in views.iter().enumerate() {
            let first = image * args.low_elements as usize + table.first as usize;
            let elements = 3 * (table.resolution * table.resolution) as usize;
            noise.low(image, view, &mut low[first..first + elements]);
            let first = (image * views.len() + view) * plane;
            noise.full(image, view, &mut full[first..first + plane]);
        }
    }
    let pictures = [
        DeviceArray::of::<T>(&**device, &low)?,
        DeviceArray::of::<T>(&**device, &full)?,
    ];
    [args.low_noise, args.full_noise] = [0, 1].map(|i: usize| pictures[i].address());
    Ok(pictures.into())
}

/// Words 1 to 3 of the counter of every image.
fn counter_words(streams: &NoiseStreams<'_>, images: usize) -> Vec<[u32; 3]> {
    let given = streams
        .counters
        .iter()
        .copied()
        .chain(std::iter::repeat(Default::default()));
    given.take(images).map(|counter| counter.words()).collect()
}

/// Launch sizes of the kernels.
struct Dims {
    images: LaunchDims,
    pixels: LaunchDims,
    stacked_pixels: LaunchDims,
    low: LaunchDims,
    output: LaunchDims,
}

impl Dims {
    fn new(args: &ViewStackArgs) -> Self {
        let [n, h, w, v] = [args.n, args.h, args.w, args.v].map(|length| length as usize);
        Self {
            images: LaunchDims::for_rows(n),
            pixels: LaunchDims::for_elements(n * h * w),
            stacked_pixels: LaunchDims::for_elements(n * v * h * w),
            low: LaunchDims::for_elements(n * args.low_elements as usize),
            output: LaunchDims::for_elements(n * v * h * w * 3),
        }
    }
}

/// The stack of every image, and what [`backward`] needs.
pub(super) fn forward<T: Element>(
    device: &Device,
    plan: &ViewStack<T>,
    x: &Tensor<T>,
    draws: &[ViewDraw],
    noise: &dyn NoiseSource<T>,
) -> Result<(Tensor<T>, Kept)> {
    let [h, w] = plan.size();
    let (n, v) = (x.shape().axis(0), plan.views());
    let (mut args, views) = arguments(plan, n)?;
    let noise = put_noise(device, plan, noise, &views, &mut args)?;
    let views = DeviceArray::of(&**device, &views)?;
    let kept = Kept {
        contrast_mask: DeviceArray::dirty::<u8>(&**device, n * v * h * w * 3)?,
        clip_mask: DeviceArray::dirty::<u8>(&**device, n * v * h * w * 3)?,
        draws: DeviceArray::of(&**device, &kernel_draws([h, w], draws))?,
    };
    let grey = DeviceArray::dirty::<f32>(&**device, n)?;
    let adjusted = DeviceArray::dirty::<f32>(&**device, n * v * h * w * 3)?;
    let low = DeviceArray::dirty::<f32>(&**device, n * args.low_elements as usize)?;
    let y = Tensor::dirty_on(device, [n, h, w, 3 * v])?;
    let args = ViewStackArgs {
        x: x.address(),
        y: y.address(),
        grey: grey.address(),
        adjusted: adjusted.address(),
        low: low.address(),
        contrast_mask: kept.contrast_mask.address(),
        clip_mask: kept.clip_mask.address(),
        draws: kept.draws.address(),
        views: views.address(),
        ..args
    };
    let dims = Dims::new(&args);
    GREY.launch(&**device, dims.images, &args)?;
    ADJUST.launch(&**device, dims.stacked_pixels, &args)?;
    DOWN.launch(&**device, dims.low, &args)?;
    UP.launch(&**device, dims.output, &args)?;
    drop(noise);
    Ok((y, kept))
}

/// The gradient with respect to the images. The noise is a constant.
pub(super) fn backward<T: Element>(
    device: &Device,
    plan: &ViewStack<T>,
    dy: &Tensor<T>,
    kept: &Kept,
) -> Result<Tensor<T>> {
    let [h, w] = plan.size();
    let n = dy.shape().axis(0);
    let (args, views) = arguments(plan, n)?;
    let views = DeviceArray::of(&**device, &views)?;
    let grey = DeviceArray::dirty::<f32>(&**device, n)?;
    let grey_parts = DeviceArray::dirty::<f32>(&**device, n * h * w)?;
    let low = DeviceArray::dirty::<f32>(&**device, n * args.low_elements as usize)?;
    let dx = Tensor::dirty_on(device, [n, h, w, 3])?;
    let args = ViewStackArgs {
        y: dy.address(),
        dx: dx.address(),
        grey: grey.address(),
        grey_parts: grey_parts.address(),
        low: low.address(),
        contrast_mask: kept.contrast_mask.address(),
        clip_mask: kept.clip_mask.address(),
        draws: kept.draws.address(),
        views: views.address(),
        ..args
    };
    let dims = Dims::new(&args);
    UP_ADJOINT.launch(&**device, dims.low, &args)?;
    ADJUST_ADJOINT.launch(&**device, dims.pixels, &args)?;
    GREY_GRADIENT.launch(&**device, dims.images, &args)?;
    ADD_GREY.launch(&**device, LaunchDims::for_elements(dx.len()), &args)?;
    Ok(dx)
}
