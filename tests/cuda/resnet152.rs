//! The convolutions of ResNet152 as they are, which are too large for the emulator.

use super::conv2d_tiles::{ALL, Layer, case_of, exact};
use super::on_device::{demand_same_as_cpu, skips_large_sizes};
use crossmax::Result;
use crossmax::ops::{Conv2d, Precision};

/// The stem, and of each stage (height and width of its input, channels of its input, of its blocks):
/// the first block with its projection, and the blocks behind it.
fn layers(batch: usize) -> Vec<Layer> {
    let mut layers: Vec<Layer> = vec![([batch, 224, 224, 12], [64, 7, 7], Conv2d::square(2, 3))];
    for (stage, (size, input, width)) in [(56, 64, 64), (56, 256, 128), (28, 512, 256), (14, 1024, 512)]
        .into_iter()
        .enumerate()
    {
        let stride = if stage == 0 { 1 } else { 2 };
        let (after, output) = (size / stride, 4 * width);
        let mut layer = |size, channels, [filters, window]: [usize; 2], stride| {
            let options = Conv2d::square(stride, window / 2);
            layers.push(([batch, size, size, channels], [filters, window, window], options));
        };
        layer(size, input, [width, 1], 1);
        layer(size, width, [width, 3], stride);
        layer(after, width, [output, 1], 1);
        layer(size, input, [output, 1], stride);
        layer(after, output, [width, 1], 1);
        layer(after, width, [width, 3], 1);
    }
    layers
}

/// With integers, whose products and sums every precision gives exactly.
#[test]
fn every_layer_and_its_gradients_agree_in_every_precision() -> Result<()> {
    if skips_large_sizes() {
        return Ok(());
    }
    for layer in [1, 2].into_iter().flat_map(layers) {
        for precision in ALL {
            demand_same_as_cpu(&exact(vec![case_of(layer, precision)?]))?;
        }
    }
    Ok(())
}

#[test]
fn every_layer_agrees_with_numbers_of_any_kind() -> Result<()> {
    if skips_large_sizes() {
        return Ok(());
    }
    for layer in layers(1) {
        let mut case = case_of(layer, Precision::F32)?;
        // One f32 sum of 4608 products in a row is off by up to 2e-6 of the largest, and the CPU's own error comes on top.
        case.tolerance.single = 1e-5;
        demand_same_as_cpu(&[case])?;
    }
    Ok(())
}
