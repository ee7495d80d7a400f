//! The generator, and moving elements about. The memory pool, whose counters are the whole
//! process's, is tested in `tests/memory_pool.rs`.

use super::{Buffer, Counter, Philox, Purpose, Shape, Tensor};
use crate::Result;
use crate::testing::assertions::{random, refusal};

/// The vectors that the authors publish for philox4x32-10 (`kat_vectors` of Random123 1.14).
#[test]
fn philox_gives_the_published_words() {
    let all = [u32::MAX; 4];
    let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
    for (key, counter, expected) in [
        (
            [0, 0],
            [0; 4],
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
        ),
        (
            [u32::MAX; 2],
            all,
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
        ),
        (
            [0xa409_3822, 0x299f_31d0],
            pi,
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ] {
        assert_eq!(Philox::block(key, counter), expected);
    }
}

/// A counter with something in every field.
const COUNTER: Counter = Counter {
    image: 0x8765_4321,
    attack: 5,
    restart: 777,
    iteration: 40_000,
    draw: 50_000,
    pass: 200,
    view: 3,
};

/// Wide and scalar code give the same numbers, wherever a stretch begins and ends.
#[test]
fn uniform_numbers_are_the_words_one_by_one() {
    let philox = Philox::new(42, Purpose::Test);
    for (first, len) in [(0, 1), (0, 64), (3, 131), (u32::MAX - 1, 12), (9, 0)] {
        let mut single = vec![-1.0f32; len];
        let mut double = vec![-1.0f64; len];
        philox.fill_uniform(COUNTER, first, &mut single);
        philox.fill_uniform(COUNTER, first, &mut double);
        for i in 0..len {
            let block = first.wrapping_add((i / 4) as u32);
            let word = philox.words(COUNTER, block)[i % 4];
            let expected = f64::from(word >> 8) / 16_777_216.0;
            assert_eq!(double[i], expected, "element {i} from block {first}");
            assert_eq!(f64::from(single[i]), expected, "element {i} from block {first}");
        }
    }
}

#[test]
fn every_field_of_a_counter_and_every_purpose_names_another_stream() {
    let changed: [fn(&mut Counter); 7] = [
        |c| c.image += 1,
        |c| c.attack += 1,
        |c| c.restart += 1,
        |c| c.iteration += 1,
        |c| c.draw += 1,
        |c| c.pass += 1,
        |c| c.view += 1,
    ];
    let philox = Philox::new(7, Purpose::Test);
    let mut seen = vec![philox.words(COUNTER, 0), philox.words(COUNTER, 1)];
    for change in changed {
        let mut counter = COUNTER;
        change(&mut counter);
        seen.push(philox.words(counter, 0));
    }
    for purpose in [Purpose::Init, Purpose::Shuffle, Purpose::Views, Purpose::Attack] {
        seen.push(Philox::new(7, purpose).words(COUNTER, 0));
    }
    seen.push(Philox::new(8, Purpose::Test).words(COUNTER, 0));
    for (i, words) in seen.iter().enumerate() {
        assert!(!seen[..i].contains(words), "stream {i} is another's");
    }
}

#[test]
fn uniform_and_normal_numbers_have_their_moments() {
    let philox = Philox::new(1, Purpose::Test);
    let moments = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviations = values.iter().map(|value| (value - mean).powi(2));
        (mean, deviations.sum::<f64>() / values.len() as f64)
    };
    // Tolerances of about five standard errors.
    let (mean, variance) = moments(&philox.uniform(COUNTER, 40_000));
    assert!((mean - 0.5).abs() < 0.007 && (variance - 1.0 / 12.0).abs() < 0.002);
    let (mean, variance) = moments(&philox.normal(COUNTER, 40_000));
    assert!(mean.abs() < 0.025 && (variance - 1.0).abs() < 0.035);
}

#[test]
fn normal_numbers_can_begin_at_any_block() {
    let philox = Philox::new(5, Purpose::Test);
    let all: Vec<f64> = philox.normal(COUNTER, 30);
    let mut tail = vec![0.0; 18];
    philox.fill_normal(COUNTER, 3, &mut tail);
    assert_eq!(tail, all[12..]);
}

#[test]
fn permutations_hold_every_number_once() {
    let philox = Philox::new(3, Purpose::Shuffle);
    for n in [0, 1, 2, 1000] {
        let order = philox.permutation(COUNTER, n);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..n as u32), "{n} numbers");
        assert!(n < 1000 || sorted != order, "not shuffled");
    }
}

#[test]
fn numbers_below_a_bound() {
    assert_eq!([0, u32::MAX].map(|word| Philox::below(word, 7)), [0, 6]);
    assert_eq!(Philox::below(u32::MAX, 0), 0);
}

#[test]
fn every_buffer_starts_on_a_cache_line() {
    for len in [0, 1, 15, 16, 17, 1000, 4097] {
        let single = Buffer::<f32>::filled(len, 1.0);
        let double = Buffer::<f64>::dirty(len);
        assert_eq!((single.len(), double.len()), (len, len));
        assert_eq!(single.as_ptr().addr() % 64, 0, "{len} elements");
        assert_eq!(double.as_ptr().addr() % 64, 0, "{len} elements");
    }
}

