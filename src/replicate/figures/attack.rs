//! What each stage of the attack leaves of the accuracy.

use super::canvas::{Canvas, MARGIN, SMALL, TEXT, TITLE_HEIGHT};
use super::figure::Figure;
use super::palette::{Color, GREEN, ORANGE, PURPLE, SKY_BLUE, VERMILION};
use super::plot::{AXIS_BELOW, Axes, distinct};
use super::ticks::Ticks;
use crate::Result;

/// Width of the plot in pixels.
const WIDTH: f32 = 460.0;
/// Room for the names of the stages left of the plot in pixels.
const LEFT: f32 = 230.0;
/// Room for the values right of the plot in pixels.
const RIGHT: f32 = 190.0;
/// Height of one bar with its gap in pixels.
const PITCH: f32 = 26.0;
/// Height of a defence's name above its bars in pixels.
const HEADER: f32 = 30.0;
/// Colours of the stages in the order in which their names first appear.
const STAGES: [Color; 5] = [GREEN, SKY_BLUE, ORANGE, VERMILION, PURPLE];

/// Accuracy after one stage of an attack.
#[derive(Debug, Clone, Copy)]
pub struct AttackStage<'a> {
    /// Name beside the bar, for example "clean" or "after APGD-CE".
    pub name: &'a str,
    /// Fraction of images still right, in [0, 1]; one that is not finite is shown as "n/a".
    pub accuracy: f32,
    /// Confidence interval of it as fractions, low and high (Wilson 95 % elsewhere in the run).
    pub interval: (f32, f32),
}

/// One defence under attack.
#[derive(Debug, Clone, Copy)]
pub struct AttackRow<'a> {
    /// Name of the defence, for example "ensemble".
    pub name: &'a str,
    /// Its stages from clean to the last.
    pub stages: &'a [AttackStage<'a>],
}

/// A group of horizontal bars per defence: accuracy (%) left after each stage, with the intervals as
/// whiskers and the values beside them. `images` is the number of images attacked.
///
/// # Errors
/// When the sheet cannot be held in memory.
pub fn attack(title: &str, rows: &[AttackRow], images: usize) -> Result<Figure> {
    let bars: usize = rows.iter().map(|row| row.stages.len()).sum();
    let height = (rows.len() as f32 * HEADER + bars as f32 * PITCH + 8.0).max(80.0);
    let sheet_width = MARGIN + LEFT + WIDTH + RIGHT + MARGIN;
    let mut canvas = Canvas::new(sheet_width, TITLE_HEIGHT + height + AXIS_BELOW + MARGIN)?;
    let explanation = format!("images: {images}; whiskers: 95 % confidence intervals");
    canvas.title(title, &explanation);

    let axes = Axes {
        at: (MARGIN + LEFT, TITLE_HEIGHT),
        size: (WIDTH, height),
        x: (0.0, 100.0),
        y: (0.0, 1.0),
    };
    let label = "accuracy left (% of images)";
    axes.draw_x(&mut canvas, &Ticks::new(0.0, 100.0, 5), label);
    let stages = rows.iter().flat_map(|row| row.stages);
    let names = distinct(stages.map(|stage| stage.name));
    let mut y = TITLE_HEIGHT;
    for row in rows {
        let name_at = (MARGIN, y + HEADER - 9.0);
        canvas.text(row.name, name_at, TEXT, LEFT - 12.0);
        y += HEADER;
        for stage in row.stages {
            let number = names.iter().position(|&name| name == stage.name);
            let color = STAGES[number.unwrap_or(0) % STAGES.len()];
            draw_stage(&mut canvas, &axes, stage, y, color);
            y += PITCH;
        }
    }
    axes.draw_frame(&mut canvas);
    Ok(canvas.finish())
}

/// One bar between the pixel rows `top` and `top` + [`PITCH`].
fn draw_stage(canvas: &mut Canvas, axes: &Axes, stage: &AttackStage, top: f32, color: Color) {
    let (middle, baseline) = (top + PITCH / 2.0, top + PITCH / 2.0 + 4.5);
    let name_at = (axes.at.0 - 10.0, baseline);
    canvas.text(stage.name, name_at, SMALL.ending(), LEFT - 30.0);
    let percent = stage.accuracy * 100.0;
    let size = (axes.column(percent) - axes.at.0, PITCH - 8.0);
    canvas.rectangle((axes.at.0, top + 4.0), size, color);
    let (low, high) = (stage.interval.0 * 100.0, stage.interval.1 * 100.0);
    axes.draw_whisker(canvas, (low, high), middle);
    let value = if percent.is_finite() {
        format!("{percent:.1} %  [{low:.1}, {high:.1}]")
    } else {
        "n/a".to_owned()
    };
    let value_at = (axes.at.0 + WIDTH + 14.0, baseline);
    canvas.text(&value, value_at, SMALL, RIGHT - 14.0);
}
