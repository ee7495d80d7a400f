//! The emulator keeps what the trait `Accelerator` promises.

use super::emulated::Emulated;
use super::on_device::skips_emulator;
use crossmax::device::kernels::arrange::{FILL, FillArgs};
use crossmax::device::kernels::softmax::{SOFTMAX, SoftmaxArgs};
use crossmax::device::{DeviceAddress, LaunchDims, self_test};
use crossmax::tensor::Tensor;
use crossmax::{Error, Result};

#[test]
fn copies_are_whole_and_stay_on_their_device() -> Result<()> {
    if skips_emulator() {
        return Ok(());
    }
    let (accelerator, other) = (Emulated::open(1), Emulated::open(2));
    let bytes: Vec<u8> = (0..77).collect();
    let (a, b) = (accelerator.allocate(77)?, accelerator.allocate(77)?);
    accelerator.copy_to_device(&bytes, &a)?;
    accelerator.copy_on_device(&a, &b)?;
    let mut found = vec![0; 77];
    accelerator.copy_to_host(&b, &mut found)?;
    assert_eq!(found, bytes);

    let refused = [
        accelerator.copy_to_device(&bytes[1..], &a),
        accelerator.copy_to_host(&a, &mut found[1..]),
        accelerator.copy_on_device(&a, &other.allocate(77)?),
        other.copy_to_host(&a, &mut found),
    ];
    for result in refused {
        assert!(matches!(result, Err(Error::Argument { .. })), "{result:?}");
    }
    Ok(())
}

#[test]
fn allocations_are_aligned_may_be_empty_and_end() -> Result<()> {
    if skips_emulator() {
        return Ok(());
    }
    let accelerator = Emulated::open(1);
    for bytes in [0, 1, 15, 16, 17, 4096, 5000] {
        let allocation = accelerator.allocate(bytes)?;
        assert_eq!(allocation.address().0 % 16, 0, "{bytes}");
        accelerator.copy_to_device(&vec![1; bytes], &allocation)?;
    }
    let whole = accelerator.allocate(200 << 20)?;
    let message = match accelerator.allocate(100 << 20) {
        Ok(_) => panic!("more than there is"),
        Err(error) => error.to_string(),
    };
    assert!(message.contains("the device has no room"), "{message}");
    drop(whole);
    accelerator.allocate(200 << 20)?;
    Ok(())
}

#[test]
fn tensors_move_there_and_back() -> Result<()> {
    if skips_emulator() {
        return Ok(());
    }
    let accelerator = Emulated::open(3);
    let tensor = Tensor::<f32>::from_fn([3, 5], |i| i as f32);
    let back = tensor.to_device(&accelerator)?.to_host()?;
    assert_eq!(back.to_vec()?, tensor.to_vec()?);
    Ok(())
}

#[test]
fn a_failed_launch_is_an_error_that_names_kernel_and_place() -> Result<()> {
    if skips_emulator() {
        return Ok(());
    }
    let accelerator = Emulated::open(4);
    let args = SoftmaxArgs {
        x: DeviceAddress::NULL,
        y: DeviceAddress::NULL,
        dy: DeviceAddress::NULL,
        dx: DeviceAddress::NULL,
        rows: 1,
        columns: 1,
    };
    let result = SOFTMAX.launch(accelerator.as_ref(), LaunchDims::for_rows(1), &args);
    let message = result.expect_err("a null pointer").to_string();
    for part in [
        "device emulator (seed 4): running softmax_forward with LaunchDims",
        "softmax_forward, block (0,0,0), thread (",
        "the null pointer",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let short = accelerator.launch(&SOFTMAX.signature(), LaunchDims::for_rows(1), &[0; 8]);
    assert!(matches!(short, Err(Error::Argument { .. })), "{short:?}");
    Ok(())
}

#[test]
fn shared_memory_ends_at_the_devices_limit() -> Result<()> {
    for (major, minor, kibibytes) in [
        (7, 5, 64),
        (8, 0, 163),
        (8, 6, 99),
        (8, 9, 99),
        (9, 0, 227),
        (12, 0, 99),
    ] {
        let accelerator = Emulated::of_capability(1, major, minor);
        let most = kibibytes << 10;
        assert_eq!(accelerator.most_shared_bytes(), most, "{major}.{minor}");
        let out = accelerator.allocate(4)?;
        let args = FillArgs {
            out: out.address(),
            elements: 1,
            value: 2.0,
            unused: 0,
        };
        let fill = |shared_bytes| {
            let dims = LaunchDims {
                shared_bytes,
                ..LaunchDims::for_elements(1)
            };
            FILL.launch(accelerator.as_ref(), dims, &args)
        };
        fill(most)?;
        let message = fill(most + 1).expect_err("too much").to_string();
        assert_eq!(
            message,
            format!(
                "launch: `shared_bytes` is {} for arrange_fill, expected at most {most}, which is what a block of emulator \
                 (seed 1) can have",
                most + 1
            )
        );
    }
    Ok(())
}

#[test]
fn time_passes_between_events() -> Result<()> {
    let (accelerator, other) = (Emulated::open(1), Emulated::open(1));
    let start = accelerator.record()?;
    let tensor = Tensor::<f32>::zeros([1 << 12]).to_device(&accelerator)?;
    let end = accelerator.record()?;
    drop(tensor);
    let elapsed = accelerator.elapsed_ms(&start, &end)?;
    assert!(elapsed > 0.0 && elapsed < 60_000.0, "{elapsed}");
    let foreign = other.record()?;
    for refused in [
        accelerator.elapsed_ms(&start, &foreign),
        other.elapsed_ms(&start, &foreign),
    ] {
        assert!(matches!(refused, Err(Error::Argument { .. })), "{refused:?}");
    }
    Ok(())
}

#[test]
fn the_self_test_runs_a_kernel() -> Result<()> {
    let accelerator = Emulated::open(5);
    let result = self_test(accelerator.as_ref())?;
    assert!(result.kernel_ms > 0.0, "{result:?}");
    assert!(result.total >= std::time::Duration::from_secs_f64(result.kernel_ms / 1e3));
    assert_eq!(accelerator.memory().live, 0);
    Ok(())
}
