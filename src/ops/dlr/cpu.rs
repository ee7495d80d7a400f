//! The ratio losses on the CPU.

use crate::Result;
use crate::autograd::Var;
use crate::tensor::{Buffer, Element, Tensor};

const EPS: f64 = 1e-12;

/// numerator/denominator of one row, each a short sum of weighted logits.
struct Ratio {
    numerator: Vec<(usize, f64)>,
    denominator: Vec<(usize, f64)>,
}

impl Ratio {
    fn parts<T: Element>(&self, z: &[T]) -> (T, T) {
        let sum = |terms: &[(usize, f64)]| terms.iter().map(|&(i, w)| z[i] * T::of(w)).sum::<T>();
        (sum(&self.numerator), sum(&self.denominator) + T::of(EPS))
    }
}

/// The first `k` classes of a row in descending order of logit.
fn leading<T: Element>(z: &[T], k: usize) -> Vec<usize> {
    let mut best: Vec<usize> = Vec::with_capacity(k + 1);
    for i in 0..z.len() {
        let place = best.partition_point(|&b| z[b] >= z[i]);
        if place < k {
            best.insert(place, i);
            best.truncate(k);
        }
    }
    best
}

/// Towards any other class.
pub(super) fn untargeted<T: Element>(z: &Var<T>, labels: &[usize]) -> Result<Var<T>> {
    ratio(z, "dlr", |i, z| {
        let top = leading(z, 3);
        let other = if top[0] == labels[i] { top[1] } else { top[0] };
        Ratio {
            numerator: vec![(labels[i], -1.0), (other, 1.0)],
            denominator: vec![(top[0], 1.0), (top[2], -1.0)],
        }
    })
}

/// Towards a target class.
pub(super) fn targeted<T: Element>(z: &Var<T>, labels: &[usize], targets: &[usize]) -> Result<Var<T>> {
    ratio(z, "dlr_targeted", |i, z| {
        let top = leading(z, 4);
        Ratio {
            numerator: vec![(labels[i], -1.0), (targets[i], 1.0)],
            denominator: vec![(top[0], 1.0), (top[2], -0.5), (top[3], -0.5)],
        }
    })
}

/// The loss that `terms` makes of every row.
fn ratio<T: Element>(
    logits: &Var<T>,
    op: &'static str,
    terms: impl Fn(usize, &[T]) -> Ratio,
) -> Result<Var<T>> {
    let shape = *logits.shape();
    let (n, classes) = (shape.axis(0), shape.axis(1));
    let z = logits.value().host(op)?;
    let ratios: Vec<Ratio> = z
        .chunks_exact(classes)
        .enumerate()
        .map(|(i, z)| terms(i, z))
        .collect();
    let parts: Vec<(T, T)> = ratios
        .iter()
        .zip(z.chunks_exact(classes))
        .map(|(ratio, z)| ratio.parts(z))
        .collect();
    let value = Tensor::from_fn([n], |i| parts[i].0 / parts[i].1);
    Ok(Var::from_op(op, &[logits], value, || {
        move |dy: Tensor<T>, _| {
            let mut dx = Buffer::filled(shape.len(), T::zero());
            let rows = dx.chunks_exact_mut(classes).zip(dy.host(op)?);
            for ((dx, &dy), (ratio, &(top, bottom))) in rows.zip(ratios.iter().zip(&parts)) {
                for &(i, w) in &ratio.numerator {
                    dx[i] += dy * T::of(w) / bottom;
                }
                for &(i, w) in &ratio.denominator {
                    dx[i] -= dy * T::of(w) * top / (bottom * bottom);
                }
            }
            Ok(vec![Some(Tensor::from_buffer(shape, dx)?)])
        }
    }))
}
