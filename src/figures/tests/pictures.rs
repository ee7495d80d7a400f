//! Figures of pictures as decoded pixels.

use super::*;
use crate::figures::votes::count_votes;

#[test]
fn views_enlarge_each_pixel_to_a_square() {
    let mut rgb = plain([0.0, 0.0, 1.0]);
    rgb[..3].copy_from_slice(&[1.0, 0.0, 0.0]);
    let row = ViewRow {
        name: "two colours",
        original: picture(&rgb),
        views: vec![(16, Picture::new(1, 2, &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]).unwrap()); 4],
    };
    let sheet = Decoded::new(&views("views", &[row]).unwrap().png().unwrap());
    assert_eq!(sheet.width, 2 * 24 + 5 * 192 + 4 * 14);
    assert_eq!(sheet.count([255, 0, 0]), 12 * 12);
    assert_eq!(sheet.count([0, 0, 255]), 384 * 384 - 12 * 12);
    // The upper of two pixels in each of four views.
    assert_eq!(sheet.count([0, 255, 0]), 4 * 192 * 192);
}

#[test]
fn pictures_that_are_too_large_are_averaged() {
    let rgb: Vec<f32> = (0..800 * 800).flat_map(|i| [(i % 2) as f32; 3]).collect();
    let large = Picture::new(800, 800, &rgb).unwrap();
    // A box of 200 pixels of the sheet is 400 of the file.
    let pixels = large.placed((0.0, 0.0), 200).pixels;
    assert_eq!(pixels.shown(400), (400, 400));
    assert_eq!(pixels.sample(17, 99, (400, 400)), [128; 3]);
}

#[test]
fn perturbations_are_grey_where_nothing_changed_and_saturate_at_epsilon() {
    let epsilon = 0.125;
    let clean = plain([0.5; 3]);
    let adversarial = plain([0.5 - epsilon, 0.5, 0.5 + epsilon]);
    let image = |adversarial| BrokenImage {
        id: 0,
        label: 0,
        clean: picture(&clean),
        adversarial,
        clean_votes: &[0, 0, 1, 2],
        adversarial_votes: &[1],
    };
    let sheets = broken("broken", &[image(picture(&adversarial)); 33], &["a"], epsilon).unwrap();
    assert_eq!(sheets.len(), 2, "33 images are one more than a sheet holds");
    assert_eq!(
        Decoded::new(&sheets[1].png().unwrap()).count([0, 128, 255]),
        192 * 192
    );

    let turned = Picture::new(64, 16, &adversarial).unwrap();
    assert!(broken("broken", &[image(turned)], &["a"], epsilon).is_err());
    assert!(broken("broken", &[image(picture(&clean))], &["a"], f32::NAN).is_err());
    assert!(broken("broken", &[image(picture(&clean))], &["a"], 0.0).is_err());
}

#[test]
fn votes_put_the_true_class_first_and_gather_the_rest() {
    let votes = [3, 3, 3, 5, 5, 1, 8, 9, 9, 9];
    let some = |pairs: &[(usize, usize)]| -> Vec<_> {
        pairs.iter().map(|&(class, count)| (Some(class), count)).collect()
    };
    assert_eq!(
        count_votes(&votes, 5, 9),
        some(&[(5, 2), (3, 3), (9, 3), (1, 1), (8, 1)])
    );
    assert_eq!(count_votes(&[3, 3], 0, 4), some(&[(0, 0), (3, 2)]));
    let mut gathered = some(&[(5, 2), (3, 3), (9, 3)]);
    gathered.push((None, 2));
    assert_eq!(count_votes(&votes, 5, 4), gathered);
}
