//! Walks over elements whose places in memory differ from operand to operand: what kernels get to
//! know of shapes.

use super::MAX_RANK;

/// Axes to walk along, outermost first, and for each of `N` operands the elements between
/// neighbours along each; 0 where the operand repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Walk<const N: usize> {
    /// Number of axes, ≥ 1.
    pub axes: i32,
    pub lengths: [u64; MAX_RANK],
    pub steps: [[u64; MAX_RANK]; N],
}

impl<const N: usize> Walk<N> {
    /// The walk along at most [`MAX_RANK`] axes, given as (length, steps); axes that lie behind each
    /// other for all operands become one, since kernels divide once for every axis but the first.
    pub fn along(axes: impl IntoIterator<Item = (usize, [usize; N])>) -> Self {
        let mut merged: Vec<(usize, [usize; N])> = Vec::new();
        for (length, steps) in axes.into_iter().filter(|&(length, _)| length != 1) {
            match merged.last_mut() {
                Some((outer, outer_steps)) if *outer_steps == steps.map(|step| step * length) => {
                    *outer *= length;
                    *outer_steps = steps;
                }
                _ => merged.push((length, steps)),
            }
        }
        let mut walk = Self {
            axes: merged.len().max(1) as i32,
            lengths: [1; MAX_RANK],
            steps: [[0; MAX_RANK]; N],
        };
        for (axis, (length, steps)) in merged.into_iter().take(MAX_RANK).enumerate() {
            walk.lengths[axis] = length as u64;
            for (all, step) in walk.steps.iter_mut().zip(steps) {
                all[axis] = step as u64;
            }
        }
        walk
    }
}

/// Elements between neighbours along each axis of a contiguous tensor.
pub(crate) fn contiguous_steps(dims: &[usize]) -> Vec<usize> {
    let mut steps = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        steps[axis - 1] = steps[axis] * dims[axis];
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_that_lie_behind_each_other_become_one() {
        let walk = Walk::along([(2, [12, 12]), (1, [99, 99]), (3, [4, 4]), (4, [1, 1])]);
        assert_eq!((walk.axes, walk.lengths[0], walk.steps[0][0]), (1, 24, 1));
    }

    #[test]
    fn a_repeated_axis_stays_apart() {
        // Channels against pixels.
        let walk = Walk::along([(2, [12, 0]), (3, [4, 0]), (4, [1, 1])]);
        assert_eq!(walk.axes, 2);
        assert_eq!(walk.lengths[..2], [6, 4]);
        assert_eq!(
            [walk.steps[0][..2].to_vec(), walk.steps[1][..2].to_vec()],
            [[4, 1], [0, 1]]
        );
    }

    #[test]
    fn a_scalar_has_one_axis() {
        let walk = Walk::<1>::along([]);
        assert_eq!((walk.axes, walk.lengths[0]), (1, 1));
    }
}
