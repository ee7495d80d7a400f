//! Memory of the device: reused without growing, and without blunting what the emulator finds.

use super::emulated::{Emulated, MEMORY_BYTES};
use super::pipeline::{ensemble, images, move_to, training_step};
use crossmax::device::kernels::arrange::{FILL, FillArgs};
use crossmax::device::{Accelerator, DeviceAddress, LaunchDims};
use crossmax::optim::Sgd;
use crossmax::{Error, Result};

const ELEMENTS: usize = 25;
const BYTES: usize = ELEMENTS * size_of::<f32>();

fn fill(accelerator: &dyn Accelerator, out: DeviceAddress, elements: usize) -> Result<()> {
    let args = FillArgs {
        out,
        elements: elements as u64,
        value: 1.0,
        unused: 0,
    };
    FILL.launch(accelerator, LaunchDims::for_elements(elements), &args)
}

/// The message of a launch that must fail.
fn failure(launched: Result<()>) -> String {
    launched.expect_err("a mistake").to_string()
}

#[test]
fn training_steps_need_the_same_memory_each() -> Result<()> {
    let device = Emulated::open(1);
    let mut model = ensemble()?.backbone;
    move_to(&mut model, &device)?;
    let images = images(4).to_device(&device)?;
    let mut optimiser = Sgd::new(0.1, 0.9, 0.0);
    let mut steps = Vec::new();
    for _ in 0..6 {
        device.reset_peak_memory();
        training_step(&mut model, images.clone(), &mut optimiser)?;
        steps.push(device.memory());
    }
    assert!(steps[0].live > 0 && steps[0].peak > steps[0].live, "{steps:?}");
    // The first step makes the optimiser's state.
    for step in &steps[1..] {
        assert_eq!(step.live, steps[0].live, "{steps:?}");
        assert_eq!(
            (step.peak, step.reserved),
            (steps[1].peak, steps[1].reserved),
            "{steps:?}"
        );
    }
    drop((model, images, optimiser));
    let memory = device.memory();
    assert_eq!((memory.live, memory.reserved), (0, steps[1].reserved));
    Ok(())
}

#[test]
fn memory_that_is_lent_again_holds_nothing_of_its_last_owner() -> Result<()> {
    for seed in 0..4 {
        let accelerator = Emulated::open(seed);
        let first = accelerator.allocate(BYTES)?;
        fill(accelerator.as_ref(), first.address(), ELEMENTS)?;
        drop(first);
        let before = accelerator.memory();
        let second = accelerator.allocate(BYTES)?;
        assert_eq!(accelerator.memory().reserved, before.reserved, "not lent again");
        let mut bytes = [0; BYTES];
        accelerator.copy_to_host(&second, &mut bytes)?;
        let values: &[f32] = &bytemuck::pod_collect_to_vec(&bytes);
        assert!(values.iter().all(|value| value.is_nan()), "{values:?}");
    }
    Ok(())
}

#[test]
fn mistakes_are_found_in_memory_that_is_lent_again_too() -> Result<()> {
    for seed in 0..8 {
        let accelerator = Emulated::open(seed);
        drop(accelerator.allocate(BYTES)?);
        let memory = accelerator.allocate(BYTES)?;
        // Within the block of 512 bytes, but not within what was asked for.
        let message = failure(fill(accelerator.as_ref(), memory.address(), ELEMENTS + 1));
        assert!(
            message.contains("0 behind the end of allocation 2 (100 bytes)"),
            "{message}"
        );

        let address = memory.address();
        drop(memory);
        let next = accelerator.allocate(BYTES)?;
        let message = failure(fill(accelerator.as_ref(), address, ELEMENTS));
        assert!(
            message.contains("of the freed allocation 2 (100 bytes)"),
            "{message}"
        );
        fill(accelerator.as_ref(), next.address(), ELEMENTS)?;
    }
    Ok(())
}

#[test]
fn a_full_device_says_how_full_it_is() -> Result<()> {
    let accelerator = Emulated::open(1);
    let live = accelerator.allocate(100 << 20)?;
    drop(accelerator.allocate(120 << 20)?);
    // Only fits once the free block went back to the device.
    let more = accelerator.allocate(130 << 20)?;
    let memory = accelerator.memory();
    assert_eq!(
        (memory.live, memory.peak, memory.reserved),
        (230 << 20, 230 << 20, 230 << 20)
    );
    assert_eq!(memory.total, Some(MEMORY_BYTES));
    let error = match accelerator.allocate(50 << 20) {
        Ok(_) => panic!("more than there is"),
        Err(error) => error,
    };
    assert!(matches!(error, Error::Device { .. }));
    let message = error.to_string();
    for part in [
        "allocating 50.0 MiB failed",
        "230.0 MiB in use, at most 230.0 MiB so far, 230.0 MiB reserved of 256.0 MiB",
        "use smaller batches",
    ] {
        assert!(message.contains(part), "{message}");
    }
    drop((live, more));
    Ok(())
}
