//! The figures as decoded pixels: size, place and colour of what is drawn, and odd input.

use super::canvas::{Canvas, MARGIN};
use super::palette::{BLUE, Color, GREEN, SERIES};
use super::text::Font;
use super::ticks::Ticks;
use super::votes::count_votes;
use super::*;

/// A figure read back from its PNG file.
struct Decoded {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Decoded {
    fn new(file: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        let (width, height) = (info.width as usize, info.height as usize);
        Self { width, height, rgb }
    }

    fn pixel(&self, x: usize, y: usize) -> Color {
        let at = (y * self.width + x) * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    fn count(&self, color: Color) -> usize {
        self.rgb.chunks_exact(3).filter(|p| **p == color).count()
    }

    /// Whether the outermost `border` pixels on every side are white.
    fn has_white_border(&self, border: usize) -> bool {
        let inside = |i, n| (border..n - border).contains(&i);
        let outer = |&(x, y): &(usize, usize)| !(inside(x, self.width) && inside(y, self.height));
        let mut all = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        all.all(|at| !outer(&at) || self.pixel(at.0, at.1) == [255; 3])
    }
}

/// A 32×32 picture of one colour.
fn plain(color: [f32; 3]) -> Vec<f32> {
    color.repeat(32 * 32)
}

fn picture(rgb: &[f32]) -> Picture<'_> {
    Picture::new(32, 32, rgb).unwrap()
}

/// Every figure with `name` in every place of a name, `value` in every place of a number and `n`
/// elements in every list.
fn every_figure(name: &str, value: f32, n: usize) -> Vec<Vec<u8>> {
    let rgb = plain([value; 3]);
    let picture = picture(&rgb);
    let row = ViewRow {
        name,
        original: picture,
        views: vec![(16, picture); n],
    };
    let values = vec![value; n];
    let curve = Curve {
        name,
        values: &values,
    };
    let bar = LayerBar {
        name,
        accuracy: value,
        predictor: Predictor::Layer,
    };
    let votes: Vec<usize> = (0..n).collect();
    let image = BrokenImage {
        id: 7,
        label: 1,
        clean: picture,
        adversarial: picture,
        clean_votes: &votes,
        adversarial_votes: &votes,
    };
    let made = Prototype {
        picture,
        loss: value,
        steps: n,
    };
    let images = vec![made; n];
    let class = ClassPrototypes {
        name,
        images: &images,
    };
    let stage = AttackStage {
        name,
        accuracy: value,
        interval: (value, value),
    };
    let stages = vec![stage; n];
    let defence = AttackRow {
        name,
        stages: &stages,
    };
    let mut all = vec![
        views(name, &vec![row; n]).unwrap(),
        curves(name, &vec![curve; n], &vec![curve; n]).unwrap(),
        layers(name, &vec![bar; n], value).unwrap(),
        prototype(&class).unwrap(),
        prototype_sheet(name, &vec![class; n]).unwrap(),
        attack(name, &vec![defence; n], n).unwrap(),
    ];
    all.extend(broken(name, &vec![image; n], &vec![name; n], 8.0 / 255.0).unwrap());
    all
}

#[test]
fn same_input_gives_the_same_bytes() {
    assert_eq!(every_figure("cat", 0.5, 3), every_figure("cat", 0.5, 3));
}

#[test]
fn odd_input_is_drawn_within_the_sheet() {
    let long = "a very long name ".repeat(40);
    let names = ["", &long, "猫 \u{0} ∞ é"].map(|name| (name, 0.5));
    let values = [-3.0, 1.0, 1e30, f32::MAX, f32::NAN, f32::INFINITY].map(|value| ("cat", value));
    for (name, value) in names.into_iter().chain(values) {
        for n in [0, 1, 3] {
            for (i, file) in every_figure(name, value, n).iter().enumerate() {
                let whole = Decoded::new(file).has_white_border(MARGIN as usize / 2);
                assert!(whole, "figure {i} of {n} × {name:?} = {value} is cut");
            }
        }
    }
}

#[test]
fn many_bars_stay_within_the_sheet() {
    let file = &every_figure("layer 123", 1.0, 40)[2];
    assert!(Decoded::new(file).has_white_border(MARGIN as usize / 2));
}

#[test]
fn views_enlarge_each_pixel_to_a_square() {
    let mut rgb = plain([0.0, 0.0, 1.0]);
    rgb[..3].copy_from_slice(&[1.0, 0.0, 0.0]);
    let row = ViewRow {
        name: "two colours",
        original: picture(&rgb),
        views: vec![(16, Picture::new(1, 2, &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]).unwrap()); 4],
    };
    let sheet = Decoded::new(&views("views", &[row]).unwrap());
    assert_eq!(sheet.width, 2 * 24 + 5 * 192 + 4 * 14);
    assert_eq!(sheet.count([255, 0, 0]), 6 * 6);
    assert_eq!(sheet.count([0, 0, 255]), 192 * 192 - 6 * 6);
    assert_eq!(sheet.count([0, 255, 0]), 4 * 96 * 96);
}

#[test]
fn pictures_that_are_too_large_are_averaged() {
    let rgb: Vec<f32> = (0..400 * 400).flat_map(|i| [(i % 2) as f32; 3]).collect();
    let large = Picture::new(400, 400, &rgb).unwrap();
    assert_eq!(large.shown(200), (200, 200));
    assert_eq!(large.sample(17, 99, (200, 200)), [128; 3]);
}

#[test]
fn bars_are_as_high_as_the_accuracy() {
    let bars = [(0.5, Predictor::Layer), (0.25, Predictor::Ensemble)];
    let bars = bars.map(|(accuracy, predictor)| LayerBar {
        name: "bar",
        accuracy,
        predictor,
    });
    let sheet = Decoded::new(&layers("layers", &bars, f32::NAN).unwrap());
    // A column through the middle of each bar, below the key of colours.
    let column = |x: usize, color| {
        (110..sheet.height)
            .filter(|&y| sheet.pixel(x, y) == color)
            .count()
    };
    assert_eq!(column(96 + 8 + 34, BLUE), 150);
    assert_eq!(column(96 + 8 + 68 + 34, GREEN), 75);
}

#[test]
fn curves_pass_through_their_points_and_stop_at_gaps() {
    let accuracies = |values| {
        let curve = Curve { name: "test", values };
        Decoded::new(&curves("curves", &[], &[curve]).unwrap())
    };
    let whole = accuracies(&[0.5, 0.5, 0.5]);
    let gap = accuracies(&[0.5, f32::NAN, 0.5]);
    // The second plot starts at 632; three epochs lie 440/3 pixels apart.
    let (first, second, row) = (632 + 73, 632 + 220, 108 + 150);
    assert_eq!(whole.pixel(first, row), SERIES[0]);
    assert_eq!(whole.pixel(second, row), SERIES[0]);
    assert_eq!(gap.pixel(first, row), SERIES[0]);
    let mut between = (108..408).flat_map(|y| (first + 10..second + 60).map(move |x| (x, y)));
    assert!(between.all(|(x, y)| gap.pixel(x, y) != SERIES[0]));
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
    assert_eq!(Decoded::new(&sheets[1]).count([0, 128, 255]), 96 * 96);

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
fn impossible_sizes_are_errors() {
    assert!(Picture::new(2, 2, &[0.0; 11]).is_err());
    assert!(Picture::new(0, 2, &[]).is_err());
    assert!(Picture::new(usize::MAX, 2, &[0.0; 6]).is_err());
    assert!(Canvas::new(1e6, 1e6).is_err());
    assert!(Canvas::new(0.0, 5.0).is_err());
}
