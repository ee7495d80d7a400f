//! When APGD looks back and decides about step sizes.

/// The schedule of checkpoints (Croce & Hein 2020, arXiv 2003.01690, §3.2), in AutoAttack's integer
/// arithmetic: the first period is 22 % of the iterations, each further one 3 % shorter, but none
/// below 6 %; all percentages rounded down and at least 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checkpoints {
    period: usize,
    shrink: usize,
    shortest: usize,
    since_last: usize,
}

impl Checkpoints {
    pub(super) fn new(iterations: u16) -> Self {
        let share = |part: f64| ((part * f64::from(iterations)) as usize).max(1);
        Self {
            period: share(0.22),
            shrink: share(0.03),
            shortest: share(0.06),
            since_last: 0,
        }
    }

    /// The schedule for L1 (Croce & Hein 2021, arXiv 2103.01208): every 4 % of the iterations, rounded down and at
    /// least 1.
    pub(super) fn even(iterations: u16) -> Self {
        let period = ((0.04 * f64::from(iterations)) as usize).max(1);
        Self {
            period,
            shrink: 0,
            shortest: period,
            since_last: 0,
        }
    }

    /// Counts an iteration; if a checkpoint follows it, the length of the period that ends there.
    pub(super) fn advance(&mut self) -> Option<usize> {
        self.since_last += 1;
        if self.since_last < self.period {
            return None;
        }
        self.since_last = 0;
        let ended = self.period;
        self.period = self.period.saturating_sub(self.shrink).max(self.shortest);
        Some(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::Checkpoints;

    fn checkpoints(iterations: u16) -> Vec<u16> {
        let mut schedule = Checkpoints::new(iterations);
        (1..=iterations)
            .filter(|_| schedule.advance().is_some())
            .collect()
    }

    #[test]
    fn checkpoints_are_those_of_autoattack() {
        assert_eq!(checkpoints(100), [22, 41, 57, 70, 80, 87, 93, 99]);
        assert_eq!(
            checkpoints(20),
            [4, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
        );
        assert_eq!(checkpoints(1), [1]);
        let mut even = Checkpoints::even(100);
        assert_eq!(
            (1..=9).filter(|_| even.advance().is_some()).collect::<Vec<_>>(),
            [4, 8]
        );
    }
}
