//! Pictures inside the page, each pixel as it is; the style enlarges them.

use crate::figures::Picture;
use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

/// A picture at its own size, rounded to 8 bits.
pub fn image(picture: &Picture<'_>, alt: &str) -> Result<Markup> {
    Ok(html! {
        img.pixels src=(data_uri(&png(picture)?)) alt=(alt) width=(picture.width()) height=(picture.height());
    })
}

/// Sizes at which pictures of `width` pixels are shown, as values of the style: whole multiples, so
/// that all their pixels are equally large, or less than their own size where they are larger.
pub fn image_sizes(width: usize) -> String {
    let sizes = [("small", 64), ("shown", 96), ("large", 224)];
    let shown = sizes.map(|(name, most)| match most / width.max(1) {
        0 => format!("--{name}:{most}px"),
        times => format!("--{name}:{}px", times * width),
    });
    shown.join(";")
}

/// A PNG file as an address that holds it.
fn data_uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

fn png(picture: &Picture<'_>) -> Result<Vec<u8>> {
    let too_large = |e: &dyn std::fmt::Display| {
        Error::argument("report", "picture", "a size that PNG can hold", e.to_string())
    };
    let side = |pixels: usize| u32::try_from(pixels).map_err(|e| too_large(&e));
    // A float cast to u8 saturates and takes NaN to 0.
    let rgb: Vec<u8> = picture
        .rgb()
        .iter()
        .map(|value| (value * 255.0).round() as u8)
        .collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side(picture.width())?, side(picture.height())?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(&rgb)?;
            writer.finish()
        })
        .map_err(|e| too_large(&e))?;
    Ok(file)
}
