//! Same bits whatever the batch and however many threads, in f32 and f64.
//!
//! The matrix product is private: a 1×1 convolution of single pixels and a linear layer are it with
//! nothing around.

use crossmax::Result;
use crossmax::autograd::Var;
use crossmax::ops::{AvgPool2d, BatchNormMode, Conv2d, ViewDraw, ViewStack};
use crossmax::tensor::{Element, Tensor};
use crossmax::testing::formula::{FormulaNoise, centred_tensor, unit_tensor};
use std::ops::Range;

/// Images of the largest batch.
const IMAGES: usize = 33;

fn random<T: Element>(name: &str, shape: &[usize]) -> Result<Tensor<T>> {
    centred_tensor(name, shape).cast()
}

/// The bits of every element; `f32` widens exactly.
fn bits<T: Element>(tensor: &Tensor<T>) -> Result<Vec<u64>> {
    let values = tensor.to_vec()?.into_iter();
    Ok(values.map(|value| value.as_f64().to_bits()).collect())
}

/// Applies `f` (given the inputs, and which images they are) to batches of several sizes, and
/// demands of every image the output and the gradient that it has in the batch of all.
fn check_batches<T: Element>(
    name: &str,
    image: &[usize],
    f: impl Fn(&Var<T>, Range<usize>) -> Result<Var<T>>,
) -> Result<()> {
    let shape = [&[IMAGES], image].concat();
    let x = random::<T>(&format!("{name}.x"), &shape)?;
    let apply = |images: Range<usize>| {
        let leaf = Var::leaf(x.rows(images.start, images.len())?);
        let y = f(&leaf, images.clone())?;
        let value = y.value().clone();
        let all = random::<T>(&format!("{name}.dy"), value.shape().with_first(IMAGES).dims())?;
        let dy = all.rows(images.start, images.len())?;
        let mut gradients = y.backward(Some(dy))?;
        let dx = gradients.take(&leaf).expect("a gradient of the images");
        Ok([value, dx])
    };
    let whole = apply(0..IMAGES)?;
    for batch in [1, 2, 5, 32] {
        for first in (0..IMAGES).step_by(batch) {
            let images = first..IMAGES.min(first + batch);
            for (i, found) in apply(images.clone())?.iter().enumerate() {
                let expected = whole[i].rows(images.start, images.len())?;
                assert!(
                    bits(found)? == bits(&expected)?,
                    "{name} ({}): {} of images {images:?} has other bits than in a batch of {IMAGES}",
                    T::NAME,
                    ["output", "gradient"][i],
                );
            }
        }
    }
    Ok(())
}

/// Input channels, picture, weights [K, R, S], stride, padding.
type Convolution = (usize, [usize; 2], [usize; 3], usize, usize);

fn check_convolution<T: Element>(convolution: Convolution) -> Result<()> {
    let (c, [h, w], [k, r, s], stride, padding) = convolution;
    let name = format!("conv2d {convolution:?}");
    let weight = Var::constant(random::<T>("weight", &[k, r, s, c])?);
    let bias = Var::constant(random::<T>("bias", &[k])?);
    check_batches(&name, &[h, w, c], |x, _| {
        x.conv2d(&weight, Some(&bias), Conv2d::square(stride, padding))
    })
}

#[test]
fn convolutions_do_not_depend_on_the_batch() -> Result<()> {
    let convolutions: [Convolution; 9] = [
        (576, [1, 1], [64, 1, 1], 1, 0), // one row of a product with n = 64, k = 576
        (64, [3, 3], [64, 3, 3], 1, 0),  // the same product behind a window
        (64, [4, 4], [64, 3, 3], 1, 1),
        (64, [4, 4], [130, 3, 3], 2, 1),
        (12, [9, 7], [16, 3, 3], 2, 1),
        (3, [11, 8], [5, 7, 7], 2, 3),
        (5, [2, 3], [7, 1, 1], 2, 0),
        (1030, [1, 1], [3, 1, 1], 1, 0),  // three chunks of the inner sum
        (16, [16, 16], [16, 3, 3], 1, 1), // several tiles an image
    ];
    for convolution in convolutions {
        check_convolution::<f32>(convolution)?;
        check_convolution::<f64>(convolution)?;
    }
    Ok(())
}

