//! CrossMax against its definition, step by step.

use crate::Result;
use crate::autograd::Var;
use crate::ensemble::crossmax;
use crate::tensor::Tensor;
use crate::testing::assertions::{check_gradients, random, refusal};

const DIMS: [usize; 3] = [6, 5, 7];

fn apply(z: &Tensor<f64>, k: usize) -> Result<Vec<f64>> {
    crossmax(&Var::constant(z.clone()), k)?.value().to_vec()
}

/// Subtract each member's largest, then each class's largest, then sort: the definition.
fn naive(z: &[f64], [n, members, classes]: [usize; 3], k: usize) -> Vec<f64> {
    let largest = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut result = Vec::new();
    for image in 0..n {
        let mut z: Vec<Vec<f64>> = z[image * members * classes..][..members * classes]
            .chunks(classes)
            .map(<[f64]>::to_vec)
            .collect();
        for row in &mut z {
            let top = largest(row);
            row.iter_mut().for_each(|value| *value -= top);
        }
        for class in 0..classes {
            let mut column: Vec<f64> = z.iter().map(|row| row[class]).collect();
            let top = largest(&column);
            column.iter_mut().for_each(|value| *value -= top);
            column.sort_by(|a, b| b.total_cmp(a));
            result.push(column[k - 1]);
        }
    }
    result
}

#[test]
fn it_is_its_definition() -> Result<()> {
    let z = random("crossmax", &DIMS);
    for k in 1..=DIMS[1] {
        assert_eq!(apply(&z, k)?, naive(&z.to_vec()?, DIMS, k), "k = {k}");
    }
    Ok(())
}

#[test]
fn its_gradient_is_that_of_finite_differences() -> Result<()> {
    let z = random("crossmax gradient", &DIMS);
    for k in [1, 3, 5] {
        check_gradients(&format!("crossmax {k}"), &[("z", z.clone())], |v| {
            crossmax(&v[0], k)
        })?;
    }
    Ok(())
}

#[test]
fn a_class_that_k_members_rank_first_gets_zero_and_no_gradient() -> Result<()> {
    let [n, members, classes] = DIMS;
    let agreed = 4;
    for agreeing in 3..=members {
        let mut z = random("agreement", &DIMS);
        for image in 0..n {
            for member in 0..agreeing {
                // Any three of the members, not always the first.
                let member = (member + image) % members;
                z.make_mut("test")?[(image * members + member) * classes + agreed] =
                    2.0 + 0.1 * member as f64;
            }
        }
        let z = Var::leaf(z);
        let y = crossmax(&z, 3)?;
        let values = y.value().to_vec()?;
        for row in values.chunks(classes) {
            assert_eq!(row[agreed], 0.0);
            assert!(row.iter().all(|&value| value <= 0.0), "{row:?}");
        }
        let of_agreed = Tensor::from_fn([n, classes], |i| f64::from(i % classes == agreed));
        let mut gradients = y.backward(Some(of_agreed))?;
        let gradient = gradients.take(&z).map(|gradient| gradient.to_vec()).transpose()?;
        assert!(
            gradient.iter().flatten().all(|&value| value == 0.0),
            "{agreeing} agree: {gradient:?}"
        );
    }
    Ok(())
}

#[test]
fn a_members_offset_does_not_count() -> Result<()> {
    let [_, members, classes] = DIMS;
    // Multiples of 1/1024, so that no sum is rounded.
    let exact = |value: f64| (value * 1024.0).round() / 1024.0;
    let z: Vec<f64> = random("offset", &DIMS).to_vec()?.into_iter().map(exact).collect();
    let moved = Tensor::from_fn(DIMS, |i| {
        z[i] + exact(10.0 * (i / classes % members) as f64 - 17.3)
    });
    assert_eq!(apply(&moved, 3)?, apply(&Tensor::from_slice(DIMS, &z)?, 3)?);
    Ok(())
}

#[test]
fn the_median_is_the_lower_middle_as_in_pytorch() -> Result<()> {
    use crate::ensemble::{AggregationRule, Method};
    let method = Method {
        aggregation: AggregationRule::Median,
        ..Method::default()
    };
    for members in 1..=8 {
        let z = random("median", &[2, members, 5]);
        let subtracted = {
            let z = Var::constant(z.clone());
            let z = z.sub(&z.max(2)?.reshape([2, members, 1])?)?;
            z.sub(&z.max(1)?.reshape([2, 1, 5])?)?.into_value().to_vec()?
        };
        let found = apply(&z, method.rank(members))?;
        for image in 0..2 {
            for class in 0..5 {
                let mut of_class: Vec<f64> = (0..members)
                    .map(|member| subtracted[(image * members + member) * 5 + class])
                    .collect();
                of_class.sort_by(f64::total_cmp);
                assert_eq!(
                    found[image * 5 + class],
                    of_class[(members - 1) / 2],
                    "{members} members"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn what_it_cannot_combine_is_refused() {
    let z = Var::constant(random("refused", &DIMS));
    let flat = Var::constant(random("refused", &[2, 3]));
    assert_eq!(
        refusal(crossmax(&flat, 3)),
        "crossmax: `z` has shape [2, 3], expected [N, members, classes]"
    );
    assert_eq!(
        refusal(crossmax(&z, 0)),
        "crossmax: `k` is 0, expected 1 to 5 members"
    );
    assert_eq!(
        refusal(crossmax(&z, 6)),
        "crossmax: `k` is 6, expected 1 to 5 members"
    );
}
