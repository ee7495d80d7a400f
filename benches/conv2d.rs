//! Convolution forward, dgrad and wgrad on shapes of the pocket network, ResNet-20 and ResNet152.
//! Criterion reports elements a second: one element is one floating-point operation.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crossmax::prelude::*;
use std::hint::black_box;

/// (name, batch, height and width, input channels, output channels, kernel, stride)
const SHAPES: [(&str, usize, usize, usize, usize, usize, usize); 8] = [
    ("pocket stem", 32, 32, 12, 16, 3, 2),
    ("pocket layer1", 32, 16, 16, 16, 3, 1),
    ("pocket layer2 stride 2", 32, 16, 16, 32, 3, 2),
    ("pocket layer3", 32, 4, 64, 64, 3, 1),
    ("resnet20 layer1", 32, 32, 16, 16, 3, 1),
    ("resnet152 layer1 conv2", 2, 56, 64, 64, 3, 1),
    ("resnet152 layer3 conv2", 2, 14, 256, 256, 3, 1),
    ("resnet152 layer3 conv3", 2, 14, 256, 1024, 1, 1),
];

fn tensor(shape: [usize; 4], seed: u32) -> Tensor {
    let at = Counter {
        image: seed,
        ..Counter::default()
    };
    let values = Philox::new(0, Purpose::Test).normal::<f32>(at, shape.iter().product());
    Tensor::from_fn(shape, |i| values[i])
}

fn conv2d(criterion: &mut Criterion) {
    for (name, n, size, c, k, kernel, stride) in SHAPES {
        let options = Conv2d::square(stride, kernel / 2);
        let (x, w) = (tensor([n, size, size, c], 0), tensor([k, kernel, kernel, c], 1));
        let forward = |x: Var, w: Var| x.conv2d(&w, None, options).expect("shapes fit");
        let y = forward(Var::constant(x.clone()), Var::constant(w.clone()));
        let dy = tensor([n, y.dims()[1], y.dims()[2], k], 2);
        let flops = 2 * y.shape().len() * kernel * kernel * c;
        let mut group = criterion.benchmark_group(format!("conv2d {name}"));
        group
            .throughput(Throughput::Elements(flops as u64))
            .sample_size(20);
        group.bench_function(BenchmarkId::from_parameter("forward"), |b| {
            b.iter(|| black_box(forward(Var::constant(x.clone()), Var::constant(w.clone()))));
        });
        for (part, x, w) in [
            ("dgrad", Var::leaf(x.clone()), Var::constant(w.clone())),
            ("wgrad", Var::constant(x.clone()), Var::leaf(w.clone())),
        ] {
            let y = forward(x, w);
            group.bench_function(BenchmarkId::from_parameter(part), |b| {
                b.iter(|| black_box(y.backward_keeping(Some(dy.clone())).map(|_| ())));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, conv2d);
criterion_main!(benches);
