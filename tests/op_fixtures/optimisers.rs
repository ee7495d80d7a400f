//! Trajectories of one parameter under given gradients.

use crossmax::Result;
use crossmax::optim::{Adam, Optimiser, Sgd};
use crossmax::tensor::{Element, Tensor};
use crossmax::testing::compare::compare;
use crossmax::testing::fixtures::{FixtureCase, FixtureFile, StoredLayout};
use crossmax::testing::{Report, Scale};

pub const FILES: &[&str] = &["sgd", "adam", "adamw"];

#[test]
fn sgd() -> Result<()> {
    check("sgd")
}

#[test]
fn adam() -> Result<()> {
    check("adam")
}

#[test]
fn adamw() -> Result<()> {
    check("adamw")
}

fn check(name: &str) -> Result<()> {
    let file = FixtureFile::open(name)?;
    let mut report = Report::default();
    for case in &file.cases()? {
        follow::<f64>(name, case, 1e-14, &mut report)?;
        follow::<f32>(name, case, 1e-6, &mut report)?;
    }
    assert!(report.passed(), "{report}");
    let unread = file.unread();
    assert!(unread.is_empty(), "{name}: nothing tests {unread:?}");
    Ok(())
}

fn optimiser<T: Element>(name: &str, case: &FixtureCase<'_>) -> Result<Box<dyn Optimiser<T>>> {
    let lr: f64 = case.config("lr")?;
    let weight_decay: f64 = case.config("weight_decay")?;
    if name == "sgd" {
        let sgd = Sgd::new(lr, case.config("momentum")?, weight_decay);
        let nesterov = case.config("nesterov")?;
        return Ok(Box::new(if nesterov { sgd.nesterov() } else { sgd }));
    }
    let adam = match name {
        "adam" => Adam::new(lr).with_l2(weight_decay),
        _ => Adam::decoupled(lr, weight_decay),
    };
    Ok(Box::new(
        adam.with_betas(case.config("betas")?, case.config("eps")?),
    ))
}

fn follow<T: Element>(name: &str, case: &FixtureCase<'_>, tolerance: f64, report: &mut Report) -> Result<()> {
    let mut optimiser = optimiser::<T>(name, case)?;
    let tensor = |name: &str| case.tensor(name, StoredLayout::Same);
    let mut parameter: Tensor<T> = tensor("parameter")?.cast()?;
    let (gradients, trajectory) = (tensor("gradients")?, tensor("trajectory")?);
    for step in 0..gradients.shape().axis(0) {
        let row = |steps: &Tensor<f64>| steps.rows(step, 1)?.reshape(*parameter.shape());
        let (gradient, expected) = (row(&gradients)?.cast()?, row(&trajectory)?);
        optimiser.begin_step();
        optimiser.update("p", &mut parameter, &gradient)?;
        let case = format!("{} ({})", case.full_name(), T::NAME);
        let what = format!("parameter after {} steps", step + 1);
        let mismatch = compare(&case, &what, &parameter, &expected, tolerance, Scale::Tensor)?;
        report.record(mismatch);
    }
    Ok(())
}
