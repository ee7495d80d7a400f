//! How large the squares are.

use super::SquareConfig;
use crate::attacks::Norm;

/// Queries after which the share of pixels in a square is halved once more (Andriushchenko et al. 2020, §3.2 and
/// their code, for 10,000 queries).
const HALVINGS: [u32; 9] = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/// The side of the squares, in pixels, that query `query` (the first after the start is 1) puts on an image
/// of `height` × `width` pixels: at least 1.
///
/// For L∞ the side nearest to that of the share of pixels, the even one of two; for the other norms the
/// next odd one, at least 3. No side is longer than the image's shorter one.
pub(super) fn side(config: &SquareConfig, query: u16, height: usize, width: usize) -> usize {
    // The reference counts from 0.
    let before = u32::from(query.saturating_sub(1));
    let scaled = f64::from(before) / f64::from(config.queries) * 10_000.0;
    let at = if config.rescale_schedule {
        scaled as u32
    } else {
        before
    };
    let halvings = HALVINGS.iter().filter(|&&halving| at > halving).count() as i32;
    let share = config.p_init / 2f64.powi(halvings);
    let nearest = (share * (height * width) as f64).sqrt().round_ties_even() as usize;
    let side = match config.norm {
        Norm::Linf => nearest,
        Norm::L2 | Norm::L1 => nearest.max(3) | 1,
    };
    side.min(height).min(width).max(1)
}

#[cfg(test)]
mod tests {
    use super::side;
    use crate::attacks::{Norm, SquareConfig};

    fn sides(norm: Norm, rescale_schedule: bool, queries: &[u16]) -> Vec<usize> {
        let config = SquareConfig {
            rescale_schedule,
            ..SquareConfig::new(norm, 0.1)
        };
        queries
            .iter()
            .map(|&query| side(&config, query, 32, 32))
            .collect()
    }

    #[test]
    fn sides_on_cifar_are_those_of_the_reference() {
        // Thresholds are passed one query later than they say: they count from 0 and compare strictly.
        let queries = [1, 11, 12, 51, 52, 202, 502, 1002, 2002, 4002, 5000];
        assert_eq!(
            sides(Norm::Linf, false, &queries),
            [29, 29, 20, 20, 14, 10, 7, 5, 4, 3, 3]
        );
        assert_eq!(
            sides(Norm::L2, false, &queries),
            [29, 29, 21, 21, 15, 11, 7, 5, 5, 3, 3]
        );
        // 5,000 queries run through the schedule twice as fast.
        assert_eq!(
            sides(Norm::Linf, true, &[6, 7, 26, 27, 4000, 4002, 5000]),
            [29, 20, 20, 14, 2, 1, 1]
        );
    }

    #[test]
    fn a_square_fits_its_image() {
        let config = SquareConfig::new(Norm::L1, 1.0);
        assert_eq!(side(&config, 1, 2, 9), 2);
        assert_eq!(side(&config, 5000, 40, 1), 1);
    }
}
