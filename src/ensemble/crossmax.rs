//! CrossMax aggregation (arXiv 2408.05446, §3.3 and Algorithm 1).

use crate::autograd::Var;
use crate::tensor::Element;
use crate::{Error, Result};

/// CrossMax over members: from every member's logits its largest over classes is subtracted, then
/// from every class its largest over members, and the result is each class's `k`-th highest over
/// members. `z` is [N, members, classes], the result [N, classes].
///
/// With k = 3 a class that at least three members rank first gets exactly 0, and no gradient flows
/// into it; among classes tied at 0 the lowest index is taken as the prediction.
///
/// # Errors
/// [`Error::Shape`] if `z` does not have three axes; [`Error::Argument`] if there are fewer than
/// `k` members.
pub fn crossmax<T: Element>(z: &Var<T>, k: usize) -> Result<Var<T>> {
    let &[n, members, classes] = z.dims() else {
        return Err(Error::shape("crossmax", "z", "[N, members, classes]", z.shape()));
    };
    if k == 0 || k > members {
        return Err(Error::argument(
            "crossmax",
            "k",
            format!("1 to {members} members"),
            k,
        ));
    }
    let z = z.sub(&z.max(2)?.reshape([n, members, 1])?)?;
    let z = z.sub(&z.max(1)?.reshape([n, 1, classes])?)?;
    // The k-th highest: the last of the k highest.
    z.top_k(1, k)?.pick(1, k - 1)
}
