//! Cross-entropy on the CPU.

use crate::Result;
use crate::autograd::Var;
use crate::ops::softmax::log_softmax_rows;
use crate::tensor::{Buffer, Element, Tensor};

/// With one checked label an image.
pub(super) fn hard<T: Element>(z: &Var<T>, labels: &[usize]) -> Result<Var<T>> {
    let (n, classes) = (z.shape().axis(0), z.shape().axis(1));
    let mut log_p = Buffer::dirty(n * classes);
    log_softmax_rows(z.value().host("cross_entropy")?, classes.max(1), &mut log_p);
    let value = Tensor::from_fn([n], |i| -log_p[i * classes + labels[i]]);
    Ok(Var::from_op("cross_entropy", &[z], value, || {
        let labels = labels.to_vec();
        move |dy: Tensor<T>, _| {
            // d/dz = softmax − onehot
            let mut dx = Buffer::dirty(n * classes);
            let dy = dy.host("cross_entropy")?;
            for i in 0..n {
                let row = i * classes..(i + 1) * classes;
                for (dx, log_p) in dx[row.clone()].iter_mut().zip(&log_p[row]) {
                    *dx = dy[i] * log_p.exp();
                }
                dx[i * classes + labels[i]] -= dy[i];
            }
            Ok(vec![Some(Tensor::from_buffer([n, classes], dx)?)])
        }
    }))
}

/// With target probabilities of the logits' shape.
pub(super) fn soft<T: Element>(z: &Var<T>, targets: &Tensor<T>) -> Result<Var<T>> {
    z.log_softmax()?
        .mul(&Var::constant(targets.clone()))?
        .sum(1)?
        .affine(-T::one(), T::zero())
}
