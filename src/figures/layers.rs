//! Accuracy of every predictor of the ensemble.

use super::palette::{BLACK, BLUE, Color, GREEN, ORANGE, PURPLE, WHITE};
use super::plot::{AXIS_LEFT, Axes};
use super::sheet::{MARGIN, SMALL, Sheet, TEXT};
use super::style::{Style, Swatch, legend};
use super::ticks::Ticks;
use crate::Result;

/// Height of the plot in pixels.
const HEIGHT: f32 = 300.0;
/// Room for the values above the highest bars, in pixels.
const VALUES: f32 = 26.0;
/// The same above narrow bars, where they read upwards.
const NARROW_VALUES: f32 = 48.0;
/// Pixels that the names below narrow bars take, which read upwards.
const NARROW_NAME: f32 = 100.0;
/// More bars than this are narrow, and what is written at them reads upwards.
const MANY: usize = 16;
/// Markers closer than this to the upper end of a whisker, in pixels, push the value above them.
const NEAR: f32 = 24.0;

/// What kind of predictor a bar stands for; it decides the bar's colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predictor {
    /// A linear head on an intermediate layer.
    Layer,
    /// The backbone's own output.
    Backbone,
    /// The CrossMax ensemble.
    Ensemble,
    /// The plain network that the ensemble is compared with.
    Baseline,
}

impl Predictor {
    const ALL: [Self; 4] = [Self::Layer, Self::Backbone, Self::Ensemble, Self::Baseline];

    /// Colour of its bars and its name in the legend.
    fn look(self) -> (Color, &'static str) {
        match self {
            Self::Layer => (BLUE, "head on a layer"),
            Self::Backbone => (ORANGE, "backbone"),
            Self::Ensemble => (GREEN, "CrossMax ensemble"),
            Self::Baseline => (PURPLE, "plain baseline"),
        }
    }
}

/// One bar of [`layers`].
#[derive(Debug, Clone, Copy)]
pub struct LayerBar<'a> {
    /// Name under the bar, for example the layer's number.
    pub name: &'a str,
    /// Accuracy on test images as a fraction in [0, 1]; one that is not finite is shown as "n/a".
    pub accuracy: f32,
    /// Wilson 95 % interval of it as fractions, low and high.
    pub interval: (f32, f32),
    /// Accuracy on training images in the last epoch while it trained, if it was trained itself.
    pub training: Option<f32>,
    /// What answers.
    pub predictor: Predictor,
}

/// A bar per predictor, in the order given, with the accuracy in per cent on top of it, its interval
/// as a whisker, a ring at the training accuracy, and a dashed line at `chance` (the fraction that
/// guessing gets right). `images` is the number of test images.
///
/// # Errors
/// When the font of the figures cannot be read.
pub fn layers(title: &str, bars: &[LayerBar], chance: f32, images: usize) -> Result<Sheet> {
    let narrow = bars.len() > MANY;
    let pitch = if narrow { 24.0 } else { 68.0 };
    let width = (bars.len() as f32 * pitch + 16.0).max(460.0);
    let explanation = format!(
        "bars: n = {images} test images; whiskers: Wilson 95 % intervals; dashed line: chance, {:.1} %",
        chance * 100.0
    );
    let mut sheet = Sheet::new(MARGIN + AXIS_LEFT + width + MARGIN, title, &explanation)?;
    let key_at = (MARGIN + AXIS_LEFT, sheet.top());
    let top = key_at.1 + draw_key(&mut sheet, bars, key_at, width);
    let y_ticks = Ticks::covering(highest(bars, chance), 5);
    let axes = Axes {
        at: (key_at.0, top + if narrow { NARROW_VALUES } else { VALUES }),
        size: (width, HEIGHT),
        x: (0.0, 1.0),
        y: (0.0, y_ticks.last()),
    };
    axes.draw_y(&mut sheet, &y_ticks, "accuracy (%)");
    for (i, bar) in bars.iter().enumerate() {
        let center = axes.at.0 + 8.0 + (i as f32 + 0.5) * pitch;
        draw_bar(&mut sheet, &axes, bar, center, pitch, narrow);
    }
    if chance.is_finite() {
        let y = axes.row(chance * 100.0);
        let ends = [(axes.at.0, y), (axes.at.0 + width, y)];
        sheet.line(&ends, 1.5, BLACK, &[6.0, 4.0]);
    }
    let middle = axes.at.0 + width / 2.0;
    if bars.is_empty() {
        let at = (middle, axes.at.1 + HEIGHT / 2.0);
        sheet.text("no predictors", at, SMALL.grey().centered(), width);
    }
    axes.draw_frame(&mut sheet);
    let label_at = axes.row(0.0) + if narrow { NARROW_NAME } else { 24.0 } + 20.0;
    sheet.text("predictor", (middle, label_at), TEXT.centered(), width);
    Ok(sheet.finish(label_at + 8.0 + MARGIN))
}

