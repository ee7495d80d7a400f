//! The tools must fail where they should.

use super::compare::{Difference, compare};
use super::fixtures::{FixtureFile, StoredLayout};
use super::formula::{centred, unit};
use super::{Place, Report, Scale, cases, conformance, finite_differences};
use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{random, refusal};

fn off(found: &[f64], expected: &[f64], tolerance: f64, scale: Scale) -> Result<Option<String>> {
    let rows = expected.len() / 2;
    let found = Tensor::from_slice([2, rows], found)?;
    let expected = Tensor::from_slice([2, rows], expected)?;
    let mismatch = compare("case", "tensor", &found, &expected, tolerance, scale)?;
    Ok(mismatch.map(|mismatch| mismatch.to_string()))
}

#[test]
fn the_worst_element_is_named() -> Result<()> {
    let expected = [1.0, 2.0, 100.0, 4.0];
    assert_eq!(off(&expected, &expected, 0.0, Scale::Tensor)?, None);
    let found = [1.0, 2.5, 100.0, 14.0];
    assert_eq!(
        off(&found, &expected, 1e-3, Scale::Tensor)?.as_deref(),
        Some(
            "case: tensor is off by 1.00e-1 of its scale at [1, 1] (1.4e1, expected 4e0); allowed \
             are 1e-3; 2 of 4 elements are wrong"
        )
    );
    assert_eq!(off(&found, &expected, 0.11, Scale::Tensor)?, None);
    let message = off(&found, &expected, 0.11, Scale::Row)?.unwrap_or_default();
    assert!(
        message.contains("off by 2.50e-1 of its scale at [0, 1]"),
        "{message}"
    );
    Ok(())
}

#[test]
fn nan_and_infinity_are_not_close_to_numbers() -> Result<()> {
    let expected = [1.0, f64::INFINITY];
    assert_eq!(off(&expected, &expected, 0.0, Scale::Tensor)?, None);
    for found in [
        [f64::NAN, f64::INFINITY],
        [1.0, f64::NEG_INFINITY],
        [1.0, f64::NAN],
    ] {
        assert!(off(&found, &expected, 1e9, Scale::Row)?.is_some(), "{found:?}");
    }
    Ok(())
}

#[test]
fn other_shapes_are_not_compared_element_by_element() -> Result<()> {
    let (found, expected) = (Tensor::<f32>::zeros([2, 3]), Tensor::zeros([3, 2]));
    let mismatch = compare("case", "output", &found, &expected, 1.0, Scale::Tensor)?;
    let difference = mismatch.map(|mismatch| mismatch.difference);
    let (found, expected) = (*found.shape(), *expected.shape());
    assert_eq!(difference, Some(Difference::Shape { found, expected }));
    Ok(())
}

#[test]
fn an_empty_report_has_not_passed() {
    assert!(!Report::default().passed());
}

/// x², with a backward rule that forgets a factor at one element.
fn wrong_square(x: &Var<f64>) -> Result<Var<f64>> {
    let (value, values) = (x.mul(x)?.into_value(), x.value().to_vec()?);
    Ok(Var::from_op("wrong_square", &[x], value, || {
        move |dy: Tensor<f64>, _| {
            let dy = dy.to_vec()?;
            let factor = |i| if i == 3 { 1.0 } else { 2.0 };
            Ok(vec![Some(Tensor::from_fn([5], |i| {
                factor(i) * values[i] * dy[i]
            }))])
        }
    }))
}

#[test]
fn finite_differences_find_a_wrong_and_a_missing_gradient() -> Result<()> {
    let inputs = [("x", random("x", &[5])), ("z", random("z", &[5]))];
    let report = finite_differences::check("square", &inputs, |v| v[0].mul(&v[0])?.mul(&v[1]))?;
    assert!(report.passed(), "{report}");
    assert_eq!(report.compared, 2);
    let report = finite_differences::check("wrong", &inputs, |v| wrong_square(&v[0])?.mul(&v[1]))?;
    assert_eq!(report.mismatches.len(), 1);
    let message = report.to_string();
    assert!(
        message.contains("gradient of x against finite differences"),
        "{message}"
    );
    assert!(
        message.contains("at [3]") && message.contains("1 of 5"),
        "{message}"
    );
    let report = finite_differences::check("cut off", &inputs, |v| v[0].detach().mul(&v[1]))?;
    assert_eq!(report.mismatches.len(), 1, "{report}");
    Ok(())
}

#[test]
fn conformance_finds_a_wrong_output_and_a_wrong_gradient() -> Result<()> {
    let file = FixtureFile::open("linear")?;
    let mut all = cases::of_file(&file)?;
    assert!(conformance::run::<f64>(&all, &Place::Cpu)?.passed());
    assert!(conformance::compare_places::<f32>(&all, &Place::Cpu)?.passed());
    let expected = &mut all[0].expected;
    expected.value.make_mut("test")?[0] += 1e-3;
    expected.gradients[1].make_mut("test")?[2] = f64::NAN;
    let report = conformance::run::<f64>(&all, &Place::Cpu)?;
    let wrong: Vec<_> = report.mismatches.iter().map(|m| m.tensor.as_str()).collect();
    assert_eq!(wrong, ["output", "gradient of w"]);
    Ok(())
}

#[test]
fn a_file_knows_what_was_not_read_and_what_it_lacks() -> Result<()> {
    let file = FixtureFile::open("softmax")?;
    let total = file.unread().len();
    let stored = file.cases()?;
    let case = stored.first().expect("a case");
    case.tensor("x", StoredLayout::Same)?;
    assert_eq!(file.unread().len(), total - 1);
    assert!(!file.unread().contains(&format!("{}.x", case.name())));
    for message in [
        refusal(case.tensor("absent", StoredLayout::Same)),
        refusal(case.tensor("x", StoredLayout::Pictures)),
        refusal(case.indices("x")),
        refusal(case.config::<usize>("absent")),
    ] {
        assert!(
            message.contains("softmax.safetensors") && message.contains("huge."),
            "{message}"
        );
    }
    assert_eq!(
        refusal(cases::of_file(&FixtureFile::open("sgd")?)),
        "cases::of_file: `file` is sgd, expected an operation's"
    );
    Ok(())
}

/// The examples that the description of the fixtures gives.
#[test]
fn formula_gives_the_published_numbers() {
    let expected = [
        0.371_730_963_435_409_1,
        0.753_854_393_645_879_3,
        0.317_763_279_113_083_44,
    ];
    assert_eq!([0, 1, 2].map(|i| unit("a", i)), expected);
    assert_eq!(centred("a", 1), expected[1] - 0.5);
}
