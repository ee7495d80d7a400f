//! Going on from a checkpoint, and which tensors a step changes. The update rules themselves are
//! compared with PyTorch's in `tests/op_fixtures`.

use super::{Adam, Optimiser, Sgd};
use crate::Result;
use crate::nn::{BatchNorm, Init, Linear, Module, SlotKind};
use crate::tensor::Tensor;
use crate::testing::assertions::{random, refusal};
use std::collections::HashMap;

type Make = fn() -> Box<dyn Optimiser<f64>>;

const OPTIMISERS: [(&str, Make); 5] = [
    ("plain SGD", || Box::new(Sgd::new(0.1, 0.0, 1e-3))),
    ("SGD", || Box::new(Sgd::new(0.1, 0.9, 1e-3))),
    ("Nesterov", || Box::new(Sgd::new(0.1, 0.9, 1e-3).nesterov())),
    ("Adam", || Box::new(Adam::new(0.01).with_l2(1e-3))),
    ("AdamW", || Box::new(Adam::decoupled(0.01, 0.1))),
];

/// Steps `steps` of two parameters, whose gradients are random numbers.
fn follow(
    optimiser: &mut dyn Optimiser<f64>,
    parameters: &mut [Tensor<f64>; 2],
    steps: std::ops::Range<usize>,
) -> Result<()> {
    for step in steps {
        optimiser.begin_step();
        for (name, parameter) in ["first", "second"].into_iter().zip(&mut *parameters) {
            let gradient = random(&format!("{name} {step}"), parameter.dims());
            optimiser.update(name, parameter, &gradient)?;
        }
    }
    Ok(())
}

#[test]
fn going_on_from_a_checkpoint_gives_the_same_bits() -> Result<()> {
    for (name, make) in OPTIMISERS {
        let start = || [random("first", &[3, 5]), random("second", &[7])];
        let mut through = start();
        follow(&mut *make(), &mut through, 0..5)?;

        let mut resumed = start();
        let mut before = make();
        follow(&mut *before, &mut resumed, 0..3)?;
        let mut after = make();
        after.restore(before.state())?;
        follow(&mut *after, &mut resumed, 3..5)?;

        assert_eq!(after.state().steps, 5);
        for (through, resumed) in through.iter().zip(&resumed) {
            assert_eq!(through.to_vec()?, resumed.to_vec()?, "{name}");
        }
    }
    Ok(())
}

/// The values of all parameters and of all buffers.
fn values(layer: &mut dyn Module<f64>) -> Result<[Vec<Vec<f64>>; 2]> {
    let mut values = [Vec::new(), Vec::new()];
    layer.visit("", &mut |slot| {
        values[usize::from(slot.kind == SlotKind::Buffer)].push(slot.parameter.value.to_vec()?);
        Ok(())
    })?;
    Ok(values)
}

#[test]
fn a_step_changes_the_parameters_that_have_gradients() -> Result<()> {
    for (name, make) in OPTIMISERS {
        let mut layer = Linear::<f64>::new(&mut Init::new(0), 3, 2)?;
        let mut gradients = HashMap::new();
        layer.visit("", &mut |slot| {
            if slot.name == "bias" {
                gradients.insert(slot.parameter.id(), Tensor::full([2], 1.0));
            }
            Ok(())
        })?;
        let [before, _] = values(&mut layer)?;
        make().step(&mut layer, &gradients)?;
        let [after, _] = values(&mut layer)?;
        assert_eq!(before[0], after[0], "{name} changed the weight");
        assert!(
            before[1].iter().zip(&after[1]).all(|(b, a)| a < b),
            "{name}: {after:?}"
        );

        let mut layer = BatchNorm::<f64>::new(2);
        let mut gradients = HashMap::new();
        layer.visit("", &mut |slot| {
            gradients.insert(slot.parameter.id(), Tensor::full([2], 1.0));
            Ok(())
        })?;
        let [parameters, buffers] = values(&mut layer)?;
        make().step(&mut layer, &gradients)?;
        let after = values(&mut layer)?;
        assert_ne!(parameters, after[0], "{name}");
        assert_eq!(buffers, after[1], "{name} changed running statistics");
    }
    Ok(())
}

#[test]
fn a_refused_step_leaves_every_parameter_where_it_was() -> Result<()> {
    for (name, make) in OPTIMISERS {
        let mut layer = Linear::<f64>::new(&mut Init::new(0), 3, 2)?;
        let mut gradients = HashMap::new();
        layer.visit("", &mut |slot| {
            gradients.insert(slot.parameter.id(), Tensor::full([5], 1.0));
            Ok(())
        })?;
        let before = values(&mut layer)?;
        assert!(make().step(&mut layer, &gradients).is_err(), "{name}");
        assert_eq!(values(&mut layer)?, before, "{name}");
    }
    Ok(())
}

#[test]
fn gradients_of_another_shape_are_refused() {
    let (mut parameter, gradient) = (Tensor::<f64>::zeros([2, 3]), Tensor::zeros([3, 2]));
    for (optimiser, name) in [
        (&mut Sgd::new(0.1, 0.9, 0.0) as &mut dyn Optimiser<f64>, "Sgd"),
        (&mut Adam::new(0.1), "Adam"),
    ] {
        assert_eq!(
            refusal(optimiser.update("p", &mut parameter, &gradient)),
            format!("{name}: `gradient` has shape [3, 2], expected [2, 3]")
        );
    }
}
