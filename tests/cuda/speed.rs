//! How fast the emulator is, in blocks of 256 threads on one core:
//! `cargo test --test cuda speed -- --ignored --nocapture`.

use super::emulated::Emulated;
use super::on_device::skips_emulator;
use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::ops::Conv2d;
use crossmax::testing::Place;
use crossmax::testing::formula::centred_tensor;
use std::time::Instant;

#[test]
#[ignore = "a measurement"]
fn conv2d_forward() -> Result<()> {
    if skips_emulator() {
        return Ok(());
    }
    let place = Place::Accelerator(Emulated::open(1));
    let (side, channels, window) = (32, 16, 3);
    let operand = |name, shape: [usize; 4]| place.put::<f32>(&centred_tensor(name, shape)).map(Var::constant);
    let x = operand("x", [2, side, side, channels])?;
    let w = operand("w", [channels, window, window, channels])?;
    let start = Instant::now();
    let y = x.conv2d(&w, None, Conv2d::square(1, 1))?;
    let flop = 2 * y.shape().len() * channels * window * window;
    println!("{:.0} MFLOP/s", flop as f64 / start.elapsed().as_secs_f64() / 1e6);
    Ok(())
}
