//! Products of warpgroups and copies of boxes, against plain loops.

use super::emulated_maps::map_of;
use super::on_device::skips_emulator;
use super::test_kernels::{TestDevice, launch_of, pair};
use crossmax::device::DeviceAddress;
use crossmax::device::tensor_map::{BoxKind, HalfFormat, TensorBoxes};
use crossmax::testing::formula::unit;
use half::{bf16, f16};

const SEEDS: std::ops::Range<u64> = 0..8;
/// Of the kernels of `probes/warpgroups.cu`: two factors of 128-byte rows, then a barrier.
const SHARED_BYTES: u32 = (64 + 128) * 128 + 8;
/// Numbers of a row.
const DEPTH: usize = 64;

/// The words of `WarpgroupArgs`.
#[derive(Default)]
struct Args {
    maps: [[u64; 16]; 2],
    sum: u64,
    copied: u64,
    depth: u32,
    at: [u32; 4],
    tap: [u32; 2],
    rows: u32,
}

impl Args {
    fn words(&self) -> Vec<u64> {
        let [c, w, h, n] = self.at;
        let rest = [
            self.sum,
            self.copied,
            pair(self.depth, c),
            pair(w, h),
            pair(n, self.tap[0]),
            pair(self.tap[1], self.rows),
        ];
        let mut words = self.maps.concat();
        words.extend(rest);
        words.resize(words.len().next_multiple_of(8), 0);
        words
    }
}

fn integers(name: &str, count: usize) -> Vec<f32> {
    let integer = |i| (unit(name, i) * 9.0).floor() as f32 - 4.0;
    (0..count).map(integer).collect()
}

fn bits(format: HalfFormat, values: &[f32]) -> Vec<u16> {
    let bits = |&value: &f32| match format {
        HalfFormat::F16 => f16::from_f32(value).to_bits(),
        HalfFormat::Bf16 => bf16::from_f32(value).to_bits(),
    };
    values.iter().map(bits).collect()
}

fn words(boxes: &TensorBoxes) -> [u64; 16] {
    map_of(boxes).expect("a tensor map").0
}

fn tile(address: u64, format: HalfFormat, rows: usize, depth: usize) -> TensorBoxes {
    TensorBoxes {
        address: DeviceAddress(address),
        format,
        kind: BoxKind::Tile {
            shape: [rows, 1, depth],
            rows,
        },
    }
}

#[test]
fn products_of_warpgroups_are_exact_also_where_the_depth_ends_within_a_box() {
    if skips_emulator() {
        return;
    }
    for (entry, format, n) in [
        ("product_n64_f16", HalfFormat::F16, 64),
        ("product_n64_bf16", HalfFormat::Bf16, 64),
        ("product_n128_f16", HalfFormat::F16, 128),
        ("product_n128_bf16", HalfFormat::Bf16, 128),
    ] {
        for (seed, depth) in SEEDS.zip([64, 192, 72, 8]) {
            let (a, b) = (integers("a", 64 * depth), integers("b", n * depth));
            let device = TestDevice::new(seed);
            let (left, right) = (device.put(&bits(format, &a)), device.put(&bits(format, &b)));
            let sum = device.fresh::<f32>(64 * n);
            let args = Args {
                maps: [
                    words(&tile(left, format, 64, depth)),
                    words(&tile(right, format, n, depth)),
                ],
                sum,
                depth: depth as u32,
                ..Args::default()
            };
            let launch = launch_of(1, 128, SHARED_BYTES);
            let run = device.run("warpgroups.cu", entry, launch, &args.words());
            assert_eq!(run, Ok(()), "{entry}, depth {depth}");
            let dot = |i: usize| {
                let (row, column) = (&a[i / n * depth..][..depth], &b[i % n * depth..][..depth]);
                row.iter().zip(column).map(|(a, b)| a * b).sum::<f32>()
            };
            let expected: Vec<f32> = (0..64 * n).map(dot).collect();
            assert_eq!(device.get::<f32>(sum, 64 * n), expected, "{entry}, depth {depth}");
        }
    }
}

/// A picture [N,H,W,C], window, stride, zeros around, and what is copied: first pixel, channel, tap, pixels.
struct Walk {
    shape: [usize; 4],
    window: [usize; 2],
    stride: [usize; 2],
    padding: [i32; 2],
    first: usize,
    channel: usize,
    tap: [usize; 2],
    pixels: usize,
}

impl Walk {
    /// Rows and columns of windows.
    fn grid(&self) -> [usize; 2] {
        [0, 1].map(|axis| {
            let padded = self.shape[axis + 1] + 2 * self.padding[axis] as usize;
            (padded - self.window[axis]) / self.stride[axis] + 1
        })
    }

    /// Image, row and column of the picture that a window begins at.
    fn origin(&self, number: usize) -> [i64; 3] {
        let [p, q] = self.grid();
        let (u, v) = (number / q % p, number % q);
        let place = |axis: usize, at: usize| (at * self.stride[axis]) as i64 - i64::from(self.padding[axis]);
        [(number / q / p) as i64, place(0, u), place(1, v)]
    }

    fn expected(&self, picture: &[u16]) -> Vec<u16> {
        let [n, h, w, c] = self.shape.map(|length| length as i64);
        let value = |i: usize| {
            let [image, row, column] = self.origin(self.first + i / DEPTH);
            let (row, column) = (row + self.tap[0] as i64, column + self.tap[1] as i64);
            let channel = (self.channel + i % DEPTH) as i64;
            let inside = image < n && (0..h).contains(&row) && (0..w).contains(&column) && channel < c;
            match inside {
                true => picture[(((image * h + row) * w + column) * c + channel) as usize],
                false => 0,
            }
        };
        (0..self.pixels * DEPTH).map(value).collect()
    }
}

