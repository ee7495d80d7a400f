//! The kernels on a CUDA device: the convolutions of ResNet152 in each precision, its blocks as attacks run them, and
//! what memory bounds. After
//! criterion's own numbers each line says the best rate and its share of the ceiling that was measured
//! first: a large copy, and a large product in the same precision. Without a device it says `skipped`.

use criterion::{Criterion, criterion_group, criterion_main};
use crossmax::Result;
use crossmax::device::{Accelerator, cuda};
use crossmax::ops::{FixedEpilogue, Precision};
use crossmax::prelude::*;
use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

type Device = Arc<dyn Accelerator>;

/// (name, batch, height and width, input channels, output channels, kernel, stride)
type Layer = (&'static str, usize, usize, usize, usize, usize, usize);

/// Its 16384×4096 by 4096×4096 is the ceiling of the convolutions.
const LARGE_PRODUCT: Layer = ("large product", 1, 128, 4096, 4096, 1, 1);

const LAYERS: [Layer; 7] = [
    ("stem", 32, 224, 12, 64, 7, 2),
    ("layer1 conv2", 32, 56, 64, 64, 3, 1),
    ("layer1 conv3", 32, 56, 64, 256, 1, 1),
    ("layer2 conv2, stride 2", 32, 56, 128, 128, 3, 2),
    ("layer3 conv2", 32, 14, 256, 256, 3, 1),
    ("layer3 conv3", 32, 14, 256, 1024, 1, 1),
    ("layer4 projection, stride 2", 32, 14, 1024, 2048, 1, 2),
];

/// (name, batch, height and width, channels, channels within): blocks of stride 1.
type Block = (&'static str, usize, usize, usize, usize);

const BLOCKS: [Block; 4] = [
    ("layer1 block", 32, 56, 256, 64),
    ("layer2 block", 32, 28, 512, 128),
    ("layer3 block", 32, 14, 1024, 256),
    ("layer4 block", 32, 7, 2048, 512),
];

const PRECISIONS: [Precision; 4] = [Precision::F32, Precision::Tf32, Precision::Bf16, Precision::F16];

/// Numbers drawn for a tensor, then repeated; an odd number, so that rows differ.
const BLOCK: usize = (1 << 20) + 7;

/// Normal numbers: zeros would take less power, and so run faster.
fn tensor(device: &Device, shape: [usize; 4], seed: u32) -> Result<Tensor> {
    let at = Counter {
        image: seed,
        ..Counter::default()
    };
    // One block of them again and again: a thread draws a billion numbers in half a minute.
    let values = Philox::new(0, Purpose::Test).normal::<f32>(at, BLOCK);
    Tensor::from_fn(shape, |i| values[i % BLOCK]).to_device(device)
}

/// Time of `times` runs on the device, between two events.
fn elapsed(device: &Device, times: u64, run: &dyn Fn()) -> Duration {
    let event = || device.record().expect("a device that works");
    let start = event();
    (0..times).for_each(|_| run());
    let milliseconds = device.elapsed_ms(&start, &event()).expect("a device that works");
    Duration::from_secs_f64(milliseconds.max(0.0) / 1e3)
}

/// Measures `run`, and gives the seconds of one run in the best sample.
fn measure(criterion: &mut Criterion, device: &Device, name: &str, run: &dyn Fn()) -> f64 {
    let best = Cell::new(f64::INFINITY);
    let mut group = criterion.benchmark_group("cuda");
    group.sample_size(10).nresamples(1000);
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let time = elapsed(device, times, run);
            best.set(best.get().min(time.as_secs_f64() / times as f64));
            time
        });
    });
    group.finish();
    best.get()
}

