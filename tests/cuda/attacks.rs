//! Searches of attacks whose images stay on the device, against the same searches on the CPU.

use super::on_device::{devices, open};
use crossmax::Result;
use crossmax::attacks::{
    Apgd, ApgdConfig, AttackLoss, AutoAttackConfig, AutoAttackState, Classifier, Draw, FabConfig, FgsmConfig,
    Keep, LabelledImages, Linearised, LinfBall, Norm, Oracle, PgdConfig, SeededStarts, SquareConfig,
    autoattack, fab, fgsm, linf_distances, pgd, predicted_classes, square,
};
use crossmax::device::{Accelerator, Device};
use crossmax::tensor::Tensor;
use crossmax::testing::formula::{centred, unit};
use std::sync::Arc;

const CLASSES: usize = 4;
/// More pixels than a warp has lanes, and no multiple of them.
const SHAPE: [usize; 4] = [5, 3, 5, 3];
const PIXELS: usize = 45;
const EPS: f64 = 8.0 / 255.0;

/// A random classifier without rounding that could differ: logits are computed on the host, from distances to
/// a point that depends on the draw, and of a cotangent it uses the signs only.
struct Distances;

impl Distances {
    /// Weight of pixel `i` for `class`.
    fn weight(class: usize, i: usize) -> f32 {
        centred("weights", class * PIXELS + i) as f32
    }

    /// The differences of a picture to the point of its draw.
    fn differences<'a>(picture: &'a [f32], draw: &Draw) -> impl Iterator<Item = f32> + 'a {
        let name = format!("point {draw:?}");
        let point = move |i| unit("point", i) as f32 + 0.1 * centred(&name, i) as f32;
        picture.iter().enumerate().map(move |(i, x)| x - point(i))
    }
}

impl Classifier for Distances {
    fn classes(&self) -> usize {
        CLASSES
    }

    fn is_random(&self) -> bool {
        true
    }

    fn logits(&self, images: &Tensor, draws: &[Draw]) -> Result<Tensor> {
        let pixels = images.to_vec()?;
        let mut logits = Vec::new();
        for (picture, draw) in pixels.chunks(PIXELS).zip(draws) {
            let differences: Vec<f32> = Self::differences(picture, draw).collect();
            for class in 0..CLASSES {
                let terms = differences.iter().enumerate();
                logits.push(terms.map(|(i, d)| Self::weight(class, i) * d.abs()).sum());
            }
        }
        Tensor::from_slice([draws.len(), CLASSES], &logits)?.on(&images.device())
    }

    fn linearise<'a>(&'a self, images: &Tensor, draws: &[Draw]) -> Result<Linearised<'a>> {
        let logits = self.logits(images, draws)?;
        let (images, draws) = (images.clone(), draws.to_vec());
        let pullback = move |cotangent: &Tensor| {
            let (pixels, cotangent) = (images.to_vec()?, cotangent.to_vec()?);
            let mut gradient = Vec::new();
            let rows = pixels.chunks(PIXELS).zip(&draws).zip(cotangent.chunks(CLASSES));
            for ((picture, draw), cotangent) in rows {
                for (i, d) in Self::differences(picture, draw).enumerate() {
                    let classes = cotangent.iter().enumerate();
                    let terms = classes.map(|(class, c)| sign(*c) * Self::weight(class, i) * sign(d));
                    gradient.push(terms.sum());
                }
            }
            Tensor::from_slice(*images.shape(), &gradient)?.on(&images.device())
        };
        Ok(Linearised {
            logits,
            pullback: Box::new(pullback),
        })
    }
}

fn sign(x: f32) -> f32 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// Images with pixels at both ends of the range, and the labels that one draw gives them.
fn samples() -> Result<LabelledImages> {
    let images = Tensor::from_fn(SHAPE, |i| (1.2 * unit("images", i) - 0.1).clamp(0.0, 1.0) as f32);
    let labels = predicted_classes(&Distances.logits(&images, &[Draw::default(); SHAPE[0]])?)?;
    LabelledImages::new(images, labels, (10..).take(SHAPE[0]).collect())
}

/// Numbers of a search by name, as bits; losses, which round differently, are left out.
type Trace = Vec<(String, Vec<u32>)>;

fn bits(tensor: &Tensor) -> Result<Vec<u32>> {
    Ok(tensor.to_vec()?.into_iter().map(f32::to_bits).collect())
}