#[test]
fn boxes_of_pixels_are_those_of_the_unrolled_picture() {
    if skips_emulator() {
        return;
    }
    let plain = Walk {
        shape: [3, 5, 7, 72],
        window: [3, 3],
        stride: [1, 1],
        padding: [1, 1],
        first: 16,
        channel: 0,
        tap: [1, 1],
        pixels: 64,
    };
    let walks = [
        Walk {
            tap: [0, 2],
            channel: 64,
            ..plain
        },
        Walk {
            stride: [2, 2],
            tap: [2, 0],
            first: 4,
            pixels: 24,
            ..plain
        },
        Walk {
            stride: [1, 2],
            padding: [0, 2],
            tap: [0, 0],
            first: 0,
            pixels: 8,
            ..plain
        },
        Walk {
            window: [1, 1],
            padding: [0, 0],
            stride: [2, 2],
            tap: [0, 0],
            first: 8,
            ..plain
        },
        // Behind the last pixel.
        Walk {
            first: 96,
            tap: [2, 2],
            ..plain
        },
        plain,
    ];
    for (seed, walk) in (0..).zip(walks) {
        let picture: Vec<u16> = (1..=walk.shape.iter().product::<usize>() as u16).collect();
        let device = TestDevice::new(seed);
        let boxes = TensorBoxes {
            address: DeviceAddress(device.put(&picture)),
            format: HalfFormat::F16,
            kind: BoxKind::Im2col {
                shape: walk.shape,
                window: walk.window,
                stride: walk.stride,
                before: walk.padding,
                after: walk.padding,
                pixels: walk.pixels,
            },
        };
        let copied = device.fresh::<u16>(walk.pixels * DEPTH);
        let [image, row, column] = walk.origin(walk.first);
        let args = Args {
            maps: [words(&boxes), [0; 16]],
            copied,
            at: [walk.channel as i32, column as i32, row as i32, image as i32].map(i32::cast_unsigned),
            tap: [walk.tap[1] as u32, walk.tap[0] as u32],
            rows: walk.pixels as u32,
            ..Args::default()
        };
        let launch = launch_of(1, 128, SHARED_BYTES);
        let run = device.run("warpgroups.cu", "copy_im2col", launch, &args.words());
        assert_eq!(run, Ok(()), "walk {seed}");
        let found = device.get::<u16>(copied, walk.pixels * DEPTH);
        assert!(found == walk.expected(&picture), "walk {seed}");
    }
}

#[test]
fn products_see_what_threads_wrote_before_a_fence() {
    if skips_emulator() {
        return;
    }
    let values = integers("stored", 64 * DEPTH);
    let device = TestDevice::new(1);
    let sum = device.fresh::<f32>(64);
    let args = Args {
        sum,
        copied: device.put(&bits(HalfFormat::F16, &values)),
        ..Args::default()
    };
    let launch = launch_of(1, 128, SHARED_BYTES);
    let run = device.run("warpgroups.cu", "product_of_stored", launch, &args.words());
    assert_eq!(run, Ok(()));
    let dot = |row: &[f32]| row.iter().zip(&values).map(|(a, b)| a * b).sum::<f32>();
    let expected: Vec<f32> = values.chunks(DEPTH).map(dot).collect();
    assert_eq!(device.get::<f32>(sum, 64), expected);
}

/// Runs a kernel of `wrong_kernels/wrong_warpgroups.cu`; what it wrote, or the message.
fn misuse(entry: &str, seed: u64) -> Result<Vec<f32>, String> {
    let device = TestDevice::new(seed);
    let factor = device.put(&[f16::ONE.to_bits(); 64 * DEPTH]);
    let y = device.fresh::<f32>(128);
    let mut args = words(&tile(factor, HalfFormat::F16, 64, DEPTH)).to_vec();
    args.push(y);
    args.resize(24, 0);
    let launch = launch_of(1, 128, 64 * 128 + 8);
    device.run("wrong_warpgroups.cu", entry, launch, &args)?;
    Ok(device.get(y, 128))
}

#[test]
fn mistakes_with_boxes_and_products_are_reported() {
    if skips_emulator() {
        return;
    }
    for (entry, part) in [
        ("reads_box_without_wait", "an asynchronous copy of thread 0"),
        ("leaves_wait_to_others", "has not waited for its barrier"),
        ("ends_before_copy", "a copy to its shared memory has not"),
        ("stores_without_fence", "no fence_proxy_async between"),
        ("copies_over_factor", "may still be reading"),
        ("waits_for_other_parity", "reads byte"),
        ("waits_for_a_phase_too_many", "(barrier in shared memory)"),
    ] {
        // A copy may happen in time all the same.
        let mut seeds = SEEDS;
        let message = seeds.find_map(|seed| misuse(entry, seed).err());
        let message = message.unwrap_or_else(|| panic!("{entry}: no message"));
        assert!(message.contains(part), "expected `{part}` in: {message}");
    }
}

#[test]
fn sums_are_no_numbers_before_the_wait() {
    if skips_emulator() {
        return;
    }
    let sums = misuse("reads_sums_early", 1).expect("an end");
    assert!(sums.iter().all(|sum| sum.is_nan()), "{sums:?}");
}
