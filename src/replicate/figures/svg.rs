//! Figures as SVG.

use super::canvas::TextStyle;
use super::figure::{Figure, Mark};
use super::palette::{BLACK, Color, GREY, LIGHT_GREY};
use super::raster;
use crate::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::fmt::Write;

/// The font that widths were measured in, and ones of nearly its widths.
const FONTS: &str = "DejaVu Sans, Verdana, Geneva, sans-serif";

/// The whole file.
pub(super) fn text(figure: &Figure) -> Result<String> {
    let (width, height) = figure.size;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"{FONTS}\" role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n",
        escaped(&figure.title),
        escaped(&figure.explanation),
    );
    for mark in &figure.marks {
        draw(&mut svg, mark)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn draw(svg: &mut String, mark: &Mark) -> Result<()> {
    // Writing to a string does not fail.
    let _ = match mark {
        Mark::Text {
            text,
            at,
            upwards,
            style,
        } => line_of_text(svg, text, *at, *upwards, *style),
        Mark::Rectangle { at, size, color } => writeln!(
            svg,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>",
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
            svg,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" {}/>",
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
            let points: Vec<String> = points
                .iter()
                .map(|&(x, y)| format!("{},{}", number(x), number(y)))
                .collect();
            let dash = match dash {
                [] => String::new(),
                lengths => format!(
                    " stroke-dasharray=\"{}\"",
                    lengths.iter().map(|&n| number(n)).collect::<Vec<_>>().join(" ")
                ),
            };
            writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" {} stroke-width=\"{}\"{dash}/>",
                points.join(" "),
                paint("stroke", *color),
                number(*width)
            )
        }
        Mark::Picture { rgb, at, size } => {
            let png = raster::encode(rgb, size.0 as u32, size.1 as u32)?;
            writeln!(
                svg,
                "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" href=\"data:image/png;base64,{}\"/>",
                at.0,
                at.1,
                size.0,
                size.1,
                BASE64_STANDARD.encode(png)
            )
        }
    };
    Ok(())
}

fn line_of_text(
    svg: &mut String,
    text: &str,
    at: (f32, f32),
    upwards: bool,
    style: TextStyle,
) -> std::fmt::Result {
    let (x, y) = (number(at.0), number(at.1));
    let turned = match upwards {
        true => format!(" transform=\"rotate(-90 {x} {y})\""),
        false => String::new(),
    };
    let anchor = match style.before {
        0.0 => "",
        1.0 => " text-anchor=\"end\"",
        _ => " text-anchor=\"middle\"",
    };
    writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" {}{anchor}{turned}>{}</text>",
        number(style.size),
        paint("fill", style.color),
        escaped(text)
    )
}

/// A colour as an attribute, with a class for those that belong to the page and not to the data.
fn paint(attribute: &str, color: Color) -> String {
    let class = match color {
        BLACK => "ink",
        GREY => "muted",
        LIGHT_GREY => "grid",
        _ => "",
    };
    let [r, g, b] = color;
    let color = format!("{attribute}=\"#{r:02x}{g:02x}{b:02x}\"");
    match class {
        "" => color,
        class => format!("class=\"{class}\" {color}"),
    }
}

/// At most two decimals, without needless zeros.
fn number(value: f32) -> String {
    let text = format!("{value:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".into() } else { short.into() }
}

/// Text as XML has it: what would be markup is written out, what XML cannot hold is replaced.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                safe.push('\u{fffd}')
            }
            _ => safe.push(character),
        }
    }
    safe
}
