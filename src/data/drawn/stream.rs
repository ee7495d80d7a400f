//! The random numbers behind one drawn image.

/// The odd constant of SplitMix64: 2⁶⁴ divided by the golden ratio.
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014): a bijection of 64-bit words in which every output bit depends on every input
/// bit.
pub(super) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// A SplitMix64 sequence whose start is a hash of its key, so that a stream can be opened anywhere
/// without having drawn the ones before it.
///
/// All values are produced with integer arithmetic and exact conversions, hence are the same on
/// every machine.
pub(super) struct Stream {
    state: u64,
}

impl Stream {
    /// Opens the stream that belongs to `key`. Keys that differ in any word give unrelated streams.
    pub(super) fn new(key: &[u64]) -> Self {
        let state = key.iter().fold(GOLDEN_GAMMA, |state, &word| {
            mix(state.wrapping_add(GOLDEN_GAMMA) ^ mix(word))
        });
        Self { state }
    }

    /// The next 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix(self.state)
    }

    /// A number from [0, 1), a multiple of 2⁻²⁴.
    pub(super) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// A number from [`low`, `high`).
    pub(super) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// A number from (−`bound`, `bound`).
    pub(super) fn within(&mut self, bound: f32) -> f32 {
        self.range(-bound, bound)
    }

    /// A whole number from 0 to `count` − 1. The multiply-and-shift reduction is biased by less than
    /// `count` · 2⁻³².
    pub(super) fn below(&mut self, count: u32) -> u32 {
        (((self.bits() >> 32) * u64::from(count)) >> 32) as u32
    }

    /// True with the given probability.
    pub(super) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }
}
