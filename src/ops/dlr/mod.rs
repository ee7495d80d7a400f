//! The difference-of-logits-ratio loss (Croce & Hein 2020, arXiv 2003.01690, §4.1, eqs. 6 and 7),
//! with the constant 1e-12 that the reference adds to the denominator.
//!
//! Where logits are equal the lower class index counts as the larger logit.

#[cfg(test)]
mod tests;

use crate::autograd::Var;
use crate::ops::cross_entropy::check_labels;
use crate::tensor::{Buffer, Element, Tensor};
use crate::{Error, Result};

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

impl<T: Element> Var<T> {
    /// −(z_y − max_{i≠y} z_i)/(z_π1 − z_π3 + 1e-12) for every row of [N, classes]: `[N]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are fewer than 3 classes; as [`Var::cross_entropy`].
    pub fn dlr(&self, labels: &[usize]) -> Result<Var<T>> {
        let [_, classes] = check_labels("dlr", self, labels)?;
        if classes < 3 {
            return Err(Error::shape("dlr", "self", "at least 3 classes", self.shape()));
        }
        self.ratio("dlr", |i, z| {
            let top = leading(z, 3);
            let other = if top[0] == labels[i] { top[1] } else { top[0] };
            Ratio {
                numerator: vec![(labels[i], -1.0), (other, 1.0)],
                denominator: vec![(top[0], 1.0), (top[2], -1.0)],
            }
        })
    }

    /// −(z_y − z_t)/(z_π1 − ½(z_π3 + z_π4) + 1e-12) for every row of [N, classes] with a target
    /// class t an image: `[N]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are fewer than 4 classes; as [`Var::cross_entropy`].
    pub fn dlr_targeted(&self, labels: &[usize], targets: &[usize]) -> Result<Var<T>> {
        let [_, classes] = check_labels("dlr_targeted", self, labels)?;
        check_labels("dlr_targeted", self, targets)?;
        if classes < 4 {
            return Err(Error::shape(
                "dlr_targeted",
                "self",
                "at least 4 classes",
                self.shape(),
            ));
        }
        self.ratio("dlr_targeted", |i, z| {
            let top = leading(z, 4);
            Ratio {
                numerator: vec![(labels[i], -1.0), (targets[i], 1.0)],
                denominator: vec![(top[0], 1.0), (top[2], -0.5), (top[3], -0.5)],
            }
        })
    }

    fn ratio(&self, op: &'static str, terms: impl Fn(usize, &[T]) -> Ratio) -> Result<Var<T>> {
        let shape = *self.shape();
        let (n, classes) = (shape.axis(0), shape.axis(1));
        let z = self.value().host(op)?;
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
        Ok(Var::from_op(op, &[self], value, || {
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
}
