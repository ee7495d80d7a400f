//! The moves of APGD in L2 and L1, on the host in f64.

use super::Iterates;
use crate::Result;
use crate::attacks::Norm;
use crate::attacks::length::length;
use crate::attacks::rows::map_rows;
use crate::attacks::threat::{Ball, normalised, project_l2};
use crate::tensor::{Element, Tensor};

/// What AutoAttack adds to the number of moved values before it divides by it.
const TINY: f64 = 1e-10;

/// Moves the iterates for L2 as AutoAttack does: like for L∞, but along the gradient divided by its norm.
pub(super) fn ascend_l2<T: Element>(
    ball: &Ball,
    iterates: Iterates<'_, T>,
    gradient: &Tensor<T>,
    clean: &Tensor<T>,
    steps: &[T],
    share: f64,
) -> Result<()> {
    let Iterates { x, previous } = iterates;
    let moved = map_rows(x, &[&*previous, gradient, clean], |row, x, others| {
        let [previous, gradient, clean] = others else {
            return x.to_vec();
        };
        let step = steps.get(row).map_or(0.0, |step| step.as_f64());
        let direction = normalised(gradient);
        let mut target: Vec<f64> = x.iter().zip(direction).map(|(x, d)| x + step * d).collect();
        project_l2(clean, &mut target, ball.eps());
        let pairs = x.iter().zip(previous).zip(target);
        let mixed =
            pairs.map(|((x, previous), target)| x + (target - x) * share + (x - previous) * (1.0 - share));
        let mut next: Vec<f64> = mixed.collect();
        project_l2(clean, &mut next, ball.eps());
        next
    })?;
    *previous = std::mem::replace(x, moved);
    Ok(())
}

/// Moves the iterates for L1: the values with the largest gradients, of which image n moves the share `shares[n]`,
/// by equal parts of the step, then projected. There is no momentum.
pub(super) fn ascend_l1<T: Element>(
    ball: &Ball,
    iterates: Iterates<'_, T>,
    gradient: &Tensor<T>,
    clean: &Tensor<T>,
    steps: &[T],
    shares: &[f64],
) -> Result<()> {
    let Iterates { x, previous } = iterates;
    let moved = map_rows(x, &[gradient, clean], |row, x, others| {
        let [gradient, clean] = others else {
            return x.to_vec();
        };
        let step = steps.get(row).map_or(0.0, |step| step.as_f64());
        let signs = sparse_signs(gradient, shares.get(row).copied().unwrap_or(1.0));
        let size = length(Norm::L1, signs.iter().copied()) + TINY;
        let pairs = x.iter().zip(clean).zip(signs);
        let delta = pairs.map(|((x, clean), sign)| x + step * sign / size - clean);
        ball.near_l1(clean, &delta.collect::<Vec<f64>>())
    })?;
    *previous = std::mem::replace(x, moved);
    Ok(())
}

/// The signs of the entries of `gradient` that are as large as the one at the place 1 − `share` of all in ascending
/// order, 0 elsewhere.
fn sparse_signs(gradient: &[f64], share: f64) -> Vec<f64> {
    let values = gradient.len();
    let place = ((1.0 - share) * values as f64).clamp(0.0, values.saturating_sub(1) as f64) as usize;
    let mut sizes: Vec<f64> = gradient.iter().map(|g| g.abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let least = sizes.get(place).copied().unwrap_or(0.0);
    let sign = |g: f64| if g == 0.0 { 0.0 } else { g.signum() };
    gradient
        .iter()
        .map(|&g| if g.abs() >= least { sign(g) } else { 0.0 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::sparse_signs;

    #[test]
    fn the_largest_share_moves() {
        let gradient = [0.1, -5.0, 3.0, 0.0, -0.2];
        assert_eq!(sparse_signs(&gradient, 0.4), [0.0, -1.0, 1.0, 0.0, 0.0]);
        assert_eq!(sparse_signs(&gradient, 0.0), [0.0, -1.0, 0.0, 0.0, 0.0]);
        assert_eq!(sparse_signs(&gradient, 1.0), [1.0, -1.0, 1.0, 0.0, -1.0]);
        assert_eq!(sparse_signs(&[], 0.2), [0.0; 0]);
    }
}