/// Everything that attacks do, on `device`.
fn trace(device: &Device) -> Result<Trace> {
    let samples = samples()?.on(device)?;
    // Sub-batches that end within the draws of an image.
    let oracle = Oracle::new(&Distances, 4)?;
    let starts = SeededStarts::new(3);
    let mut trace = Trace::new();
    let draw = |i: usize, draw| Draw {
        image: i as u32,
        draw,
        ..Draw::default()
    };
    let loss = AttackLoss::CrossEntropy;
    let appraised = oracle.appraise(samples.images(), samples.labels(), loss, 3, &draw)?;
    let predictions = appraised.last_prediction.iter().map(|&class| class as u32);
    trace.push(("appraised gradient".into(), bits(&appraised.gradient)?));
    trace.push(("predictions".into(), predictions.collect()));

    let one_step = fgsm(&oracle, &starts, &samples, &FgsmConfig::new(EPS))?;
    let distances = linf_distances(samples.images(), &one_step)?;
    trace.push(("fast gradient sign".into(), bits(&one_step)?));
    trace.push((
        "distances".into(),
        distances.iter().map(|d| (*d as f32).to_bits()).collect(),
    ));
    let config = PgdConfig {
        eot: 2,
        keep: Keep::HighestLoss,
        ..PgdConfig::new(EPS, 5)
    };
    let found = pgd(&oracle, &starts, &samples, &config, &mut |_| Ok(()))?;
    trace.push(("gradient descent".into(), bits(&found)?));

    let uniforms = Tensor::from_fn(SHAPE, |i| unit("start", i) as f32);
    for loss in [AttackLoss::CrossEntropy, AttackLoss::Dlr] {
        let config = ApgdConfig {
            iterations: 20,
            eot: 2,
            ..ApgdConfig::new(EPS, loss)
        };
        let mut search = Apgd::new(&oracle, &samples, &config, 0, None, &uniforms)?;
        while !search.is_finished() {
            search.step()?;
            let what = format!("{loss:?} iterate {}", search.progress().iteration);
            trace.push((
                format!("step sizes at {what}"),
                search.step_sizes().map(f32::to_bits).collect(),
            ));
            trace.push((what, bits(search.point())?));
        }
        trace.push((format!("{loss:?} best"), bits(search.best())?));
        trace.push((format!("{loss:?} adversarial"), bits(search.adversarial())?));
        demand_on(
            device,
            "the search",
            &[search.point(), search.best(), search.adversarial()],
        );
    }
    for image in 0..SHAPE[0] {
        // So little room that some are never fooled: what they share with the start must stay.
        let alone = samples.select(&[image])?;
        let config = ApgdConfig {
            iterations: 4,
            ..ApgdConfig::new(1e-3, AttackLoss::CrossEntropy)
        };
        let mut search = Apgd::new(&oracle, &alone, &config, 0, None, &uniforms.rows(image, 1)?)?;
        while !search.is_finished() {
            search.step()?;
        }
        trace.push((format!("image {image} alone"), bits(search.adversarial())?));
    }
    LinfBall::new(EPS)?.check(&samples, &found)?;
    demand_on(device, "an attack", &[&one_step, &found, &appraised.gradient]);
    Ok(trace)
}

fn demand_on(device: &Device, what: &str, tensors: &[&Tensor]) {
    let here = |tensor: &&Tensor| match (device.accelerator(), tensor.accelerator()) {
        (Some(device), Some(owner)) => Arc::ptr_eq(device, owner),
        (device, owner) => device.is_none() && owner.is_none(),
    };
    assert!(tensors.iter().all(here), "{what} left the device");
}

/// Where the searches on `accelerator` first differ from the CPU's, if they do.
pub fn difference(accelerator: &Arc<dyn Accelerator>) -> Result<Option<String>> {
    let found = trace(&Device::Accelerator(Arc::clone(accelerator)))?;
    let expected = trace(&Device::Cpu)?;
    assert_eq!(found.len(), expected.len());
    for ((what, found), (_, expected)) in found.iter().zip(&expected) {
        let at = found
            .iter()
            .zip(expected)
            .position(|(found, expected)| found != expected);
        if let Some(at) = at {
            let [found, expected] = [found[at], expected[at]].map(f32::from_bits);
            return Ok(Some(format!("{what}[{at}]: {found}, expected {expected}")));
        }
    }
    Ok(None)
}

#[test]
fn searches_take_the_same_way_as_on_the_cpu() -> Result<()> {
    for device in devices() {
        assert_eq!(difference(&device)?, None, "{}", device.name());
    }
    Ok(())
}

