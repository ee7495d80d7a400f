//! Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy
//! as 1, 2, 3", SC 2011).
//!
//! # Bit layout (the only place where it is written down)
//! The 64-bit key is `splitmix64(splitmix64(seed) + purpose)`: low word k0, high word k1.
//! The 128-bit counter names the draw:
//!
//! | word | bits | content |
//! | --- | --- | --- |
//! | c0 | 31…0 | block: four consecutive elements share one block (element / 4) |
//! | c1 | 31…24 | view |
//! |    | 23…16 | pass |
//! |    | 15…0 | EoT draw |
//! | c2 | 31…0 | image id |
//! | c3 | 31…26 | attack (or stage of training) |
//! |    | 25…16 | restart |
//! |    | 15…0 | iteration (or epoch) |
//!
//! A value depends on nothing else: not on batch, order, thread or interruption. Uniform numbers
//! take the upper 24 bits, `(u >> 8) · 2⁻²⁴`, which is exact in f32 and f64 and the same on every
//! device.

use crate::tensor::Element;

/// What random numbers are for; streams of different purposes never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Initial values of parameters.
    Init = 0,
    /// Order of training images.
    Shuffle = 1,
    /// The ensemble's own draws (jitter, contrast, noise).
    Views = 2,
    /// Random starts and directions of attacks.
    Attack = 3,
    /// Tests and examples.
    Test = 4,
}

/// Which draw is meant; see the module's table. Every field beyond its width wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counter {
    /// Image id (its index in the data set).
    pub image: u32,
    /// Attack or stage, 6 bits.
    pub attack: u8,
    /// Restart, 10 bits.
    pub restart: u16,
    /// Iteration or epoch, 16 bits.
    pub iteration: u16,
    /// EoT draw, 16 bits.
    pub draw: u16,
    /// Pass through the network, 8 bits.
    pub pass: u8,
    /// View, 8 bits.
    pub view: u8,
}

impl Counter {
    /// Words 1 to 3 of the counter.
    pub(crate) fn words(&self) -> [u32; 3] {
        [
            (u32::from(self.view) << 24) | (u32::from(self.pass) << 16) | u32::from(self.draw),
            self.image,
            (u32::from(self.attack & 63) << 26)
                | (u32::from(self.restart & 1023) << 16)
                | u32::from(self.iteration),
        ]
    }
}

/// A stream family: all draws of one seed and purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Philox {
    key: [u32; 2],
}

const M0: u32 = 0xD251_1F53;
const M1: u32 = 0xCD9E_8D57;
const W0: u32 = 0x9E37_79B9;
const W1: u32 = 0xBB67_AE85;

/// Blocks computed side by side, so that the compiler can use wide registers.
const LANES: usize = 16;

