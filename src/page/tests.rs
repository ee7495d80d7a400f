//! Numbers as people read them, and pictures as addresses.

use super::{Accuracy, count, duration, list, percent};
use super::{image, image_sizes};
use crate::figures::Picture;

#[test]
fn a_per_cent_has_the_decimals_that_its_count_is_worth() {
    assert_eq!(percent(0.4375, 32), "43.8\u{202f}%");
    assert_eq!(percent(0.930_83, 1200), "93.08\u{202f}%");
    assert_eq!(Accuracy::new(0.625, 32).interval_text(), "45.3 – 77.1\u{202f}%");
}

#[test]
fn durations_lists_and_counts_read_as_sentences() {
    assert_eq!(duration(3.12), "3.1\u{202f}s");
    assert_eq!(duration(83.4), "1\u{202f}min 23\u{202f}s");
    assert_eq!(duration(3_720.0), "1\u{202f}h 2\u{202f}min");
    assert_eq!(list(&[32, 16, 8, 4]), "32, 16, 8 and 4");
    assert_eq!(list(&[7]), "7");
    assert_eq!(list::<u8>(&[]), "none");
    assert_eq!(count(1, "image"), "1 image");
    assert_eq!(count(3, "other class"), "3 other classes");
}

#[test]
fn a_picture_stands_in_the_page_and_its_words_are_escaped() -> crate::Result<()> {
    let picture = Picture::new(2, 1, &[0.0, 0.5, 1.0, 2.0, -1.0, f32::NAN])?;
    let tag = image(&picture, "<cat> & \"dog\"")?.into_string();
    assert!(tag.contains("src=\"data:image/png;base64,iVBORw0KGgo"), "{tag}");
    assert!(tag.contains("alt=\"&lt;cat&gt; &amp; &quot;dog&quot;\""), "{tag}");
    Ok(())
}

#[test]
fn pictures_are_enlarged_by_whole_numbers() {
    assert_eq!(image_sizes(32), "--small:64px;--shown:96px;--large:224px");
    assert_eq!(image_sizes(28), "--small:56px;--shown:84px;--large:224px");
    assert_eq!(image_sizes(300), "--small:64px;--shown:96px;--large:224px");
}
