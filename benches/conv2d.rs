//! Convolution forward, by the input and by the weights, on every shape of ResNet152 (batch 2), of ResNet-20 and of the
//! pocket network (batch 32). Criterion reports elements a second: one element is one floating-point operation. After a
//! shape a line each tells GFLOP/s and GB/s of its fastest sample as shares of what a large product and a large copy
//! reach, which are measured first.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crossmax::models::ConvolutionCost;
use crossmax::prelude::*;
use rayon::prelude::*;
use std::collections::HashSet;
use std::hint::black_box;
use std::time::Instant;

/// One convolution of a network, with its batch.
struct Shape {
    name: String,
    batch: usize,
    cost: ConvolutionCost,
}

impl Shape {
    /// Height and width of the window: weights, over channels of both sides.
    fn kernel(&self) -> usize {
        let cost = &self.cost;
        (cost.weights / (cost.input[2] * cost.output[2])).isqrt()
    }

    fn stride(&self) -> usize {
        self.cost.input[0].div_ceil(self.cost.output[0])
    }

    fn flops(&self) -> f64 {
        self.batch as f64 * self.cost.flops() as f64
    }

    /// Bytes of input, weights and output, each once.
    fn bytes(&self) -> f64 {
        let pixels = |shape: [usize; 3]| self.batch * shape.iter().product::<usize>();
        (4 * (pixels(self.cost.input) + pixels(self.cost.output) + self.cost.weights)) as f64
    }
}

/// The different convolutions of three networks.
fn shapes() -> Vec<Shape> {
    let resnet152 = ResNetConfig::torchvision(152, 12, 100).expect("a known depth");
    let networks = [
        ("resnet152", resnet152, 224, 2),
        ("resnet20", ResNetConfig::cifar(3, 12, 10), 32, 32),
        ("pocket", ResNetConfig::pocket(12, 12), 32, 32),
    ];
    let mut shapes = Vec::new();
    for (network, config, side, batch) in networks {
        let mut seen = HashSet::new();
        for cost in config.cost(side).convolutions {
            if !seen.insert((cost.input, cost.output, cost.weights)) {
                continue;
            }
            let mut shape = Shape {
                name: String::new(),
                batch,
                cost,
            };
            let ([h, w, c], k) = (cost.input, cost.output[2]);
            let (kernel, stride) = (shape.kernel(), shape.stride());
            shape.name = format!("{network} {h}x{w}x{c} to {k}, {kernel}x{kernel} stride {stride}");
            shapes.push(shape);
        }
    }
    shapes
}

fn tensor(shape: [usize; 4], seed: u32) -> Tensor {
    let at = Counter {
        image: seed,
        ..Counter::default()
    };
    let values = Philox::new(0, Purpose::Test).normal::<f32>(at, shape.iter().product());
    Tensor::from_fn(shape, |i| values[i])
}

/// Seconds of the fastest of some runs of `work`.
fn fastest(mut work: impl FnMut()) -> f64 {
    let one = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..8).map(one).fold(f64::INFINITY, f64::min)
}

/// GFLOP/s of a product of 3136×1024 by 1024×1024 numbers.
fn product_ceiling() -> f64 {
    let x = Var::constant(Tensor::<f32>::full([1, 1, 3136, 1024], 0.5));
    let w = Var::constant(Tensor::<f32>::full([1024, 1, 1, 1024], 0.5));
    let seconds = fastest(|| {
        black_box(x.conv2d(&w, None, Conv2d::square(1, 0)).expect("shapes fit"));
    });
    2.0 * 3136.0 * 1024.0 * 1024.0 / seconds / 1e9
}

/// GB/s, read and written, of a copy of 256 MiB on all threads.
fn copy_ceiling() -> f64 {
    let from = vec![1_u8; 256 << 20];
    let mut to = vec![0_u8; from.len()];
    let piece = 1 << 20;
    let seconds = fastest(|| {
        let pieces = to.par_chunks_mut(piece).zip(from.par_chunks(piece));
        pieces.for_each(|(to, from)| to.copy_from_slice(from));
        black_box(&mut to);
    });
    2.0 * from.len() as f64 / seconds / 1e9
}

fn conv2d(criterion: &mut Criterion) {
    let (product, copy) = (product_ceiling(), copy_ceiling());
    println!("a large product: {product:.0} GFLOP/s; a large copy: {copy:.1} GB/s");
    for shape in shapes() {
        let ([h, w, c], k, kernel) = (shape.cost.input, shape.cost.output[2], shape.kernel());
        let options = Conv2d::square(shape.stride(), kernel / 2);
        let (x, weights) = (
            tensor([shape.batch, h, w, c], 0),
            tensor([k, kernel, kernel, c], 1),
        );
        let constant = |tensor: &Tensor| Var::constant(tensor.clone());
        let leaf = |tensor: &Tensor| Var::leaf(tensor.clone());
        let forward = |x: &Var, w: &Var| x.conv2d(w, None, options).expect("shapes fit");
        let [p, q, _] = shape.cost.output;
        let dy = tensor([shape.batch, p, q, k], 2);
        let by_input = forward(&leaf(&x), &constant(&weights));
        let by_weights = forward(&constant(&x), &leaf(&weights));
        let (x, weights) = (constant(&x), constant(&weights));
        let backward = |y: &Var| drop(black_box(y.backward_keeping(Some(dy.clone()))));
        let parts: [(&str, &dyn Fn()); 3] = [
            ("forward", &|| drop(black_box(forward(&x, &weights)))),
            ("dgrad", &|| backward(&by_input)),
            ("wgrad", &|| backward(&by_weights)),
        ];
        let mut group = criterion.benchmark_group(format!("conv2d {}", shape.name));
        let operations = Throughput::Elements(shape.flops() as u64);
        group.throughput(operations).sample_size(10);
        let mut lines = Vec::new();
        for (part, work) in parts {
            let mut best = f64::INFINITY;
            group.bench_function(BenchmarkId::from_parameter(part), |bencher| {
                bencher.iter_custom(|times| {
                    let start = Instant::now();
                    (0..times).for_each(|_| work());
                    let taken = start.elapsed();
                    best = best.min(taken.as_secs_f64() / times as f64);
                    taken
                });
            });
            let (gflops, bandwidth) = (shape.flops() / best / 1e9, shape.bytes() / best / 1e9);
            lines.push(format!(
                "{} {part}: {gflops:.0} GFLOP/s = {:.0} % of a large product, {bandwidth:.1} GB/s = {:.0} % of a large copy",
                shape.name,
                100.0 * gflops / product,
                100.0 * bandwidth / copy,
            ));
        }
        group.finish();
        // Nothing was measured where a filter left the shape out.
        lines.retain(|line| !line.contains(": 0 GFLOP/s"));
        lines.iter().for_each(|line| println!("{line}"));
    }
}

criterion_group!(benches, conv2d);
criterion_main!(benches);