/// Forward, dgrad and wgrad of a layer: GFLOP/s of each.
fn convolution(
    criterion: &mut Criterion,
    device: &Device,
    (name, n, size, c, k, kernel, stride): Layer,
    precision: Precision,
) -> Result<[(String, f64); 3]> {
    let options = Conv2d::square(stride, kernel / 2).with_precision(precision);
    let x = tensor(device, [n, size, size, c], 0)?;
    let w = tensor(device, [k, kernel, kernel, c], 1)?;
    let forward = |x: Var, w: Var| x.conv2d(&w, None, options);
    let [by_input, by_weights] = [
        forward(Var::leaf(x.clone()), Var::constant(w.clone()))?,
        forward(Var::constant(x.clone()), Var::leaf(w.clone()))?,
    ];
    let [_, p, q, _] = [0, 1, 2, 3].map(|axis| by_input.dims()[axis]);
    let dy = tensor(device, [n, p, q, k], 2)?;
    let gflop = 2e-9 * (n * p * q * k * kernel * kernel * c) as f64;
    let run_forward = || {
        black_box(forward(Var::constant(x.clone()), Var::constant(w.clone())).expect("a convolution"));
    };
    let gradient = |y: &Var| {
        black_box(y.backward_keeping(Some(dy.clone())).expect("a gradient"));
    };
    let (run_dgrad, run_wgrad) = (|| gradient(&by_input), || gradient(&by_weights));
    let runs: [(&str, &dyn Fn()); 3] = [
        ("forward", &run_forward),
        ("dgrad", &run_dgrad),
        ("wgrad", &run_wgrad),
    ];
    Ok(runs.map(|(part, run)| {
        let name = format!("{name} {precision:?} {part}");
        let seconds = measure(criterion, device, &name, run);
        (name, gflop / seconds)
    }))
}

/// Forward and gradient of the input of a block as an attack's pass has it: three convolutions with fixed weights
/// behind a rectified output, with ReLU, mask and shortcut in their epilogues; GFLOP/s of each.
fn block(
    criterion: &mut Criterion,
    device: &Device,
    (name, n, size, channels, within): Block,
    precision: Precision,
) -> Result<[(String, f64); 2]> {
    let layers = [(channels, within, 1), (within, within, 3), (within, channels, 1)];
    let weights = layers.map(|(c, k, side)| tensor(device, [k, side, side, c], 4));
    let [reduce, convolve, expand] = weights;
    let (reduce, convolve, expand) = (reduce?, convolve?, expand?);
    let bias = |length: usize| Tensor::zeros([length]).to_device(device);
    let (inner, outer) = (bias(within)?, bias(channels)?);
    let x = Var::leaf(tensor(device, [n, size, size, channels], 5)?);
    let fixed = |x: &Var, w: &Tensor, bias: &Tensor, residual: Option<&Var>| {
        let epilogue = FixedEpilogue {
            bias,
            residual,
            relu: true,
        };
        let padding = w.shape().axis(1) / 2;
        let options = Conv2d::square(1, padding).with_precision(precision);
        x.conv2d_fixed(w, epilogue, options)
    };
    let forward = || {
        let y = fixed(&x, &reduce, &inner, None)?;
        let y = fixed(&y, &convolve, &inner, None)?;
        fixed(&y, &expand, &outer, Some(&x))
    };
    let y = forward()?;
    let dy = tensor(device, [n, size, size, channels], 6)?;
    let run_forward = || {
        black_box(forward().expect("a block"));
    };
    let run_gradient = || {
        black_box(y.backward_keeping(Some(dy.clone())).expect("a gradient"));
    };
    let per_pixel: usize = layers.iter().map(|(c, k, side)| c * k * side * side).sum();
    let gflop = 2e-9 * (n * size * size * per_pixel) as f64;
    let runs: [(&str, &dyn Fn()); 2] = [("forward", &run_forward), ("gradient", &run_gradient)];
    Ok(runs.map(|(part, run)| {
        let name = format!("{name} {precision:?} {part}");
        let seconds = measure(criterion, device, &name, run);
        (name, gflop / seconds)
    }))
}