#[test]
fn permuting_back_is_the_identity() -> Result<()> {
    let x = random("x", &[2, 3, 4, 5]);
    for order in [[0, 2, 3, 1], [3, 2, 1, 0], [1, 0, 3, 2], [0, 1, 2, 3]] {
        let mut back = [0; 4];
        order.iter().enumerate().for_each(|(i, &axis)| back[axis] = i);
        let there = x.permute(&order)?;
        assert_eq!(there.dims(), order.map(|axis| x.dims()[axis]));
        assert_eq!(there.permute(&back)?.to_vec()?, x.to_vec()?);
    }
    let pictures = x.nchw_to_nhwc()?;
    assert_eq!(pictures.dims(), [2, 4, 5, 3]);
    // Image 1, row 2, column 3, channel 2.
    let (from, to) = (((3 + 2) * 4 + 2) * 5 + 3, ((4 + 2) * 5 + 3) * 3 + 2);
    assert_eq!(pictures.to_vec()?[to], x.to_vec()?[from]);
    assert_eq!(pictures.nhwc_to_nchw()?.to_vec()?, x.to_vec()?);
    Ok(())
}

#[test]
fn rows_are_cut_selected_and_stacked() -> Result<()> {
    let x = Tensor::from_fn([4, 2], |i| i as f64);
    assert_eq!(x.rows(1, 2)?.to_vec()?, [2.0, 3.0, 4.0, 5.0]);
    assert_eq!(x.select(&[3, 0, 3])?.to_vec()?, [6.0, 7.0, 0.0, 1.0, 6.0, 7.0]);
    let stacked = Tensor::stack_rows(&[x.rows(2, 2)?, x.rows(0, 1)?])?;
    assert_eq!(stacked.dims(), [3, 2]);
    assert_eq!(stacked.to_vec()?, [4.0, 5.0, 6.0, 7.0, 0.0, 1.0]);
    Ok(())
}

#[test]
fn writing_to_a_clone_leaves_the_original() -> Result<()> {
    let x = Tensor::from_slice([2], &[1.0f32, 2.0])?;
    let mut y = x.clone();
    y.make_mut("test")?[0] = 9.0;
    assert_eq!((x.to_vec()?, y.to_vec()?), (vec![1.0, 2.0], vec![9.0, 2.0]));
    let own = y.host("test")?.as_ptr();
    assert_eq!(y.make_mut("test")?.as_ptr(), own);
    Ok(())
}

#[test]
fn adding_and_converting() -> Result<()> {
    let mut sum = Tensor::from_slice([2], &[1.0, 2.0])?;
    sum.accumulate(&Tensor::from_slice([2], &[0.5, 1e-30])?)?;
    assert_eq!(sum.to_vec()?, [1.5, 2.0]);
    let single: Tensor<f32> = Tensor::full([1], 0.1f64).cast()?;
    assert_eq!(single.item()?, 0.1f32);
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let x = Tensor::<f64>::zeros([2, 3]);
    assert_eq!(
        refusal(Tensor::from_buffer([2, 3], Buffer::<f64>::filled(5, 0.0))),
        "Tensor::from_buffer: `buffer` has shape 5 elements, expected 6 elements for shape [2, 3]"
    );
    assert_eq!(
        refusal(x.reshape([4])),
        "reshape: `self` has shape [2, 3], expected 4 elements for [4]"
    );
    assert_eq!(
        refusal(x.item()),
        "Tensor::item: `self` has shape [2, 3], expected one element"
    );
    assert_eq!(
        refusal(x.rows(1, 2)),
        "Tensor::rows: `range` is 2 rows from 1, expected within 0..2"
    );
    assert_eq!(
        refusal(x.select(&[2])),
        "Tensor::select: `index` is 2, expected below 2"
    );
    assert_eq!(
        refusal(x.clone().accumulate(&Tensor::zeros([3, 2]))),
        "accumulate: `other` has shape [3, 2], expected [2, 3]"
    );
    assert_eq!(
        refusal(Tensor::stack_rows(&[x.clone(), Tensor::zeros([2, 4])])),
        "Tensor::stack_rows: `part` has shape [2, 4], expected [2, 3] but for the first axis"
    );
    for order in [&[0][..], &[0, 0], &[0, 2]] {
        refusal(x.permute(order));
    }
    refusal(x.nchw_to_nhwc());
}

#[test]
fn the_parts_of_a_shape() {
    let shape = Shape::from([2, 3, 4]);
    assert_eq!(
        (shape.rank(), shape.len(), shape.last(), shape.axis(9)),
        (3, 24, 4, 1)
    );
    assert_eq!(
        [0, 1, 2].map(|axis| shape.around(axis)),
        [(1, 2, 12), (2, 3, 4), (6, 4, 1)]
    );
    assert_eq!(shape.with_first(5).dims(), [5, 3, 4]);
    assert_eq!((Shape::SCALAR.len(), Shape::SCALAR.rank()), (1, 0));
}