fn check_linear<T: Element>([inputs, outputs]: [usize; 2]) -> Result<()> {
    let name = format!("linear {inputs} to {outputs}");
    let weight = Var::constant(random::<T>("weight", &[outputs, inputs])?);
    let bias = Var::constant(random::<T>("bias", &[outputs])?);
    check_batches(&name, &[inputs], |x, _| x.linear(&weight, Some(&bias)))?;
    let right = Var::constant(random::<T>("right", &[inputs, outputs])?);
    check_batches(&format!("matmul {name}"), &[inputs], |x, _| x.matmul(&right))
}

#[test]
fn matrix_products_do_not_depend_on_the_batch() -> Result<()> {
    for sizes in [
        [576, 64],
        [64, 576],
        [1, 1],
        [3, 1],
        [513, 10],
        [2048, 100],
        [1025, 33],
    ] {
        check_linear::<f32>(sizes)?;
        check_linear::<f64>(sizes)?;
    }
    Ok(())
}

fn check_other_operations<T: Element>() -> Result<()> {
    let picture = [9, 7, 5];
    let channel = |name: &str| unit_tensor(name, [5]).cast::<T>();
    let (mean, variance) = (&channel("mean")?, &channel("variance")?);
    let weight = Var::constant(channel("weight")?);
    check_batches::<T>("batch_norm", &picture, |x, _| {
        let mode = BatchNormMode::Eval { mean, variance };
        Ok(x.batch_norm(&weight, &weight, mode, T::of(1e-5))?.0)
    })?;
    check_batches::<T>("max_pool2d", &picture, |x, _| x.max_pool2d(3, 2, 1))?;
    check_batches::<T>("avg_pool2d", &picture, |x, _| {
        let (kernel, stride) = ([2, 3], [2, 1]);
        x.avg_pool2d(AvgPool2d { kernel, stride })
    })?;
    check_batches::<T>("resize_bicubic", &picture, |x, _| x.resize_bicubic(4, 13))?;
    check_batches::<T>("tanh of relu", &picture, |x, _| x.relu()?.tanh())?;
    check_batches::<T>("silu", &picture, |x, _| x.silu())?;
    check_batches::<T>("log_softmax", &[23], |x, _| x.log_softmax()?.mul(&x.softmax()?))?;
    check_batches::<T>("losses", &[10], |x, images| {
        let labels: Vec<usize> = images.map(|image| image % 10).collect();
        x.cross_entropy(&labels)?.add(&x.dlr(&labels)?)
    })
}

#[test]
fn other_operations_do_not_depend_on_the_batch() -> Result<()> {
    check_other_operations::<f32>()?;
    check_other_operations::<f64>()
}

/// A view stack of pictures of this size: its plan, one draw an image and view, and its noise.
struct Views<T> {
    plan: ViewStack<T>,
    draws: Vec<ViewDraw>,
    noise: FormulaNoise,
}

fn views<T: Element>(size: [usize; 2], resolutions: &[usize], images: usize) -> Result<Views<T>> {
    let draws = 0..images * resolutions.len();
    let draws = draws.map(|i| ViewDraw {
        shift: [i as i32 % 7 - 3, i as i32 % 5 - 2],
        contrast: 0.7 + 0.02 * (i % 40) as f64,
        colour: 0.5 + 0.02 * (i % 25) as f64,
    });
    Ok(Views {
        plan: ViewStack::new(size, resolutions, 0.2, [0.45; 3], [0.25; 3])?,
        draws: draws.collect(),
        noise: FormulaNoise {
            name: "views".to_owned(),
            width: size[1],
            resolutions: resolutions.to_vec(),
        },
    })
}

fn check_view_stack<T: Element>(size: [usize; 2], resolutions: &[usize]) -> Result<()> {
    let Views { plan, draws, noise } = views::<T>(size, resolutions, IMAGES)?;
    let name = format!("view_stack {size:?} {resolutions:?}");
    check_batches::<T>(&name, &[size[0], size[1], 3], |x, images| {
        let views = resolutions.len();
        let draws = &draws[images.start * views..images.end * views];
        x.view_stack(&plan, draws, &noise)
    })
}

