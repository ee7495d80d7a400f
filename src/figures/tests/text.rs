//! Numbers and names.

use crate::figures::names::class_name;
use crate::figures::text::Font;
use crate::figures::ticks::Ticks;

#[test]
fn ticks_are_round_and_cover_the_range() {
    assert_eq!(
        Ticks::new(0.0, 100.0, 5).values,
        [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    );
    assert_eq!(Ticks::whole(0.5, 3.5, 8).values, [1.0, 2.0, 3.0]);
    let loss = Ticks::covering(2.3, 5);
    assert_eq!(loss.values, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]);
    assert_eq!(loss.label(0.5), "0.5");
    assert_eq!(Ticks::covering(3e7, 5).label(2e7), "2.0e7");
}

#[test]
fn shortened_text_fits_its_room() {
    let font = Font::load().unwrap();
    let text = "butterfly in a garden";
    assert_eq!(font.shorten(text, 12.0, 500.0), text);
    for room in [20.0, 60.0, 100.0] {
        let short = font.shorten(text, 12.0, room);
        assert!(
            short.ends_with('…') && font.width(&short, 12.0) <= room,
            "{short}"
        );
    }
}

#[test]
fn wrapped_text_keeps_its_words_and_its_room() {
    let font = Font::load().unwrap();
    let text = "one two three four five six";
    assert_eq!(font.wrap(text, 12.0, 1000.0, 3), [text]);
    let lines = font.wrap(text, 12.0, 60.0, 9);
    assert!(lines.len() > 2 && lines.join(" ") == text, "{lines:?}");
    assert!(lines.iter().all(|line| font.width(line, 12.0) <= 60.0));
    let cut = font.wrap(text, 12.0, 60.0, 2);
    assert!(cut.len() == 2 && cut[1].ends_with('…'), "{cut:?}");
    assert!(font.wrap(" \n", 12.0, 60.0, 2).is_empty());
}

#[test]
fn classes_are_named_with_spaces() {
    assert_eq!(class_name(&["cat", "pickup_truck"], 1), "pickup truck");
    assert_eq!(class_name(&["cat"], 7), "class 7");
}
