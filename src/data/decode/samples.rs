//! Decoded samples, and RGB from them.

/// The samples of a picture as its file has them: grey or RGB, perhaps with alpha.
pub(super) struct Samples {
    /// Samples a pixel: one (grey), two (grey and alpha), three (RGB) or four (RGB and alpha).
    pub channels: usize,
    /// Bytes a sample: one, or two with the high one first.
    pub width: usize,
    /// Pixel by pixel.
    pub bytes: Vec<u8>,
}

impl Samples {
    /// RGB bytes; wide samples are rounded. Alpha is dropped, as Pillow's `convert("RGB")` does.
    pub fn rgb8(self) -> Vec<u8> {
        if self.channels == 3 && self.width == 1 {
            return self.bytes;
        }
        let narrow = |sample: u16| ((u32::from(sample) * 255 + 32_767) / 65_535) as u8;
        match self.width {
            1 => self.rgb(|sample| sample[0]).flatten().collect(),
            _ => self
                .rgb(|sample| narrow(u16::from_be_bytes([sample[0], sample[1]])))
                .flatten()
                .collect(),
        }
    }

    /// RGB numbers in [0, 1] to `out`, at full precision.
    pub fn rgb_f32(&self, out: &mut [f32]) {
        let read: fn(&[u8]) -> f32 = match self.width {
            1 => |one| f32::from(one[0]) / 255.0,
            _ => |two| f32::from(u16::from_be_bytes([two[0], two[1]])) / 65_535.0,
        };
        for (out, pixel) in out.chunks_exact_mut(3).zip(self.rgb(read)) {
            out.copy_from_slice(&pixel);
        }
    }

    /// The pixels; `read` is given the bytes of a sample.
    fn rgb<T>(&self, read: impl Fn(&[u8]) -> T) -> impl Iterator<Item = [T; 3]> {
        // Grey is repeated: red, green and blue are at these samples of a pixel.
        let places = if self.channels < 3 { [0; 3] } else { [0, 1, 2] };
        let pixels = self.bytes.chunks_exact(self.channels * self.width);
        pixels.map(move |pixel| places.map(|place| read(&pixel[place * self.width..][..self.width])))
    }
}