/// GB/s of a copy on the device, bytes read and written together.
fn copy(criterion: &mut Criterion, device: &Device) -> Result<f64> {
    const BYTES: usize = 1 << 30;
    let (from, to) = (device.allocate(BYTES)?, device.allocate(BYTES)?);
    device.copy_to_device(&vec![7; BYTES], &from)?;
    let run = || device.copy_on_device(&from, &to).expect("a copy");
    Ok(2e-9 * BYTES as f64 / measure(criterion, device, "copy of 1 GiB", &run))
}

/// GB/s of a sum of all elements, a ReLU, and batch normalisation of few channels with the batch's statistics, which
/// reads its input three times: bound by memory.
fn memory_bound(criterion: &mut Criterion, device: &Device) -> Result<[(&'static str, f64); 3]> {
    let x = Var::constant(tensor(device, [32, 112, 112, 256], 3)?);
    let gigabytes = 4e-9 * x.shape().len() as f64;
    let sum = || {
        black_box(x.sum_all().expect("a sum"));
    };
    let relu = || {
        black_box(x.relu().expect("a ReLU"));
    };
    let normalised = Var::constant(x.value().reshape([32, 224, 224, 64])?);
    let vector = |value: f32| Tensor::full([64], value).to_device(device).map(Var::constant);
    let (weight, bias) = (vector(1.0)?, vector(0.0)?);
    let normalise = || {
        black_box(
            normalised
                .batch_norm(&weight, &bias, BatchNormMode::Train, 1e-5)
                .expect("a normalisation"),
        );
    };
    Ok([
        (
            "sum of all",
            gigabytes / measure(criterion, device, "sum of all", &sum),
        ),
        (
            "ReLU",
            2.0 * gigabytes / measure(criterion, device, "ReLU", &relu),
        ),
        (
            "batch normalisation",
            4.0 * gigabytes / measure(criterion, device, "batch normalisation", &normalise),
        ),
    ])
}

fn all(criterion: &mut Criterion, device: &Device) -> Result<()> {
    let bandwidth = copy(criterion, device)?;
    println!("\ncopy: {bandwidth:.0} GB/s on {}", device.name());
    for (name, rate) in memory_bound(criterion, device)? {
        println!(
            "{name}: {rate:.0} GB/s, {:.0} % of the copy",
            100.0 * rate / bandwidth
        );
    }
    for precision in PRECISIONS {
        if precision.or_f32(device.as_ref()) != precision {
            println!("skipped: the device has no {precision:?}");
            continue;
        }
        let [(_, ceiling), ..] = convolution(criterion, device, LARGE_PRODUCT, precision)?;
        println!("\n{precision:?}: the large product reaches {ceiling:.0} GFLOP/s");
        for layer in LAYERS {
            for (name, rate) in convolution(criterion, device, layer, precision)? {
                println!("{name}: {rate:.0} GFLOP/s, {:.0} % of it", 100.0 * rate / ceiling);
            }
        }
        for layers in BLOCKS {
            for (name, rate) in block(criterion, device, layers, precision)? {
                println!("{name}: {rate:.0} GFLOP/s, {:.0} % of it", 100.0 * rate / ceiling);
            }
        }
    }
    if let Some(agreement) = device.warpgroups() {
        let kernels = match agreement.complaint() {
            None => "those of warpgroups, where a layer suits them".to_owned(),
            Some(complaint) => format!("without warpgroups: {complaint}"),
        };
        println!("\nconvolutions in bf16 and f16: {kernels}");
    }
    Ok(())
}

fn kernels(criterion: &mut Criterion) {
    match cuda::open(0) {
        Ok(device) => all(criterion, &device).expect("every kernel runs"),
        Err(error) => println!("skipped: {error}"),
    }
}

criterion_group! {
    name = benches;
    // Many measurements of kernels that take microseconds.
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300));
    targets = kernels
}
criterion_main!(benches);
