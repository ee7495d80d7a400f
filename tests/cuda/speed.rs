//! How fast the emulator is, in blocks of 256 threads on one core:
//! `cargo test --test cuda speed -- --ignored --nocapture`.

use super::emulated::Emulated;
use super::operands::Operand;
use crossmax::Result;
use crossmax::device::kernels::conv2d::{Conv2dArgs, FORWARD};
use crossmax::device::{DeviceAddress, LaunchDims};
use crossmax::testing::formula::centred_tensor;
use std::time::Instant;

#[test]
#[ignore = "a measurement"]
fn conv2d_forward() -> Result<()> {
    let accelerator = Emulated::open(1);
    let (n, side, channels, window) = (2, 32, 16, 3);
    let x = Operand::put(
        accelerator.as_ref(),
        &centred_tensor("x", [n, side, side, channels]),
    )?;
    let w = Operand::put(
        accelerator.as_ref(),
        &centred_tensor("w", [channels, window, window, channels]),
    )?;
    let y = Operand::empty(accelerator.as_ref(), [n, side, side, channels])?;
    let [images, pixels, c, taps] = [n, side, channels, window].map(|length| length as i32);
    let args = Conv2dArgs {
        x: x.address(),
        w: w.address(),
        bias: DeviceAddress::NULL,
        y: y.address(),
        n: images,
        h: pixels,
        w_in: pixels,
        c,
        k: c,
        r: taps,
        s: taps,
        p: pixels,
        q: pixels,
        stride: [1, 1],
        padding: [1, 1],
        unused: 0,
    };
    let start = Instant::now();
    FORWARD.launch(accelerator.as_ref(), LaunchDims::for_elements(y.len()), &args)?;
    let flop = 2 * y.len() * channels * window * window;
    println!("{:.0} MFLOP/s", flop as f64 / start.elapsed().as_secs_f64() / 1e6);
    Ok(())
}
