//! Sheets as SVG: plain presentation attributes, text as text, the same bytes every time.

use super::palette::{BLACK, Color, GREY, LIGHT_GREY, WHITE};
use super::sheet::{Anchor, Label, Mark, Sheet};
use std::fmt::Write;

/// The font that the layout was measured with, then common ones of about its width.
const FONT: &str = "DejaVu Sans, Verdana, sans-serif";

/// The whole file. It starts with the element itself, so that a page can take it in unchanged.
pub(super) fn write(sheet: &Sheet) -> String {
    let (width, height) = (number(sheet.size().0), number(sheet.size().1));
    let mut file = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FONT}\">\n\
         <title>{}</title>\n<desc>{}</desc>\n\
         <rect width=\"{width}\" height=\"{height}\"{}/>\n",
        escape(sheet.title()),
        escape(sheet.description()),
        paint("fill", WHITE),
    );
    for mark in sheet.marks() {
        // Writing to a string does not fail.
        let _ = write_mark(&mut file, mark);
    }
    file.push_str("</svg>\n");
    file
}

fn write_mark(file: &mut String, mark: &Mark) -> std::fmt::Result {
    match mark {
        Mark::Text(label) => write_text(file, label),
        Mark::Rectangle { at, size, color } => writeln!(
            file,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{}/>",
            number(at.0),
            number(at.1),
            number(size.0),
            number(size.1),
            paint("fill", *color)
        ),
        Mark::Disc {
            center,
            radius,
            color,
        } => writeln!(
            file,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}/>",
            number(center.0),
            number(center.1),
            number(*radius),
            paint("fill", *color)
        ),
        Mark::Line {
            points,
            width,
            color,
            dash,
        } => {
            let points = points
                .iter()
                .map(|&(x, y)| format!("{},{}", number(x), number(y)));
            write!(
                file,
                "<polyline points=\"{}\" fill=\"none\" stroke-width=\"{}\"{}",
                points.collect::<Vec<_>>().join(" "),
                number(*width),
                paint("stroke", *color)
            )?;
            if !dash.is_empty() {
                let dash: Vec<_> = dash.iter().map(|&length| number(length)).collect();
                write!(file, " stroke-dasharray=\"{}\"", dash.join(" "))?;
            }
            file.write_str("/>\n")
        }
    }
}

fn write_text(file: &mut String, label: &Label) -> std::fmt::Result {
    let (x, y) = (number(label.at.0), number(label.at.1));
    write!(
        file,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\"",
        number(label.style.size)
    )?;
    match label.style.anchor {
        Anchor::Start => {}
        Anchor::Middle => file.write_str(" text-anchor=\"middle\"")?,
        Anchor::End => file.write_str(" text-anchor=\"end\"")?,
    }
    if label.upwards {
        write!(file, " transform=\"rotate(-90 {x} {y})\"")?;
    }
    write!(file, "{}>", paint("fill", label.style.color))?;
    if let Some(whole) = &label.whole {
        // Viewers show it when the mouse rests on the shortened text.
        write!(file, "<title>{}</title>", escape(whole))?;
    }
    writeln!(file, "{}</text>", escape(&label.text))
}

/// `attribute` with the colour, and the class of a colour that belongs to the page's theme.
fn paint(attribute: &str, color: Color) -> String {
    let [r, g, b] = color;
    let class = match color {
        BLACK => " class=\"ink\"",
        GREY => " class=\"muted\"",
        LIGHT_GREY => " class=\"grid\"",
        WHITE => " class=\"paper\"",
        _ => "",
    };
    format!("{class} {attribute}=\"#{r:02x}{g:02x}{b:02x}\"")
}

/// At most two decimals, without zeros at the end.
fn number(value: f32) -> String {
    let text = format!("{value:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" {
        "0".to_owned()
    } else {
        short.to_owned()
    }
}

/// Text for content and attributes; characters that XML cannot hold become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
