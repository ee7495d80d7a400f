//! Picture files made for these tests.

use super::Checked;
use image::ImageEncoder;
use image::codecs::jpeg::JpegEncoder;

/// A PNG of `side`×`side` pixels.
pub fn png(side: u32) -> Checked<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..side * side * 3).map(|i| (i % 251) as u8).collect();
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(file)
}

/// A grey JPEG of `side`×`side` pixels.
pub fn jpeg(side: u32) -> Checked<Vec<u8>> {
    let mut file = Vec::new();
    let pixels: Vec<u8> = (0..side * side).map(|i| (i % 251) as u8).collect();
    JpegEncoder::new(&mut file).write_image(&pixels, side, side, image::ExtendedColorType::L8)?;
    Ok(file)
}

/// The PNG `file` with another width and height in its header.
pub fn announcing(file: &[u8], [width, height]: [u32; 2]) -> Vec<u8> {
    let mut file = file.to_vec();
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    // The header's checksum covers its name and its content.
    let mut checksum = flate2::Crc::new();
    checksum.update(&file[12..29]);
    file[29..33].copy_from_slice(&checksum.sum().to_be_bytes());
    file
}
