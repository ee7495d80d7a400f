//! The nearest point of a hyperplane within the box of images.

use crate::attacks::Norm;

/// The shortest step in `norm` from `point`, in [0, 1], to the part of the hyperplane ⟨`normal`, x⟩ = `offset` that
/// lies in the box [0, 1] (Croce & Hein 2020, arXiv 1907.02044, eq. 6); where it does not meet the box, the
/// step to the corner of the box that is nearest to it, in the coordinates that matter.
///
/// Every coordinate can contribute until it reaches its bound. For L∞ all move by the same length until
/// then, for L2 by lengths in the proportions of the normal's entries; both lengths follow from the order in which
/// bounds are reached. For L1 the coordinates with the largest entries go first, one after another.
pub(super) fn project(norm: Norm, point: &[f64], normal: &[f64], offset: f64) -> Vec<f64> {
    let height = dot(point, normal) - offset;
    // The step goes down the normal from above the hyperplane, up from below.
    let downwards = if height >= 0.0 { 1.0 } else { -1.0 };
    let mut coordinates: Vec<Coordinate> = point
        .iter()
        .zip(normal)
        .enumerate()
        .filter(|&(_, (_, &entry))| entry != 0.0)
        .map(|(index, (&x, &entry))| {
            let direction = -downwards * entry.signum();
            Coordinate {
                index,
                direction,
                entry: entry.abs(),
                room: (if direction > 0.0 { 1.0 - x } else { x }).max(0.0),
            }
        })
        .collect();
    let lengths = match norm {
        Norm::Linf => lengths_at_speed(&mut coordinates, height.abs(), |_| 1.0),
        Norm::L2 => lengths_at_speed(&mut coordinates, height.abs(), |coordinate| coordinate.entry),
        Norm::L1 => lengths_in_turn(&mut coordinates, height.abs()),
    };
    let mut step = vec![0.0; point.len()];
    for (coordinate, length) in coordinates.iter().zip(lengths) {
        step[coordinate.index] = coordinate.direction * length;
    }
    step
}

/// The inner product, summed in the order of the entries.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A coordinate that the normal does not ignore.
struct Coordinate {
    index: usize,
    /// The way to the hyperplane, +1 or −1.
    direction: f64,
    /// Size of the normal's entry, not 0: height lost for a unit of length.
    entry: f64,
    /// Length to the bound.
    room: f64,
}

/// The lengths by which `coordinates`, which it sorts, lose `height` together if each moves at its `speed` until
/// it reaches its bound.
fn lengths_at_speed(
    coordinates: &mut [Coordinate],
    height: f64,
    speed: impl Fn(&Coordinate) -> f64,
) -> Vec<f64> {
    let time_of = |coordinate: &Coordinate| coordinate.room / speed(coordinate);
    coordinates.sort_by(|a, b| time_of(a).total_cmp(&time_of(b)));
    // Height lost in a unit of time by all coordinates that still move.
    let mut slopes = vec![0.0; coordinates.len()];
    let mut slope = 0.0;
    for (sum, coordinate) in slopes.iter_mut().zip(coordinates.iter()).rev() {
        slope += coordinate.entry * speed(coordinate);
        *sum = slope;
    }
    let (mut time, mut left) = (0.0, height);
    for (coordinate, slope) in coordinates.iter().zip(slopes) {
        let (next, needed) = (time_of(coordinate), left / slope);
        if time + needed <= next {
            time += needed;
            break;
        }
        left -= slope * (next - time);
        time = next;
    }
    coordinates
        .iter()
        .map(|coordinate| coordinate.room.min(time * speed(coordinate)))
        .collect()
}

/// The lengths by which `coordinates`, which it sorts, lose `height` one after another.
fn lengths_in_turn(coordinates: &mut [Coordinate], height: f64) -> Vec<f64> {
    coordinates.sort_by(|a, b| b.entry.total_cmp(&a.entry));
    let mut left = height;
    let in_turn = coordinates.iter().map(|coordinate| {
        let length = coordinate.room.min(left / coordinate.entry);
        left = (left - length * coordinate.entry).max(0.0);
        length
    });
    in_turn.collect()
}

#[cfg(test)]
mod tests {
    use super::{dot, project};
    use crate::attacks::Norm;
    use crate::attacks::length::length;
    use crate::tensor::{Counter, Philox, Purpose};

    /// Coordinates of a case; brute force goes over a grid of all but one.
    const LEN: usize = 3;
    /// Grid points of an axis.
    const GRID: usize = 60;

    struct Case {
        point: Vec<f64>,
        normal: Vec<f64>,
        offset: f64,
    }

