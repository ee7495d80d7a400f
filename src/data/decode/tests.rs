//! JPEG files made here; PNG files are tested where they are read.

use super::PictureFile;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use std::fs;
use tempfile::TempDir;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// A JPEG file of smooth content, 24 high and 16 wide, and that content.
fn jpeg(colour: ExtendedColorType) -> Result<(Vec<u8>, Vec<u8>), image::ImageError> {
    let channels = usize::from(colour.channel_count());
    let content: Vec<u8> = (0..24 * 16 * channels)
        .map(|i| (i / channels / 16 * 4 + i / channels % 16 * 2 + i % channels * 30) as u8)
        .collect();
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 100).write_image(&content, 16, 24, colour)?;
    Ok((file, content))
}

#[test]
fn jpeg_files_become_rgb_and_grey_is_repeated() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("a.jpg");
    for (colour, channels) in [(ExtendedColorType::Rgb8, 3), (ExtendedColorType::L8, 1)] {
        let (file, content) = jpeg(colour)?;
        fs::write(&path, file)?;
        let picture = PictureFile::open(&path)?;
        assert_eq!(picture.size(), [24, 16]);
        let mut numbers = vec![0.0; 24 * 16 * 3];
        picture.rgb_f32(&mut numbers)?;
        let bytes = PictureFile::open(&path)?.rgb8()?;
        assert_eq!(bytes.len(), 24 * 16 * 3);
        for (i, (&byte, number)) in bytes.iter().zip(numbers).enumerate() {
            assert_eq!(f32::from(byte) / 255.0, number);
            let wanted = content[i / 3 * channels + i % channels];
            assert!(byte.abs_diff(wanted) <= 3, "{colour:?} {i}: {byte} for {wanted}");
        }
    }
    Ok(())
}

#[test]
fn a_jpeg_file_cut_anywhere_is_truncated() -> TestResult {
    let folder = TempDir::new()?;
    let path = folder.path().join("a.jpg");
    let (file, _) = jpeg(ExtendedColorType::Rgb8)?;
    for length in (1..file.len()).step_by(7).chain([file.len() - 1]) {
        fs::write(&path, &file[..length])?;
        let told = PictureFile::open(&path).err().ok_or("opened")?.to_string();
        assert!(
            told.ends_with(": expected a whole picture, found a truncated one; give the whole file"),
            "{length}: {told}"
        );
    }
    Ok(())
}
