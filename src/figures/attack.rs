//! What each stage of the attack leaves of the accuracy.

use super::palette::{BLUE, Color, ORANGE};
use super::plot::{AXIS_BELOW, Axes};
use super::sheet::{MARGIN, SMALL, Sheet, TEXT};
use super::style::{Swatch, legend};
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
/// Colour of the first stage of every defence, and of the others.
const KEY: [(Swatch, &str); 2] = [
    (Swatch::Area(CLEAN), "before the attack"),
    (Swatch::Area(ATTACKED), "under attack"),
];
const CLEAN: Color = BLUE;
const ATTACKED: Color = ORANGE;

/// Accuracy after one stage of an attack.
#[derive(Debug, Clone, Copy)]
pub struct AttackStage<'a> {
    /// Name beside the bar, for example "clean" or "after APGD-CE".
    pub name: &'a str,
    /// Fraction of images still right, in [0, 1]; one that is not finite is shown as "n/a".
    pub accuracy: f32,
    /// Wilson 95 % interval of it as fractions, low and high.
    pub interval: (f32, f32),
}

/// One defence under attack.
#[derive(Debug, Clone, Copy)]
pub struct AttackRow<'a> {
    /// Name of the defence, for example "ensemble".
    pub name: &'a str,
    /// Its stages; the first is the accuracy before the attack.
    pub stages: &'a [AttackStage<'a>],
}

/// A group of horizontal bars per defence: accuracy (%) left after each stage, with the intervals as
/// whiskers and the values beside them. `images` is the number of images attacked.
///
/// # Errors
/// When the font of the figures cannot be read.
pub fn attack(title: &str, rows: &[AttackRow], images: usize) -> Result<Sheet> {
    let explanation = format!(
        "n = {images} test images attacked; whiskers and brackets: Wilson 95 % intervals over images"
    );
    let mut sheet = Sheet::new(MARGIN + LEFT + WIDTH + RIGHT + MARGIN, title, &explanation)?;
    let key_at = (MARGIN + LEFT, sheet.top());
    let top = key_at.1 + legend(&mut sheet, &KEY, key_at, WIDTH) + 8.0;

    let bars: usize = rows.iter().map(|row| row.stages.len()).sum();
    let height = (rows.len() as f32 * HEADER + bars as f32 * PITCH + 8.0).max(80.0);
    let axes = Axes {
        at: (MARGIN + LEFT, top),
        size: (WIDTH, height),
        x: (0.0, 100.0),
        y: (0.0, 1.0),
    };
    let label = "accuracy left (% of images)";
    axes.draw_x(&mut sheet, &Ticks::new(0.0, 100.0, 5), label);
    let mut y = top;
    for row in rows {
        let name_at = (MARGIN, y + HEADER - 9.0);
        sheet.text(row.name, name_at, TEXT, LEFT - 12.0);
        y += HEADER;
        for (i, stage) in row.stages.iter().enumerate() {
            let color = if i == 0 { CLEAN } else { ATTACKED };
            draw_stage(&mut sheet, &axes, stage, y, color);
            y += PITCH;
        }
    }
    axes.draw_frame(&mut sheet);
    Ok(sheet.finish(top + height + AXIS_BELOW + MARGIN))
}

/// One bar between the pixel rows `top` and `top` + [`PITCH`].
fn draw_stage(sheet: &mut Sheet, axes: &Axes, stage: &AttackStage, top: f32, color: Color) {
    let (middle, baseline) = (top + PITCH / 2.0, top + PITCH / 2.0 + 4.5);
    let name_at = (axes.at.0 - 10.0, baseline);
    sheet.text(stage.name, name_at, SMALL.ending(), LEFT - 30.0);
    let percent = stage.accuracy * 100.0;
    let size = (axes.column(percent) - axes.at.0, PITCH - 8.0);
    sheet.rectangle((axes.at.0, top + 4.0), size, color);
    let (low, high) = (stage.interval.0 * 100.0, stage.interval.1 * 100.0);
    axes.draw_whisker(sheet, (low, high), middle);
    let value = if percent.is_finite() {
        format!("{percent:.1} %  [{low:.1}, {high:.1}]")
    } else {
        "n/a".to_owned()
    };
    let value_at = (axes.at.0 + WIDTH + 14.0, baseline);
    sheet.text(&value, value_at, SMALL, RIGHT - 14.0);
}
