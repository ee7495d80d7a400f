//! Gradients for labels of every rank, ties, invariance, refusals.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, random, refusal, value_and_gradient};

#[test]
fn gradients() -> Result<()> {
    for first in 0..5 {
        let labels: Vec<usize> = (0..5).map(|i| (first + i) % 5).collect();
        let targets: Vec<usize> = (0..5).map(|i| (first + 2 * i + 1) % 5).collect();
        let z: [(&str, &[usize]); 1] = [("z", &[5, 5])];
        check_gradients_at_random("dlr", &z, |v| v[0].dlr(&labels))?;
        check_gradients_at_random("dlr_targeted", &z, |v| v[0].dlr_targeted(&labels, &targets))?;
    }
    Ok(())
}

/// Logits 4, 3, 1, 0: −(3 − 4)/(4 − 1), −(4 − 3)/(4 − 1), and with target 0 −(1 − 4)/(4 − ½).
#[test]
fn ratios_of_a_row_by_hand() -> Result<()> {
    let z = Tensor::<f64>::from_slice([3, 4], &[4.0, 3.0, 1.0, 0.0].repeat(3))?;
    let z = Var::constant(z);
    let losses = z.dlr(&[1, 0, 3])?.value().to_vec()?;
    for (loss, expected) in losses.iter().zip([1.0 / 3.0, -1.0 / 3.0, 4.0 / 3.0]) {
        assert!((loss - expected).abs() < 1e-11, "{loss} for {expected}");
    }
    let losses = z.dlr_targeted(&[2, 0, 1], &[0, 1, 3])?.value().to_vec()?;
    for (loss, expected) in losses.iter().zip([3.0 / 3.5, -1.0 / 3.5, -3.0 / 3.5]) {
        assert!((loss - expected).abs() < 1e-11, "{loss} for {expected}");
    }
    Ok(())
}

#[test]
fn scaling_and_shifting_the_logits_changes_nothing() -> Result<()> {
    let z = Var::constant(random("z", &[3, 6]));
    let plain = z.dlr(&[5, 1, 0])?.value().to_vec()?;
    let moved = z.affine(250.0, -40.0)?.dlr(&[5, 1, 0])?.value().to_vec()?;
    for (plain, moved) in plain.iter().zip(moved) {
        assert!((plain - moved).abs() < 1e-9, "{plain} and {moved}");
    }
    Ok(())
}

#[test]
fn of_equal_logits_the_lower_class_ranks_higher() -> Result<()> {
    // π = 1, 2, 0 with 2.0 twice; the label is π1, so the other class is π2.
    let z = Tensor::from_slice([1, 4], &[1.0, 2.0, 2.0, 0.0])?;
    let (loss, dz) = value_and_gradient(z.clone(), |z| z.dlr(&[1]))?;
    assert_eq!(loss, [0.0]);
    for (dz, expected) in dz.iter().zip([0.0, -1.0, 1.0, 0.0]) {
        assert!((dz - expected).abs() < 1e-11, "{dz} for {expected}");
    }
    let (_, dz) = value_and_gradient(z, |z| z.dlr(&[2]))?;
    assert!(dz[1] > 0.0 && dz[2] < 0.0, "{dz:?}");
    Ok(())
}

#[test]
fn too_few_classes_and_wrong_labels_are_refused() {
    let z = |classes| Var::constant(Tensor::<f64>::zeros([1, classes]));
    assert_eq!(
        refusal(z(2).dlr(&[0])),
        "dlr: `self` has shape [1, 2], expected at least 3 classes"
    );
    assert_eq!(
        refusal(z(3).dlr_targeted(&[0], &[1])),
        "dlr_targeted: `self` has shape [1, 3], expected at least 4 classes"
    );
    assert_eq!(refusal(z(3).dlr(&[3])), "dlr: `label` is 3, expected below 3");
    assert_eq!(
        refusal(z(4).dlr_targeted(&[0], &[4])),
        "dlr_targeted: `label` is 4, expected below 4"
    );
    assert_eq!(refusal(z(3).dlr(&[])), "dlr: `labels` is 0, expected 1 labels");
}
