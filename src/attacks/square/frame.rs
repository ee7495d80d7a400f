//! Where the squares lie.

use crate::tensor::Shape;

/// The extent of an image, stored as (row, column, channel).
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Frame {
    /// That of images [N, H, W, C].
    pub fn of(images: &Shape) -> Self {
        Self {
            height: images.axis(1),
            width: images.axis(2),
            channels: images.axis(3),
        }
    }

    /// The place of a value in the image.
    pub fn index(&self, row: usize, column: usize, channel: usize) -> usize {
        (row * self.width + column) * self.channels + channel
    }
}

/// A square of pixels; what is beyond the image's edge is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub row: usize,
    pub column: usize,
    pub side: usize,
}

impl Patch {
    /// The square that two uniform numbers in [0, 1) choose among those inside the image. As the reference
    /// rounds, the last row and the last column of positions are never chosen: `but_last`.
    pub fn placed(frame: &Frame, side: usize, numbers: [f64; 2], but_last: bool) -> Self {
        let place = |extent: usize, number: f64| {
            let last = extent.saturating_sub(side);
            let positions = last + usize::from(!but_last);
            ((number * positions as f64) as usize).min(last)
        };
        Self {
            row: place(frame.height, numbers[0]),
            column: place(frame.width, numbers[1]),
            side,
        }
    }

    /// Rows and columns of the image in the square, with their numbers within it: (row, column, pixel).
    pub fn pixels(self, frame: &Frame) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let (height, width) = (frame.height, frame.width);
        (0..self.side * self.side)
            .map(move |i| (self.row + i / self.side, self.column + i % self.side, i))
            .filter(move |&(row, column, _)| row < height && column < width)
    }

    /// Whether a pixel belongs to it.
    pub fn contains(&self, row: usize, column: usize) -> bool {
        let inside = |at: usize, first: usize| (first..first + self.side).contains(&at);
        inside(row, self.row) && inside(column, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, Patch};

    const FRAME: Frame = Frame {
        height: 5,
        width: 4,
        channels: 2,
    };

    #[test]
    fn the_reference_never_chooses_the_last_position() {
        let rows = |but_last: bool| -> Vec<usize> {
            (0..40)
                .map(|i| Patch::placed(&FRAME, 3, [f64::from(i) / 40.0, 0.999], but_last).row)
                .collect()
        };
        let (fixed, reference) = (rows(false), rows(true));
        assert_eq!((fixed[13], fixed[14], fixed[27], fixed[39]), (0, 1, 2, 2));
        assert_eq!((reference[19], reference[20], reference[39]), (0, 1, 1));
        assert_eq!(Patch::placed(&FRAME, 4, [0.9, 0.9], true).column, 0);
        assert_eq!(Patch::placed(&FRAME, 4, [0.9, 0.9], false).column, 0);
    }

    #[test]
    fn pixels_are_those_inside_the_image() {
        let patch = Patch {
            row: 3,
            column: 1,
            side: 3,
        };
        let pixels: Vec<_> = patch.pixels(&FRAME).collect();
        let expected = [(3, 1, 0), (3, 2, 1), (3, 3, 2), (4, 1, 3), (4, 2, 4), (4, 3, 5)];
        assert_eq!(pixels, expected);
        assert!(patch.contains(4, 3) && !patch.contains(2, 1) && !patch.contains(4, 0));
        assert_eq!(FRAME.index(4, 3, 1), 39);
    }
}
