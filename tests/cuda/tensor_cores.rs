//! The tensor cores' instructions and conversions against plain loops, and asynchronous copies.

use super::on_device::skips_emulator;
use super::test_kernels::{TestDevice, launch_of, pair};
use crossmax::testing::formula::unit;
use half::{bf16, f16};

/// Integers from -4 to 4: exact in every format, and so are sums of some products.
fn integers(name: &str, count: usize) -> Vec<f32> {
    let integer = |i| (unit(name, i) * 9.0).floor() as f32 - 4.0;
    (0..count).map(integer).collect()
}

fn real_numbers(name: &str, count: usize) -> Vec<f32> {
    (0..count).map(|i| unit(name, i) as f32 * 2.0 - 1.0).collect()
}

/// sum + a b for a `[16, k]`, b `[k, 8]`, in f64.
fn product(a: &[f32], b: &[f32], sum: &[f32], k: usize) -> Vec<f64> {
    let mut result: Vec<f64> = sum.iter().copied().map(f64::from).collect();
    for m in 0..16 {
        for n in 0..8 {
            for i in 0..k {
                result[m * 8 + n] += f64::from(a[m * k + i]) * f64::from(b[i * 8 + n]);
            }
        }
    }
    result
}

fn to_tf32(x: f32) -> f32 {
    // Half a unit of the last of 10 bits, away from zero, then the rest cut off.
    f32::from_bits((x.to_bits() + 0x1000) & !0x1fff)
}

/// A kernel that multiplies, its depth, and how it rounds the operands.
type Format = (&'static str, usize, fn(f32) -> f32);

const FORMATS: [Format; 4] = [
    ("product_f16_k8", 8, |x| f16::from_f32(x).to_f32()),
    ("product_f16_k16", 16, |x| f16::from_f32(x).to_f32()),
    ("product_bf16_k16", 16, |x| bf16::from_f32(x).to_f32()),
    ("product_tf32_k8", 8, to_tf32),
];

fn run_product(entry: &str, a: &[f32], b: &[f32], sum: &[f32], seed: u64) -> Vec<f32> {
    let device = TestDevice::new(seed);
    let result = device.put(sum);
    let args = [device.put(a), device.put(b), result];
    let run = device.run("tensor_cores.cu", entry, launch_of(1, 32, 0), &args);
    assert_eq!(run, Ok(()), "{entry}");
    device.get(result, sum.len())
}

#[test]
fn products_of_integers_are_exact() {
    if skips_emulator() {
        return;
    }
    for (entry, k, _) in FORMATS {
        let (a, b) = (integers("a", 16 * k), integers("b", k * 8));
        let sum = integers("sum", 16 * 8);
        let found = run_product(entry, &a, &b, &sum, 5);
        let expected: Vec<_> = product(&a, &b, &sum, k).iter().map(|x| *x as f32).collect();
        assert_eq!(found, expected, "{entry}");
    }
}

#[test]
fn products_of_real_numbers_round_the_operands_alone() {
    if skips_emulator() {
        return;
    }
    for (entry, k, round) in FORMATS {
        let (a, b) = (real_numbers("a", 16 * k), real_numbers("b", k * 8));
        let sum = real_numbers("sum", 16 * 8);
        let found = run_product(entry, &a, &b, &sum, 6);
        let rounded = |x: &[f32]| x.iter().map(|x| round(*x)).collect::<Vec<_>>();
        let expected = product(&rounded(&a), &rounded(&b), &sum, k);
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (f64::from(*found) - expected).abs() < 1e-6,
                "{entry}: {found} {expected}"
            );
        }
    }
}

