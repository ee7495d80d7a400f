//! The figures: what is drawn, where, in which colour; odd input; both kinds of files.

mod pictures;
mod plots;
mod svg;
mod text;

use super::palette::Color;
use super::sheet::MARGIN;
use super::*;

/// A figure read back from its PNG file, where each pixel of the sheet is a square of four.
struct Decoded {
    /// Size of the sheet.
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
        let (width, height) = (info.width as usize / 2, info.height as usize / 2);
        Self { width, height, rgb }
    }

    /// The first of the four pixels at a place of the sheet.
    fn pixel(&self, x: usize, y: usize) -> Color {
        let at = (2 * y * 2 * self.width + 2 * x) * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// Pixels of the file that have this colour.
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

/// Every plot with `name` in every place of a name, `value` in every place of a number and `n`
/// elements in every list.
fn every_plot(name: &str, value: f32, n: usize) -> Vec<Sheet> {
    let values = vec![value; n];
    let curve = Curve {
        name,
        subset: Subset::Test,
        values: &values,
    };
    let curve = vec![curve; n];
    let bar = LayerBar {
        name,
        accuracy: value,
        interval: (value, value),
        training: Some(value),
        predictor: Predictor::Layer,
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
    vec![
        curves(name, &curve, &curve).unwrap(),
        loss_curve(&curve).unwrap(),
        accuracy_curve(&curve).unwrap(),
        layers(name, &vec![bar; n], value, n).unwrap(),
        attack(name, &vec![defence; n], n).unwrap(),
    ]
}

/// The same for every figure of pictures.
fn every_picture_sheet(name: &str, value: f32, n: usize) -> Vec<PictureSheet> {
    let rgb = plain([value; 3]);
    let picture = picture(&rgb);
    let row = ViewRow {
        name,
        original: picture,
        views: vec![(16, picture); n],
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
    let mut all = vec![
        views(name, &vec![row; n]).unwrap(),
        prototype(&class).unwrap(),
        prototype_sheet(name, &vec![class; n]).unwrap(),
    ];
    all.extend(broken(name, &vec![image; n], &vec![name; n], 8.0 / 255.0).unwrap());
    all
}

/// The PNG files of both.
fn every_png(name: &str, value: f32, n: usize) -> Vec<Vec<u8>> {
    let plots = every_plot(name, value, n);
    let pictures = every_picture_sheet(name, value, n);
    let plots = plots.iter().map(|sheet| sheet.png().unwrap());
    plots
        .chain(pictures.iter().map(|sheet| sheet.png().unwrap()))
        .collect()
}

#[test]
fn same_input_gives_the_same_bytes() {
    assert_eq!(every_png("cat", 0.5, 2), every_png("cat", 0.5, 2));
    let svg = || {
        every_plot("cat", 0.5, 2)
            .iter()
            .map(Sheet::svg)
            .collect::<Vec<_>>()
    };
    assert_eq!(svg(), svg());
}

#[test]
fn odd_input_is_drawn_within_the_sheet() {
    let long = "a very long name ".repeat(40);
    let names = ["", &long, "猫 \u{0} ∞ é"].map(|name| (name, 0.5, 3));
    let values = [-3.0, f32::MAX, f32::NAN, f32::INFINITY].map(|value| ("cat", value, 1));
    for (name, value, n) in names.into_iter().chain(values).chain([("cat", 0.5, 0)]) {
        for (i, file) in every_png(name, value, n).iter().enumerate() {
            let whole = Decoded::new(file).has_white_border(MARGIN as usize / 2);
            assert!(whole, "figure {i} of {n} × {name:?} = {value} is cut");
        }
    }
}

#[test]
fn many_bars_stay_within_the_sheet() {
    let file = every_plot("layer 123", 1.0, 40)[3].png().unwrap();
    assert!(Decoded::new(&file).has_white_border(MARGIN as usize / 2));
}

#[test]
fn impossible_sizes_are_errors() {
    assert!(Picture::new(2, 2, &[0.0; 11]).is_err());
    assert!(Picture::new(0, 2, &[]).is_err());
    assert!(Picture::new(usize::MAX, 2, &[0.0; 6]).is_err());
    let sheet = |width, height| Sheet::new(width, "", "").unwrap().finish(height);
    assert!(sheet(1e6, 1e6).png().is_err());
    assert!(sheet(f32::INFINITY, 5.0).png().is_err());
    assert!(sheet(0.0, 5.0).png().is_err());
    assert!(sheet(5.0, 0.0).png().is_err());
}

#[test]
fn sheets_beyond_the_limit_of_a_file_are_drawn_smaller() {
    assert_eq!(raster::scale((5792.0, 5792.0)), 2);
    assert_eq!(raster::scale((5793.0, 5793.0)), 1);
    let file = Sheet::new(9.0, "", "").unwrap().finish(7.0).png().unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (18, 14));
}
