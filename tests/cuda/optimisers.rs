//! Optimisers whose parameters are on the device.

use super::on_device::{devices, open};
use crossmax::Result;
use crossmax::device::Accelerator;
use crossmax::device::kernels::optimiser::COLUMNS;
use crossmax::optim::{Adam, Optimiser, Sgd, Update};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::centred;
use std::cmp::Ordering;
use std::sync::Arc;

/// Names and shapes of the parameters of a step.
type Parameters = Vec<(String, Vec<usize>)>;

/// Fewer than a launch holds, of several sizes, one of them empty.
fn few() -> Parameters {
    let shapes: [&[usize]; 4] = [&[3, 97], &[1], &[0], &[2, 2, 5, 31]];
    let name = |at| format!("p{at}");
    shapes
        .iter()
        .enumerate()
        .map(|(at, shape)| (name(at), shape.to_vec()))
        .collect()
}

fn numbers(name: &str, shape: &[usize]) -> Tensor {
    Tensor::from_fn(shape, |i| centred(name, i) as f32)
}

fn starts(parameters: &Parameters) -> Vec<Tensor> {
    parameters
        .iter()
        .map(|(name, shape)| numbers(name, shape))
        .collect()
}

fn gradients(parameters: &Parameters, step: usize) -> Vec<Tensor> {
    let gradient =
        |(name, shape): &(String, Vec<usize>)| numbers(&format!("gradient of {name}, {step}"), shape);
    parameters.iter().map(gradient).collect()
}

fn moved(tensors: &[Tensor], device: &Arc<dyn Accelerator>) -> Result<Vec<Tensor>> {
    tensors.iter().map(|tensor| tensor.to_device(device)).collect()
}

fn contents(tensors: &[Tensor]) -> Result<Vec<Vec<f32>>> {
    tensors.iter().map(Tensor::to_vec).collect()
}

/// One step of all parameters at once.
fn step(
    optimiser: &mut dyn Optimiser,
    parameters: &Parameters,
    values: &mut [Tensor],
    gradients: &[Tensor],
) -> Result<()> {
    optimiser.begin_step();
    let mut updates = Vec::new();
    for (((name, _), parameter), gradient) in parameters.iter().zip(values).zip(gradients) {
        updates.push(Update {
            name,
            parameter,
            gradient,
        });
    }
    optimiser.update_all(updates)
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
    let parameters = few();
    for (name, make) in optimisers() {
        let mut here = starts(&parameters);
        let mut there = moved(&here, device)?;
        let (mut on_cpu, mut on_device) = (make(), make());
        for number in 0..4 {
            if number == 2 {
                // A checkpoint in host memory, from which a new optimiser goes on.
                let mut state = on_device.state();
                for tensor in state.tensors.values_mut() {
                    *tensor = tensor.to_host()?;
                }
                on_device = make();
                on_device.restore(state)?;
            }
            let gradients = gradients(&parameters, number);
            let before = there.clone();
            let kept = contents(&before)?;
            step(&mut *on_cpu, &parameters, &mut here, &gradients)?;
            step(
                &mut *on_device,
                &parameters,
                &mut there,
                &moved(&gradients, device)?,
            )?;
            assert_eq!(contents(&before)?, kept, "{name} wrote over shared memory");
        }
        let (found, expected) = (contents(&there)?, contents(&here)?);
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            // Not `>`: NaN is a difference too.
            if (found - expected).abs().partial_cmp(&1e-6) != Some(Ordering::Less) {
                return Ok(Some(format!("{name}: {found}, expected {expected}")));
            }
        }
        let states = on_device.state().tensors;
        for tensor in there.iter().chain(states.values()) {
            assert!(tensor.accelerator().is_some(), "{name}: a tensor left the device");
        }
    }
    Ok(None)
}

#[test]
fn steps_give_the_numbers_of_the_cpu_and_share_nothing() -> Result<()> {
    for device in devices() {
        assert_eq!(difference(&device)?, None);
    }
    Ok(())
}

/// Bits, and more parameters than the table of a launch holds.
#[test]
fn parameters_together_are_changed_as_each_alone() -> Result<()> {
    let parameters: Parameters = (0..COLUMNS + 3)
        .map(|at| (format!("p{at}"), vec![1 + at * 37 % 300]))
        .collect();
    let device = open(1);
    for (name, make) in optimisers() {
        let (mut together, mut alone) = (make(), make());
        let mut values = moved(&starts(&parameters), &device)?;
        let mut others = values.clone();
        for number in 0..2 {
            let gradients = moved(&gradients(&parameters, number), &device)?;
            step(&mut *together, &parameters, &mut values, &gradients)?;
            alone.begin_step();
            for (((name, _), parameter), gradient) in parameters.iter().zip(&mut others).zip(&gradients) {
                alone.update(name, parameter, gradient)?;
            }
        }
        assert_eq!(contents(&values)?, contents(&others)?, "{name}");
    }
    Ok(())
}

/// Parameters on the host and on a device in one step.
#[test]
fn every_parameter_is_changed_where_it_is() -> Result<()> {
    let parameters = few();
    let device = open(1);
    for (name, make) in optimisers() {
        let mut here = starts(&parameters);
        let mut mixed = here.clone();
        let gradients = gradients(&parameters, 0);
        let mut mixed_gradients = gradients.clone();
        for tensors in [&mut mixed, &mut mixed_gradients] {
            tensors[0] = tensors[0].to_device(&device)?;
        }
        step(&mut *make(), &parameters, &mut here, &gradients)?;
        step(&mut *make(), &parameters, &mut mixed, &mixed_gradients)?;
        assert_eq!(contents(&mixed[1..])?, contents(&here[1..])?, "{name}");
        assert!(mixed[0].accelerator().is_some(), "{name}");
        assert_ne!(mixed[0].to_vec()?, starts(&parameters)[0].to_vec()?, "{name}");
    }
    Ok(())
}
