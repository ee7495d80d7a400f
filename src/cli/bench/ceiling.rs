//! What a large matrix product reaches on the device: the ceiling of everything made of products.

use crossmax::Result;
use crossmax::device::Device;
use crossmax::ops::conv2d::infer;
use crossmax::ops::{Conv2d, Conv2dEpilogue};
use crossmax::tensor::Tensor;
use std::time::Instant;

/// Rows, and inner and outer length of the product.
const SIZE: [usize; 2] = [3136, 1024];
/// Times that it is measured; the fastest counts.
const TIMES: usize = 8;

/// GFLOP/s of a 3136×1024 by 1024×1024 product of f32: a 1×1 convolution of one picture.
pub fn ceiling_gflops(device: &Device) -> Result<f64> {
    let [pixels, channels] = SIZE;
    let x = Tensor::<f32>::full([1, 1, pixels, channels], 0.5).on(device)?;
    let w = Tensor::<f32>::full([channels, 1, 1, channels], 0.5).on(device)?;
    let mut best = f64::INFINITY;
    for _ in 0..TIMES {
        let start = Instant::now();
        let y = infer(&x, &w, Conv2dEpilogue::default(), Conv2d::square(1, 0))?;
        if device.accelerator().is_some() {
            // A copy waits for the device.
            y.to_vec()?;
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok((2 * pixels * channels * channels) as f64 / best / 1e9)
}