/// The mixing function SplitMix64 (Steele, Lea & Flood 2014).
fn splitmix64(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Philox {
    /// The streams of `seed` for `purpose`.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        let key = splitmix64(splitmix64(seed).wrapping_add(purpose as u64));
        Self {
            key: [key as u32, (key >> 32) as u32],
        }
    }

    /// The key, low word first.
    pub(crate) fn key(&self) -> [u32; 2] {
        self.key
    }

    /// The raw generator: ten rounds on `counter` with `key` (the paper's test vectors hold).
    pub fn block(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
        let [[a], [b], [c], [d]] = rounds(key, [[counter[0]], [counter[1]], [counter[2]], [counter[3]]]);
        [a, b, c, d]
    }

    /// The four 32-bit words of block `block` of the draw `at`.
    pub fn words(&self, at: Counter, block: u32) -> [u32; 4] {
        let [c1, c2, c3] = at.words();
        Self::block(self.key, [block, c1, c2, c3])
    }

    /// Fills `out` with uniform numbers in [0, 1): element i is word i mod 4 of block
    /// `first_block + i / 4`.
    #[inline(always)]
    pub fn fill_uniform<T: Element>(&self, at: Counter, first_block: u32, out: &mut [T]) {
        let [c1, c2, c3] = at.words();
        let mut block = first_block;
        let scale = T::of(1.0 / 16_777_216.0);
        for chunk in out.chunks_mut(4 * LANES) {
            let mut c0 = [0u32; LANES];
            for (lane, c) in c0.iter_mut().enumerate() {
                *c = block.wrapping_add(lane as u32);
            }
            block = block.wrapping_add(LANES as u32);
            let words = rounds(self.key, [c0, [c1; LANES], [c2; LANES], [c3; LANES]]);
            let mut values = [T::zero(); 4 * LANES];
            for lane in 0..LANES {
                for word in 0..4 {
                    // The 24-bit integer goes through i32, which every machine converts fast.
                    values[4 * lane + word] = T::of_int24((words[word][lane] >> 8) as i32) * scale;
                }
            }
            chunk.copy_from_slice(&values[..chunk.len()]);
        }
    }

    /// `len` uniform numbers in [0, 1) of the draw `at`.
    pub fn uniform<T: Element>(&self, at: Counter, len: usize) -> Vec<T> {
        let mut out = vec![T::zero(); len];
        self.fill_uniform(at, 0, &mut out);
        out
    }

    /// An integer in 0..`n` from one word: `floor(word · n / 2³²)`. `n` = 0 gives 0.
    pub fn below(word: u32, n: u32) -> u32 {
        ((u64::from(word) * u64::from(n)) >> 32) as u32
    }

    /// Fills `out` with standard normal numbers (Box–Muller on pairs of words), from block
    /// `first_block` on.
    pub fn fill_normal<T: Element>(&self, at: Counter, first_block: u32, out: &mut [T]) {
        for (i, four) in out.chunks_mut(4).enumerate() {
            let w = self.words(at, first_block.wrapping_add(i as u32));
            for (pair, two) in [[w[0], w[1]], [w[2], w[3]]].iter().zip(four.chunks_mut(2)) {
                // (0, 1]: the logarithm must be finite.
                let u = (f64::from(pair[0] >> 8) + 1.0) / 16_777_216.0;
                let v = f64::from(pair[1] >> 8) / 16_777_216.0;
                let radius = (-2.0 * u.ln()).sqrt();
                let angle = std::f64::consts::TAU * v;
                for (out, value) in two.iter_mut().zip([radius * angle.cos(), radius * angle.sin()]) {
                    *out = T::of(value);
                }
            }
        }
    }

    /// `len` standard normal numbers of the draw `at`.
    pub fn normal<T: Element>(&self, at: Counter, len: usize) -> Vec<T> {
        let mut out = vec![T::zero(); len];
        self.fill_normal(at, 0, &mut out);
        out
    }

    /// A random order of 0..`n` (Fisher–Yates) of the draw `at`.
    pub fn permutation(&self, at: Counter, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for i in (1..n).rev() {
            let word = self.words(at, i as u32)[0];
            order.swap(i, Self::below(word, i as u32 + 1) as usize);
        }
        order
    }
}

#[inline(always)]
fn rounds<const L: usize>(key: [u32; 2], counter: [[u32; L]; 4]) -> [[u32; L]; 4] {
    let [mut k0, mut k1] = key;
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    for _ in 0..10 {
        for lane in 0..L {
            let p0 = u64::from(M0) * u64::from(c0[lane]);
            let p1 = u64::from(M1) * u64::from(c2[lane]);
            c0[lane] = (p1 >> 32) as u32 ^ c1[lane] ^ k0;
            c1[lane] = p1 as u32;
            c2[lane] = (p0 >> 32) as u32 ^ c3[lane] ^ k1;
            c3[lane] = p0 as u32;
        }
        k0 = k0.wrapping_add(W0);
        k1 = k1.wrapping_add(W1);
    }
    [c0, c1, c2, c3]
}
