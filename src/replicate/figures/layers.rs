//! Accuracy of every predictor of the ensemble.

use super::canvas::{Canvas, MARGIN, SMALL, TEXT, TITLE_HEIGHT};
use super::figure::Figure;
use super::palette::{BLACK, BLUE, Color, GREEN, ORANGE};
use super::plot::{AXIS_LEFT, Axes, color_key};
use super::ticks::Ticks;
use crate::Result;

/// Height of the plot in pixels.
const HEIGHT: f32 = 300.0;
/// Pixels that the names below narrow bars take, which read upwards.
const NARROW_NAME: f32 = 100.0;
/// More bars than this are narrow, and what is written at them reads upwards.
const MANY: usize = 16;

/// What kind of predictor a bar stands for; it decides the bar's colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predictor {
    /// A linear head on an intermediate layer.
    Layer,
    /// The backbone's own output.
    Backbone,
    /// The CrossMax ensemble.
    Ensemble,
}

impl Predictor {
    /// Colour of its bars and its name in the legend.
    fn look(self) -> (Color, &'static str) {
        match self {
            Self::Layer => (BLUE, "head on a layer"),
            Self::Backbone => (ORANGE, "backbone"),
            Self::Ensemble => (GREEN, "CrossMax ensemble"),
        }
    }
}

/// One bar of [`layers`].
#[derive(Debug, Clone, Copy)]
pub struct LayerBar<'a> {
    /// Name under the bar, for example the layer's number.
    pub name: &'a str,
    /// Accuracy as a fraction in [0, 1]; one that is not finite is shown as "n/a".
    pub accuracy: f32,
    /// What answers.
    pub predictor: Predictor,
}

/// A bar per predictor, in the order given, with the accuracy in per cent on top of it and a dashed
/// line at `chance` (the fraction that guessing gets right).
///
/// # Errors
/// When the sheet cannot be held in memory.
pub fn layers(title: &str, bars: &[LayerBar], chance: f32) -> Result<Figure> {
    let narrow = bars.len() > MANY;
    let pitch = if narrow { 24.0 } else { 68.0 };
    let axes = Axes {
        at: (MARGIN + AXIS_LEFT, TITLE_HEIGHT + 50.0),
        size: ((bars.len() as f32 * pitch + 16.0).max(460.0), HEIGHT),
        x: (0.0, 1.0),
        y: (0.0, 100.0),
    };
    let bottom = axes.row(0.0);
    let name_room = if narrow { NARROW_NAME } else { 24.0 };
    let sheet = (
        axes.at.0 + axes.size.0 + MARGIN,
        bottom + name_room + 28.0 + MARGIN,
    );
    let mut canvas = Canvas::new(sheet.0, sheet.1)?;
    let explanation = format!("dashed line: chance, {:.1} %", chance * 100.0);
    canvas.title(title, &explanation);
    let kinds = [Predictor::Layer, Predictor::Backbone, Predictor::Ensemble];
    color_key(
        &mut canvas,
        (axes.at.0, TITLE_HEIGHT + 11.0),
        &kinds.map(Predictor::look),
    );

    axes.draw_y(&mut canvas, &Ticks::new(0.0, 100.0, 5), "accuracy (%)");
    for (i, bar) in bars.iter().enumerate() {
        let center = axes.at.0 + 8.0 + (i as f32 + 0.5) * pitch;
        draw_bar(&mut canvas, &axes, bar, center, pitch, narrow);
    }
    if chance.is_finite() {
        let y = axes.row(chance * 100.0);
        let ends = [(axes.at.0, y), (axes.at.0 + axes.size.0, y)];
        canvas.line(&ends, 1.5, BLACK, &[6.0, 4.0]);
    }
    let middle = axes.at.0 + axes.size.0 / 2.0;
    if bars.is_empty() {
        let at = (middle, axes.row(50.0));
        canvas.text("no predictors", at, SMALL.grey().centered(), axes.size.0);
    }
    axes.draw_frame(&mut canvas);
    let label_at = (middle, bottom + name_room + 20.0);
    canvas.text("predictor", label_at, TEXT.centered(), axes.size.0);
    Ok(canvas.finish())
}

/// One bar around the pixel column `center`, with its value above and its name below.
fn draw_bar(canvas: &mut Canvas, axes: &Axes, bar: &LayerBar, center: f32, pitch: f32, narrow: bool) {
    let percent = bar.accuracy * 100.0;
    let (top, bottom) = (axes.row(percent), axes.row(0.0));
    let size = (pitch * 0.7, bottom - top);
    canvas.rectangle((center - size.0 / 2.0, top), size, bar.predictor.look().0);
    let value = if percent.is_finite() {
        format!("{percent:.1}")
    } else {
        "n/a".to_owned()
    };
    if narrow {
        // 4.5 pixels bring the middle of the letters to the middle of the bar.
        canvas.text_upwards(&value, (center + 4.5, top - 5.0), SMALL, 60.0);
        let name_at = (center + 4.5, bottom + 8.0);
        canvas.text_upwards(bar.name, name_at, SMALL.ending(), NARROW_NAME - 8.0);
    } else {
        canvas.text(&value, (center, top - 5.0), SMALL.centered(), pitch - 4.0);
        let name_at = (center, bottom + 18.0);
        canvas.text(bar.name, name_at, SMALL.centered(), pitch - 4.0);
    }
}