#[test]
fn staging_by_asynchronous_copies_and_ldmatrix_gives_the_product() {
    if skips_emulator() {
        return;
    }
    for seed in 0..8 {
        for (rows, by_columns) in [(16, false), (16, true), (11, false)] {
            let (a, b) = (integers("a", 256), integers("b", 256));
            let stored = |at: usize| if by_columns { at % 16 * 16 + at / 16 } else { at };
            let half = |x: f32| f16::from_f32(x).to_bits();
            let device = TestDevice::new(seed);
            let y = device.fresh::<f32>(256);
            let args = [
                device.put(&a.iter().map(|x| half(*x)).collect::<Vec<_>>()),
                device.put(&(0..256).map(|i| half(b[stored(i)])).collect::<Vec<_>>()),
                y,
                pair(rows, u32::from(by_columns)),
            ];
            let run = device.run("tensor_cores.cu", "product_staged", launch_of(1, 32, 1024), &args);
            assert_eq!(run, Ok(()), "seed {seed}");
            let found = device.get::<f32>(y, 256);
            for (m, n) in (0..256).map(|i| (i / 16, i % 16)) {
                let row = if m < rows as usize {
                    &a[m * 16..][..16]
                } else {
                    &[0.0; 16]
                };
                let expected: f32 = row
                    .iter()
                    .zip(b.iter().skip(n).step_by(16))
                    .map(|(a, b)| a * b)
                    .sum();
                let at = n / 8 * 128 + m * 8 + n % 8;
                assert_eq!(
                    found[at], expected,
                    "seed {seed}, {rows} rows, {by_columns}: [{m}, {n}]"
                );
            }
        }
    }
}

/// Numbers where rounding is delicate: ties, the ends of the range, below the normal numbers, and every
/// f16 with its neighbours.
fn delicate_numbers() -> Vec<f32> {
    let mut numbers = vec![
        0.0,
        -0.0,
        f32::MIN_POSITIVE,
        f32::MAX,
        f32::INFINITY,
        65519.9,
        65520.0,
        1e-45,
    ];
    for bits in 0..=u16::MAX {
        let number = f16::from_bits(bits).to_f32();
        if number.is_finite() {
            let middle = |next: f32| (number + next) / 2.0;
            let tie = middle(f16::from_bits(bits.wrapping_add(1)).to_f32());
            numbers.extend([number, tie, f32::from_bits(tie.to_bits().wrapping_add(1))]);
        }
    }
    for i in 0..4096_u32 {
        // Ties of bf16 and tf32 and their neighbours, over all exponents.
        let base = i << 19;
        let bits = [
            base | 0x8000,
            base | 0x7fff,
            base | 0x18000,
            base | 0x1000,
            base | 0xfff,
            base | 0x3000,
        ];
        numbers.extend(bits.map(f32::from_bits));
    }
    numbers.retain(|x| !x.is_nan());
    numbers
}

#[test]
fn conversions_round_as_the_formats_say() {
    if skips_emulator() {
        return;
    }
    let x = delicate_numbers();
    let device = TestDevice::new(1);
    let results = [(); 4].map(|()| device.fresh::<u32>(x.len()));
    let [to_f16, to_bf16, to_tf32_bits, wide] = results;
    let args = [
        device.put(&x),
        to_f16,
        to_bf16,
        to_tf32_bits,
        wide,
        x.len() as u64,
    ];
    for entry in ["convert_f16", "convert_others"] {
        let run = device.run("tensor_cores.cu", entry, launch_of(4, 256, 0), &args);
        assert_eq!(run, Ok(()), "{entry}");
    }
    let [halves, brains, tensor_floats] =
        [to_f16, to_bf16, to_tf32_bits].map(|address| device.get::<u32>(address, x.len()));
    let wide = device.get::<f32>(wide, x.len());
    for (i, &x) in x.iter().enumerate() {
        let both = |of: fn(f32) -> u16| u32::from(of(-x)) << 16 | u32::from(of(x));
        assert_eq!(halves[i], both(|x| f16::from_f32(x).to_bits()), "f16 of {x:e}");
        assert_eq!(brains[i], both(|x| bf16::from_f32(x).to_bits()), "bf16 of {x:e}");
        assert_eq!(tensor_floats[i], to_tf32(x).to_bits(), "tf32 of {x:e}");
        assert_eq!(
            wide[i].to_bits(),
            f16::from_f32(x).to_f32().to_bits(),
            "f32 of the f16 of {x:e}"
        );
    }
}