/// The meanings of the colours that occur, and of the rings; their height.
fn draw_key(sheet: &mut Sheet, bars: &[LayerBar], at: (f32, f32), width: f32) -> f32 {
    let occurs = |kind: &Predictor| bars.iter().any(|bar| bar.predictor == *kind);
    let looks = Predictor::ALL.into_iter().filter(occurs).map(Predictor::look);
    let mut entries: Vec<_> = looks.map(|(color, name)| (Swatch::Area(color), name)).collect();
    if bars.iter().any(|bar| bar.training.is_some()) {
        let ring = Swatch::Marker(Style::ring(BLACK));
        entries.push((ring, "training images, last epoch"));
    }
    legend(sheet, &entries, at, width)
}

/// The largest accuracy to be shown, in per cent; 100 where there is none.
fn highest(bars: &[LayerBar], chance: f32) -> f32 {
    let shown = |bar: &LayerBar| [bar.accuracy, bar.interval.1, bar.training.unwrap_or(0.0)];
    let values = bars.iter().flat_map(shown).chain([chance]);
    let values = values.filter(|value| value.is_finite() && *value > 0.0);
    values
        .reduce(f32::max)
        .map_or(100.0, |value| (value * 100.0).min(100.0))
}

/// One bar around the pixel column `center`, with its value above and its name below.
fn draw_bar(sheet: &mut Sheet, axes: &Axes, bar: &LayerBar, center: f32, pitch: f32, narrow: bool) {
    let percent = bar.accuracy * 100.0;
    let (mut top, bottom) = (axes.row(percent), axes.row(0.0));
    let size = (pitch * 0.7, bottom - top);
    sheet.rectangle((center - size.0 / 2.0, top), size, bar.predictor.look().0);
    let interval = (bar.interval.0 * 100.0, bar.interval.1 * 100.0);
    axes.draw_upright_whisker(sheet, interval, center);
    if interval.1.is_finite() {
        top = top.min(axes.row(interval.1));
    }
    if let Some(training) = bar.training.filter(|accuracy| accuracy.is_finite()) {
        let y = axes.row(training * 100.0);
        Style::ring(BLACK).marker(sheet, (center, y));
        if y < top && top - y < if narrow { NARROW_VALUES } else { NEAR } {
            top = y - 3.0;
        }
    }
    let value = if percent.is_finite() {
        format!("{percent:.1}")
    } else {
        "n/a".to_owned()
    };
    if narrow {
        // 4.5 pixels bring the middle of the letters to the middle of the bar.
        sheet.text_upwards(&value, (center + 4.5, top - 5.0), SMALL, NARROW_VALUES - 8.0);
        let name_at = (center + 4.5, bottom + 8.0);
        sheet.text_upwards(bar.name, name_at, SMALL.ending(), NARROW_NAME - 8.0);
    } else {
        let half = sheet.text_width(&value, SMALL) / 2.0 + 1.0;
        // Keeps grid lines out of the digits.
        sheet.rectangle((center - half, top - 16.0), (2.0 * half, 12.0), WHITE);
        sheet.text(&value, (center, top - 6.0), SMALL.centered(), pitch - 4.0);
        let name_at = (center, bottom + 18.0);
        sheet.text(bar.name, name_at, SMALL.centered(), pitch - 4.0);
    }
}