    /// Some coordinates at 0 or 1, some entries 0; about half of the hyperplanes meet the box.
    fn case(number: u32) -> Case {
        let at = Counter {
            image: number,
            ..Counter::default()
        };
        let u: Vec<f64> = Philox::new(5, Purpose::Test).uniform(at, 2 * LEN + 1);
        let entry = |u: &f64| if *u < 0.15 { 0.0 } else { 2.0 * u - 1.1 };
        Case {
            point: u[..LEN].iter().map(|u| (1.4 * u - 0.2).clamp(0.0, 1.0)).collect(),
            normal: u[LEN..2 * LEN].iter().map(entry).collect(),
            offset: 3.0 * u[2 * LEN] - 1.5,
        }
    }

    /// The range of ⟨normal, x⟩ over the box.
    fn range(normal: &[f64]) -> (f64, f64) {
        let sum = |f: fn(f64) -> f64| normal.iter().map(|&w| f(w)).sum();
        (sum(|w| w.min(0.0)), sum(|w| w.max(0.0)))
    }

    /// The shortest step from the point to a grid of the hyperplane's part in the box.
    fn brute_force(norm: Norm, case: &Case) -> f64 {
        let (solved, _) = case
            .normal
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
            .unwrap_or((0, &0.0));
        let mut best = f64::INFINITY;
        for cell in 0..(GRID + 1).pow(LEN as u32 - 1) {
            let mut x = vec![0.0; LEN];
            let mut rest = cell;
            for i in (0..LEN).filter(|&i| i != solved) {
                x[i] = (rest % (GRID + 1)) as f64 / GRID as f64;
                rest /= GRID + 1;
            }
            x[solved] = (case.offset - dot(&x, &case.normal)) / case.normal[solved];
            if (0.0..=1.0).contains(&x[solved]) {
                best = best.min(length(norm, x.iter().zip(&case.point).map(|(x, p)| x - p)));
            }
        }
        best
    }

    #[test]
    fn steps_end_on_the_hyperplane_and_none_is_shorter() {
        let mut met = 0;
        for number in 0..600 {
            let case = case(number);
            let (low, high) = range(&case.normal);
            if !(low..=high).contains(&case.offset) {
                continue;
            }
            met += 1;
            for norm in [Norm::Linf, Norm::L2, Norm::L1] {
                let step = project(norm, &case.point, &case.normal, case.offset);
                let end: Vec<f64> = case.point.iter().zip(&step).map(|(x, d)| x + d).collect();
                assert!(end.iter().all(|x| (-1e-12..=1.0 + 1e-12).contains(x)), "{end:?}");
                let missed = dot(&end, &case.normal) - case.offset;
                assert!(missed.abs() < 1e-12, "{norm} case {number}: misses by {missed:e}");
                let (found, other) = (length(norm, step.iter().copied()), brute_force(norm, &case));
                assert!(found <= other + 1e-12, "{norm} case {number}: {found} > {other}");
            }
        }
        assert!(met > 150, "{met} cases show little");
    }

    #[test]
    fn out_of_reach_the_step_goes_to_the_nearest_corner() {
        let mut missed = 0;
        for number in 0..600 {
            let case = case(number);
            let (low, high) = range(&case.normal);
            if (low..=high).contains(&case.offset) {
                continue;
            }
            missed += 1;
            for norm in [Norm::Linf, Norm::L2, Norm::L1] {
                let step = project(norm, &case.point, &case.normal, case.offset);
                for ((x, d), w) in case.point.iter().zip(&step).zip(&case.normal) {
                    let corner = if (*w > 0.0) == (case.offset > high) {
                        1.0
                    } else {
                        0.0
                    };
                    let expected = if *w == 0.0 { 0.0 } else { corner - x };
                    assert!((d - expected).abs() < 1e-12, "{norm} case {number}");
                }
            }
        }
        assert!(missed > 150, "{missed} cases show little");
    }

    #[test]
    fn by_hand() {
        // From (1/2, 1/2) down to x + 2y = 0.7: by 4/15 each, by 0.16 (1, 2), or by 0.4 in y alone.
        let to = |norm: Norm| project(norm, &[0.5, 0.5], &[1.0, 2.0], 0.7);
        for (norm, expected) in [
            (Norm::Linf, [-0.8 / 3.0, -0.8 / 3.0]),
            (Norm::L2, [-0.16, -0.32]),
            (Norm::L1, [0.0, -0.4]),
        ] {
            for (found, expected) in to(norm).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-15, "{norm}: {found} {expected}");
            }
        }
        assert_eq!(project(Norm::L2, &[0.5, 0.5], &[0.0, 0.0], 1.0), [0.0, 0.0]);
    }
}
