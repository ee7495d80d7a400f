//! Random draws of the views, all from one counter an image.
//!
//! Within the stream of one view (see the table in `tensor::philox`), block 0 holds the shift in
//! rows, the shift in columns, the contrast and the colour; the noise at the view's resolution
//! starts at block 2²⁴, the noise at full resolution at block 2²⁵.

use super::{ContrastRule, Method, NoiseKind};
use crate::ops::parallel::wide;
use crate::ops::{NoiseSource, NoiseStreams, ViewDraw};
use crate::tensor::{Counter, Element, Philox};

const LOW_NOISE: u32 = 1 << 24;
const FULL_NOISE: u32 = 1 << 25;

/// Steps of the notebook's `linspace` for contrasts and colours.
const STEPS: u32 = 100;

/// Number `i` of `STEPS` equally spaced numbers from `first` to `last`.
fn linspace(first: f64, last: f64, i: u32) -> f64 {
    first + (last - first) * f64::from(i) / f64::from(STEPS - 1)
}

/// Shift, contrast and colour of every image and view: entry n·V + v for `counters[n]`.
pub fn view_draws(philox: &Philox, method: &Method, counters: &[Counter]) -> Vec<ViewDraw> {
    let span = 2 * method.jitter + 1;
    let shift = |word| Philox::below(word, span) as i32 - method.jitter as i32;
    let one = |counter: &Counter, view: usize| {
        let at = Counter {
            view: view as u8,
            ..*counter
        };
        let [rows, columns, contrast, colour] = philox.words(at, 0);
        let colour = linspace(0.5, 1.0, Philox::below(colour, STEPS));
        ViewDraw {
            shift: [shift(rows), shift(columns)],
            contrast: match method.contrast {
                ContrastRule::Coupled => colour,
                ContrastRule::Independent => linspace(0.7, 1.5, Philox::below(contrast, STEPS)),
            },
            colour,
        }
    };
    counters
        .iter()
        .flat_map(|counter| (0..method.resolutions.len()).map(move |view| one(counter, view)))
        .collect()
}

/// The noise of a batch, row n drawn by `counters[n]`.
pub struct PhiloxNoise<'a> {
    /// The generator.
    pub philox: Philox,
    /// One counter an image of the batch.
    pub counters: &'a [Counter],
    /// Distribution.
    pub kind: NoiseKind,
}

impl PhiloxNoise<'_> {
    fn fill<T: Element>(&self, row: usize, view: usize, first: u32, out: &mut [T]) {
        let counter = self.counters.get(row).copied().unwrap_or_default();
        let at = Counter {
            view: view as u8,
            ..counter
        };
        match self.kind {
            NoiseKind::Uniform => wide(|| self.philox.fill_uniform(at, first, out)),
            NoiseKind::Gaussian => self.philox.fill_normal(at, first, out),
        }
    }
}

impl<T: Element> NoiseSource<T> for PhiloxNoise<'_> {
    fn low(&self, row: usize, view: usize, out: &mut [T]) {
        self.fill(row, view, LOW_NOISE, out);
    }

    fn full(&self, row: usize, view: usize, out: &mut [T]) {
        self.fill(row, view, FULL_NOISE, out);
    }

    fn streams(&self) -> Option<NoiseStreams<'_>> {
        Some(NoiseStreams {
            philox: self.philox,
            counters: self.counters,
            low: LOW_NOISE,
            full: FULL_NOISE,
            normal: self.kind == NoiseKind::Gaussian,
        })
    }
}
