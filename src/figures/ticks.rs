//! Round numbers for axes.

/// Marks of an axis: multiples of a round step.
pub(super) struct Ticks {
    /// Positions in data units, ascending.
    pub values: Vec<f32>,
    step: f64,
}

impl Ticks {
    /// About `count` marks within [`low`, `high`], 1, 2 or 5 times a power of ten apart. An empty or
    /// reversed interval is taken as one of length 1.
    pub fn new(low: f32, high: f32, count: usize) -> Self {
        let (low, mut high) = (f64::from(low), f64::from(high));
        if high <= low {
            high = low + 1.0;
        }
        Self::every(round_step((high - low) / count.max(1) as f64), low, high)
    }

    /// About `count` marks from 0 to the first that is not below `high`, which is above 0.
    pub fn covering(high: f32, count: usize) -> Self {
        let high = f64::from(high);
        let step = round_step(high / count.max(1) as f64);
        Self::every(step, 0.0, (high / step - 1e-6).ceil() * step)
    }

    /// The last mark; 1 when there is none.
    pub fn last(&self) -> f32 {
        self.values.last().copied().unwrap_or(1.0)
    }

    /// About `count` marks at whole numbers within [`low`, `high`].
    pub fn whole(low: f32, high: f32, count: usize) -> Self {
        let ticks = Self::new(low, high, count);
        if ticks.step >= 1.0 {
            return ticks;
        }
        Self::every(1.0, f64::from(low), f64::from(high))
    }

    fn every(step: f64, low: f64, high: f64) -> Self {
        // The small allowance keeps a mark that rounding has put just outside the interval.
        let first = (low / step - 1e-6).ceil();
        let last = (high / step + 1e-6).floor();
        let count = (last - first).clamp(0.0, 1000.0) as usize;
        let values = (0..=count).map(|i| ((first + i as f64) * step) as f32).collect();
        Self { values, step }
    }

    /// `value` with as many decimals as the step needs.
    pub fn label(&self, value: f32) -> String {
        if self.step >= 1e4 || self.step < 1e-3 {
            return format!("{value:.1e}");
        }
        let decimals = (-self.step.log10()).ceil().max(0.0) as usize;
        format!("{value:.decimals$}")
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `rough`.
fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    // The allowance keeps rounding from choosing the next larger step.
    let large_enough = |factor: &f64| factor * power >= rough * 0.999;
    power * factors.into_iter().find(large_enough).unwrap_or(10.0)
}
