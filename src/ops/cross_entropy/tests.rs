//! Gradients, hard against soft labels, large logits, refusals.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients_at_random, random, refusal, value_and_gradient};

#[test]
fn gradients() -> Result<()> {
    let z: [(&str, &[usize]); 1] = [("z", &[3, 5])];
    check_gradients_at_random("cross_entropy", &z, |v| v[0].cross_entropy(&[4, 0, 2]))?;
    let targets = random("targets", &[3, 5]);
    check_gradients_at_random("soft_cross_entropy", &z, |v| v[0].soft_cross_entropy(&targets))
}

#[test]
fn a_hard_label_is_a_soft_one_with_all_the_weight() -> Result<()> {
    let z = random("z", &[2, 4]);
    let onehot = Tensor::from_slice([2, 4], &[0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0])?;
    let (hard, hard_dz) = value_and_gradient(z.clone(), |z| z.cross_entropy(&[2, 0]))?;
    let (soft, soft_dz) = value_and_gradient(z, |z| z.soft_cross_entropy(&onehot))?;
    let pairs = hard.iter().chain(&hard_dz).zip(soft.iter().chain(&soft_dz));
    for (hard, soft) in pairs {
        assert!((hard - soft).abs() < 1e-15, "{hard} and {soft}");
    }
    Ok(())
}

#[test]
fn huge_logits_do_not_overflow() -> Result<()> {
    let z = Tensor::from_slice([1, 3], &[1e4, 0.0, -1e4])?;
    let (loss, dz) = value_and_gradient(z, |z| z.cross_entropy(&[2]))?;
    assert_eq!(loss, [2e4]);
    assert_eq!(dz, [1.0, 0.0, -1.0]);
    Ok(())
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let z = Var::constant(Tensor::<f64>::zeros([2, 7]));
    assert_eq!(
        refusal(z.cross_entropy(&[0])),
        "cross_entropy: `labels` is 1, expected 2 labels"
    );
    assert_eq!(
        refusal(z.cross_entropy(&[0, 7])),
        "cross_entropy: `label` is 7, expected below 7"
    );
    let scalar = Var::constant(Tensor::<f64>::scalar(0.0));
    assert_eq!(
        refusal(scalar.cross_entropy(&[])),
        "cross_entropy: `self` has shape [], expected [N, classes]"
    );
    assert_eq!(
        refusal(z.soft_cross_entropy(&Tensor::zeros([7, 2]))),
        "soft_cross_entropy: `targets` has shape [7, 2], expected [N, classes] = [2, 7]"
    );
}
