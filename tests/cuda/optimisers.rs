//! Optimisers whose parameters are on the device.

use super::emulated::Emulated;
use super::operands::SEEDS;
use crossmax::Result;
use crossmax::device::Accelerator;
use crossmax::optim::{Adam, Optimiser, Sgd};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::centred;
use std::cmp::Ordering;
use std::sync::Arc;

fn numbers(name: &str) -> Tensor {
    Tensor::from_fn([3, 97], |i| centred(name, i) as f32)
}

type Make = fn() -> Box<dyn Optimiser>;

/// Every optimiser with every option.
fn optimisers() -> Vec<(&'static str, Make)> {
    vec![
        ("SGD", || Box::new(Sgd::new(0.1, 0.0, 0.02))),
        ("SGD with momentum", || Box::new(Sgd::new(0.1, 0.9, 0.02))),
        ("SGD with Nesterov's", || {
            Box::new(Sgd::new(0.1, 0.9, 0.0).nesterov())
        }),
        ("Adam", || Box::new(Adam::new(0.01).with_l2(0.03))),
        ("AdamW", || {
            Box::new(Adam::decoupled(0.01, 0.1).with_betas([0.8, 0.99], 1e-6))
        }),
    ]
}

/// How the parameters differ from the CPU's after some steps on `device`, if they do.
pub fn difference(device: &Arc<dyn Accelerator>) -> Result<Option<String>> {
    for (name, make) in optimisers() {
        let (mut here, mut there) = (numbers("parameter"), numbers("parameter").to_device(device)?);
        let (mut on_cpu, mut on_device) = (make(), make());
        for step in 0..4 {
            if step == 2 {
                // A checkpoint in host memory, from which a new optimiser goes on.
                let mut state = on_device.state();
                for tensor in state.tensors.values_mut() {
                    *tensor = tensor.to_host()?;
                }
                on_device = make();
                on_device.restore(state)?;
            }
            let gradient = numbers(&format!("gradient {step}"));
            let before = there.clone();
            let kept = before.to_vec()?;
            on_cpu.begin_step();
            on_cpu.update("p", &mut here, &gradient)?;
            on_device.begin_step();
            on_device.update("p", &mut there, &gradient.to_device(device)?)?;
            assert_eq!(before.to_vec()?, kept, "{name} wrote over shared memory");
        }
        let (found, expected) = (there.to_vec()?, here.to_vec()?);
        for (found, expected) in found.iter().zip(&expected) {
            // Not `>`: NaN is a difference too.
            if (found - expected).abs().partial_cmp(&1e-6) != Some(Ordering::Less) {
                return Ok(Some(format!("{name}: {found}, expected {expected}")));
            }
        }
        assert!(
            there.accelerator().is_some(),
            "{name}: the parameter left the device"
        );
        let states = on_device.state().tensors;
        assert!(
            states.values().all(|tensor| tensor.accelerator().is_some()),
            "{name}: state on the host"
        );
    }
    Ok(None)
}

#[test]
fn steps_give_the_numbers_of_the_cpu_and_share_nothing() -> Result<()> {
    for seed in SEEDS {
        assert_eq!(difference(&Emulated::open(seed))?, None);
    }
    Ok(())
}
