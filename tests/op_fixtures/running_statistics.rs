//! Running statistics of batch normalisation after one and after two training passes.

use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::nn::{BatchNorm, Module, Pass};
use crossmax::tensor::{Element, Tensor};
use crossmax::testing::compare::compare;
use crossmax::testing::fixtures::{FixtureCase, StoredLayout};
use crossmax::testing::{Case, Scale};

/// Applies the layer twice to the case's batch and compares what it remembers each time.
pub fn check(case: &Case, stored: &FixtureCase<'_>) -> Result<()> {
    // The layer's momentum is fixed at PyTorch's default.
    assert_eq!(stored.config::<f64>("momentum")?, 0.1);
    assert_eq!(stored.config::<f64>("eps")?, BatchNorm::<f64>::EPS);
    check_in::<f64>(case, stored, 1e-14)?;
    check_in::<f32>(case, stored, 1e-6)
}

fn check_in<T: Element>(case: &Case, stored: &FixtureCase<'_>, tolerance: f64) -> Result<()> {
    let tensor = |name: &str| stored.tensor(name, StoredLayout::Same);
    let x = Var::constant(case.inputs[0].value.cast::<T>()?);
    let mut layer = BatchNorm::<T>::new(x.shape().last());
    layer.visit("", &mut |slot| {
        if let "running_mean" | "running_var" = slot.name.as_str() {
            slot.parameter.value = tensor(&slot.name)?.cast()?;
        }
        Ok(())
    })?;
    for passes in 1..=2 {
        let mut pass = Pass::train();
        layer.forward(&x, &mut pass)?;
        pass.commit(&mut layer)?;
        for name in ["running_mean", "running_var"] {
            let expected = tensor(&format!("{name}_{passes}"))?;
            let what = format!("{name} after {passes}");
            let found = buffer(&mut layer, name)?;
            let mismatch = compare(&case.name, &what, &found, &expected, tolerance, Scale::Tensor)?;
            assert_eq!(mismatch.map(|m| m.to_string()), None);
        }
    }
    Ok(())
}

fn buffer<T: Element>(layer: &mut BatchNorm<T>, name: &str) -> Result<Tensor<T>> {
    let mut found = Tensor::zeros([0]);
    layer.visit("", &mut |slot| {
        if slot.name == name {
            found = slot.parameter.value.clone();
        }
        Ok(())
    })?;
    Ok(found)
}
