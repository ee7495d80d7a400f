//! Rows of the outermost axis: one image each.

use crate::Result;
use crate::tensor::{Element, Tensor};

/// Elements of one row, at least 1.
pub(super) fn row_len<T: Element>(tensor: &Tensor<T>) -> usize {
    (tensor.len() / tensor.shape().axis(0).max(1)).max(1)
}

/// Copies row `source` of `from` over row `target` of `to`; both exist and are equally long.
pub(super) fn copy_row<T: Element>(
    to: &mut Tensor<T>,
    target: usize,
    from: &Tensor<T>,
    source: usize,
) -> Result<()> {
    let len = row_len(from);
    to.make_mut("attack")?[target * len..][..len]
        .copy_from_slice(&from.host("attack")?[source * len..][..len]);
    Ok(())
}
