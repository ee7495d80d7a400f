//! Plots of the run inside the page.

use super::pictures::data_uri;
use crate::Result;
use crate::io::atomic;
use crate::replicate::RunDir;
use maud::{Markup, PreEscaped, html};

/// The figure called `name` of a run: drawn in the page where there is an SVG of it, which follows
/// the page's colours; else as its picture.
pub(super) fn plot(dir: &RunDir, name: &str, alt: &str) -> Result<Markup> {
    let svg = dir.path(&format!("figures/{name}.svg"));
    if svg.is_file() {
        let text = String::from_utf8_lossy(&atomic::read(&svg)?).into_owned();
        // What stands before the drawing belongs to a file of its own.
        let drawing = text.find("<svg").map_or("", |start| &text[start..]);
        return Ok(html! { figure.plot { (PreEscaped(drawing)) } });
    }
    let png = atomic::read(&dir.path(&format!("figures/{name}.png")))?;
    Ok(html! { figure.plot { img src=(data_uri(&png)) alt=(alt); } })
}