#[test]
fn the_view_stack_does_not_depend_on_the_batch() -> Result<()> {
    for (size, resolutions) in [([16, 16], [16, 8, 4]), ([9, 14], [5, 20, 1])] {
        check_view_stack::<f32>(size, &resolutions)?;
        check_view_stack::<f64>(size, &resolutions)?;
    }
    Ok(())
}

/// Applies `f` to tracked inputs of these shapes with 1, 2 and 3 threads, and demands the same
/// bits of the output and of all gradients.
fn check_threads<T: Element>(
    name: &str,
    inputs: &[&[usize]],
    f: impl Fn(&[Var<T>]) -> Result<Var<T>> + Sync,
) -> Result<()> {
    let values = inputs.iter().enumerate();
    let values = values.map(|(i, shape)| random::<T>(&format!("{name}.{i}"), shape));
    let values: Vec<Tensor<T>> = values.collect::<Result<_>>()?;
    let apply = || -> Result<Vec<Vec<u64>>> {
        let leaves: Vec<_> = values.iter().cloned().map(Var::leaf).collect();
        let y = f(&leaves)?;
        let mut results = vec![bits(y.value())?];
        let dy = random(&format!("{name}.dy"), y.dims())?;
        let gradients = y.backward(Some(dy))?;
        for leaf in &leaves {
            results.push(bits(gradients.get(leaf).expect("a gradient of every input"))?);
        }
        Ok(results)
    };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a thread pool").install(apply)
    };
    let expected = with(1)?;
    for threads in [2, 3] {
        assert!(
            with(threads)? == expected,
            "{name} ({}): other bits with {threads} threads than with one",
            T::NAME
        );
    }
    Ok(())
}

/// Sizes at which every operation does spread its work.
fn check_all_with_threads<T: Element>() -> Result<()> {
    for (name, stride, padding, window) in [
        ("conv2d 3×3", 1, 1, 3),
        ("conv2d 3×3 of stride 2", 2, 1, 3),
        ("conv2d 1×1", 1, 0, 1),
    ] {
        let weight = [40, window, window, 12];
        check_threads::<T>(name, &[&[9, 32, 32, 12], &weight, &[40]], |v| {
            v[0].conv2d(&v[1], Some(&v[2]), Conv2d::square(stride, padding))
        })?;
    }
    let batch = [&[8, 32, 32, 12][..], &[12], &[12]];
    check_threads::<T>("batch_norm", &batch, |v| {
        let (y, _) = v[0].batch_norm(&v[1], &v[2], BatchNormMode::Train, T::of(1e-5))?;
        Ok(y)
    })?;
    check_threads::<T>("linear", &[&[600, 130], &[140, 130], &[140]], |v| {
        v[0].linear(&v[1], Some(&v[2]))
    })?;
    check_threads::<T>("matmul", &[&[600, 130], &[130, 140]], |v| v[0].matmul(&v[1]))?;
    check_threads::<T>("max_pool2d", &[&[20, 32, 32, 16]], |v| v[0].max_pool2d(3, 2, 1))?;
    check_threads::<T>("resize_bicubic", &[&[20, 16, 16, 16]], |v| {
        v[0].resize_bicubic(32, 32)
    })?;
    check_threads::<T>("arithmetic", &[&[9, 100, 100], &[100]], |v| {
        v[0].mul(&v[1])?.add(&v[0])?.relu()?.tanh()
    })?;
    let Views { plan, draws, noise } = views::<T>([16, 16], &[16, 8, 4], 40)?;
    check_threads::<T>("view_stack", &[&[40, 16, 16, 3]], |v| {
        v[0].view_stack(&plan, &draws, &noise)
    })
}

#[test]
fn nothing_depends_on_the_number_of_threads() -> Result<()> {
    check_all_with_threads::<f32>()?;
    check_all_with_threads::<f64>()
}