/// Their work on images is done on the host, whose bits they must keep.
#[test]
fn fab_and_square_find_the_same_as_on_the_cpu() -> Result<()> {
    let device = Device::Accelerator(open(1));
    for norm in [Norm::Linf, Norm::L2, Norm::L1] {
        let found = |device: &Device| -> Result<_> {
            let samples = samples()?.on(device)?;
            let oracle = Oracle::new(&Distances, 4)?;
            let config = SquareConfig {
                queries: 20,
                ..SquareConfig::new(norm, 0.3)
            };
            let squares = square(&oracle, &SeededStarts::new(3), &samples, &config, &mut |_| Ok(()))?;
            let config = FabConfig {
                iterations: 4,
                restarts: 2,
                ..FabConfig::new(norm, 0.3)
            };
            let near = fab(&oracle, &SeededStarts::new(3), &samples, &config, &mut |_| Ok(()))?;
            let images = [squares.images, near.perturbed.images, near.nearest];
            demand_on(device, "FAB or Square", &images.each_ref());
            let moved = linf_distances(samples.images(), &images[2])?;
            assert!(
                moved.iter().any(|&moved| moved > 0.0),
                "{norm}: the test shows little"
            );
            Ok((
                images.iter().map(bits).collect::<Result<Vec<_>>>()?,
                [squares.outcomes, near.perturbed.outcomes],
                near.distances,
            ))
        };
        assert!(found(&device)? == found(&Device::Cpu)?, "{norm}");
    }
    Ok(())
}

#[test]
fn sub_batches_do_not_matter() -> Result<()> {
    let device = Device::Accelerator(open(1));
    let samples = samples()?.on(&device)?;
    let appraised = |sub_batch| {
        let oracle = Oracle::new(&Distances, sub_batch)?;
        let draw = |i: usize, draw| Draw {
            image: i as u32,
            draw,
            ..Draw::default()
        };
        let loss = AttackLoss::Dlr;
        bits(
            &oracle
                .appraise(samples.images(), samples.labels(), loss, 3, &draw)?
                .gradient,
        )
    };
    let whole = appraised(64)?;
    for sub_batch in [1, 2, 7] {
        assert_eq!(appraised(sub_batch)?, whole, "sub-batch {sub_batch}");
    }
    Ok(())
}

#[test]
fn the_driver_breaks_the_same_images_and_goes_on_from_every_state() -> Result<()> {
    let config = AutoAttackConfig {
        iterations: 6,
        eot: 2,
        block: 2,
        ..AutoAttackConfig::rand(EPS)
    };
    let run = |device: &Device, resume, states: &mut Vec<AutoAttackState>| -> Result<AutoAttackState> {
        let oracle = Oracle::new(&Distances, 4)?;
        let mut keep = |state: &AutoAttackState| {
            // As a file does.
            states.push(state.clone().on(&Device::Cpu)?);
            Ok(())
        };
        let samples = samples()?.on(device)?;
        let starts = SeededStarts::new(5);
        autoattack(
            &oracle,
            &starts,
            &samples,
            &config,
            resume,
            &mut keep,
            &mut |_| Ok(()),
        )
    };
    let device = Device::Accelerator(open(1));
    let mut states = Vec::new();
    let here = run(&Device::Cpu, None, &mut Vec::new())?;
    let there = run(&device, None, &mut states)?;
    assert_eq!(there.records(), here.records());
    assert!(there.robust_count() < SHAPE[0], "nothing was broken");
    assert_eq!(bits(there.adversarial())?, bits(here.adversarial())?);
    demand_on(&device, "the driver", &[there.adversarial()]);
    for state in states {
        let resumed = run(&device, Some(state), &mut Vec::new())?;
        assert_eq!(resumed.records(), there.records());
        assert_eq!(bits(resumed.adversarial())?, bits(there.adversarial())?);
    }
    Ok(())
}

#[test]
fn what_is_not_finite_or_out_of_range_is_found_on_the_device() -> Result<()> {
    let device = Device::Accelerator(open(2));
    for pixel in [f32::NAN, 1.0_f32.next_up(), -f32::MIN_POSITIVE, f32::INFINITY] {
        let mut pixels = samples()?.images().to_vec()?;
        pixels[PIXELS + 40] = pixel;
        let images = Tensor::from_slice(SHAPE, &pixels)?.on(&device)?;
        let refused = samples()?.on(&device)?.with_images(images).is_err();
        assert!(refused, "{pixel} was taken for a pixel");
    }
    let samples = samples()?.on(&device)?;
    let moved = samples.images().to_vec()?;
    let ball = LinfBall::new(EPS)?;
    for (by, inside) in [(0.03_f32, true), (0.04, false)] {
        let towards_grey = |x: &f32| if *x > 0.5 { x - by } else { x + by };
        let images = Tensor::from_slice(SHAPE, &moved.iter().map(towards_grey).collect::<Vec<_>>())?;
        assert_eq!(ball.check(&samples, &images.on(&device)?).is_ok(), inside, "{by}");
    }
    Ok(())
}
