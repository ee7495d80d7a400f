//! The pocket model: view stack, network, and one attack step, on one sub-batch of 32 rows.
//! Criterion reports elements a second: one element is one pass of one image.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crossmax::models::default_head_layers;
use crossmax::prelude::*;
use std::hint::black_box;

const ROWS: usize = 32;

fn ones(like: &Tensor) -> Tensor {
    Tensor::full(*like.shape(), 1.0)
}

fn pocket(criterion: &mut Criterion) {
    let mut init = Init::new(0);
    let build = || -> crossmax::Result<SelfEnsemble> {
        let net = ResNet::new(ResNetConfig::pocket(12, 12), &mut init)?;
        let backbone = MultiResolution::new(net, Method::default(), 32, 32, 0)?;
        SelfEnsemble::new(backbone, &default_head_layers(6), &mut Init::new(1))
    };
    let ensemble = { build }().expect("the pocket model");
    let at = Counter::default();
    let pixels = Philox::new(0, Purpose::Test).uniform::<f32>(at, ROWS * 32 * 32 * 3);
    let images = Tensor::from_fn([ROWS, 32, 32, 3], |i| pixels[i]);
    let draws: Vec<Draw> = (0..ROWS as u32)
        .map(|image| Draw {
            image,
            ..Draw::default()
        })
        .collect();
    let backbone = &ensemble.backbone;
    let views = |images: Var| backbone.views(&images, &draws, 0).expect("views");

    let mut group = criterion.benchmark_group("pocket");
    group
        .throughput(Throughput::Elements(ROWS as u64))
        .sample_size(30);
    group.bench_function("view stack forward", |b| {
        b.iter(|| black_box(views(Var::constant(images.clone()))));
    });
    group.bench_function("view stack forward and gradient", |b| {
        b.iter(|| {
            let y = views(Var::leaf(images.clone()));
            let seed = ones(y.value());
            black_box(y.backward(Some(seed)).map(|_| ()))
        });
    });
    let prepared = views(Var::constant(images.clone())).into_value();
    group.bench_function("network forward", |b| {
        b.iter(|| {
            black_box(
                backbone
                    .net
                    .forward(&Var::constant(prepared.clone()), &mut Pass::eval()),
            )
        });
    });
    group.bench_function("network forward and input gradient", |b| {
        b.iter(|| {
            let y = backbone
                .net
                .forward(&Var::leaf(prepared.clone()), &mut Pass::eval())
                .expect("logits");
            let seed = ones(y.value());
            black_box(y.backward(Some(seed)).map(|_| ()))
        });
    });
    let folded = backbone.net.folded().expect("a folded network");
    group.bench_function("folded network forward", |b| {
        b.iter(|| black_box(folded.forward(&Var::constant(prepared.clone()))));
    });
    group.bench_function("folded network forward and input gradient", |b| {
        b.iter(|| {
            let y = folded.forward(&Var::leaf(prepared.clone())).expect("logits");
            let seed = ones(y.value());
            black_box(y.backward(Some(seed)).map(|_| ()))
        });
    });
    let classifier = EnsembleClassifier::new(&ensemble, Aggregation::CrossMax).expect("an aggregation");
    group.bench_function("attack step (two passes, heads, CrossMax)", |b| {
        b.iter(|| {
            let there = classifier.linearise(&images, &draws).expect("logits");
            black_box((there.pullback)(&ones(&there.logits)))
        });
    });
    group.finish();
}

criterion_group!(benches, pocket);
criterion_main!(benches);
