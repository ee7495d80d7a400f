//! The colours of the figures, as 8-bit sRGB.

/// An opaque colour: red, green, blue.
pub(super) type Color = [u8; 3];

// Okabe & Ito, "Color Universal Design" (2008). Their yellow is left out: too faint on white.
pub(super) const BLACK: Color = [0, 0, 0];
pub(super) const ORANGE: Color = [230, 159, 0];
pub(super) const SKY_BLUE: Color = [86, 180, 233];
pub(super) const GREEN: Color = [0, 158, 115];
pub(super) const BLUE: Color = [0, 114, 178];
pub(super) const VERMILION: Color = [213, 94, 0];
pub(super) const PURPLE: Color = [204, 121, 167];

/// The background.
pub(super) const WHITE: Color = [255, 255, 255];
/// Text of second rank.
pub(super) const GREY: Color = [90, 90, 90];
/// Grid lines and the frames of pictures.
pub(super) const LIGHT_GREY: Color = [222, 222, 222];

/// Colours of the curves of a chart, in the order in which they are given out.
pub(super) const SERIES: [Color; 7] = [BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY_BLUE, BLACK];
