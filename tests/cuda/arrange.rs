//! Moving elements on the device: rows, stacks, orders of axes, concatenation, shifts; and colours.

use super::on_device::{demand_same_as_cpu, demand_same_bits};
use super::operands::case;
use crossmax::Result;
use crossmax::tensor::Tensor;
use crossmax::testing::formula::centred;
use crossmax::testing::{Case, Operation};

fn numbers(shape: &[usize]) -> Tensor {
    Tensor::from_fn(shape, |i| centred("x", i) as f32)
}

pub fn cases() -> Result<Vec<Case>> {
    let mut cases = vec![
        case("flatten", Operation::Flatten, &[("x", &[3, 2, 5, 1])])?,
        case("concat of one", Operation::Concat, &[("a", &[2, 3])])?,
        case(
            "concat of four",
            Operation::Concat,
            &[
                ("a", &[2, 3, 5, 1]),
                ("b", &[2, 3, 5, 4]),
                ("c", &[2, 3, 5, 7]),
                ("d", &[2, 3, 5, 2]),
            ],
        )?,
    ];
    let picture: &[usize] = &[3, 5, 7, 3];
    let shifts = vec![[0, 0], [-2, 6], [11, -8]];
    cases.push(case("roll", Operation::Roll(shifts), &[("x", picture)])?);
    cases.push(case(
        "roll of one pixel",
        Operation::Roll(vec![[3, -4]]),
        &[("x", &[1, 1, 1, 2])],
    )?);
    let amounts = vec![0.5, 1.0, 1.4];
    cases.push(case(
        "contrast",
        Operation::Contrast(amounts.clone()),
        &[("x", picture)],
    )?);
    cases.push(case(
        "mix_channels",
        Operation::MixChannels(amounts),
        &[("x", picture)],
    )?);
    cases.push(case(
        "channel_mean",
        Operation::ChannelMean,
        &[("x", &[1, 3, 2, 5])],
    )?);
    Ok(cases)
}

#[test]
fn operations_that_move_elements_agree() -> Result<()> {
    demand_same_as_cpu(&cases()?)
}

#[test]
fn rows_are_cut_out_chosen_and_stacked() -> Result<()> {
    demand_same_bits("rows", &[numbers(&[5, 3, 2]), numbers(&[2, 3, 2])], |inputs| {
        Ok(vec![
            inputs[0].rows(0, 5)?,
            inputs[0].rows(2, 3)?,
            inputs[0].rows(4, 0)?,
            inputs[0].select(&[4, 0, 0, 3])?,
            inputs[0].select(&[])?,
            Tensor::stack_rows(&[inputs[0].clone(), inputs[1].clone(), inputs[0].rows(1, 1)?])?,
        ])
    })
}

#[test]
fn rows_are_written_over_others() -> Result<()> {
    demand_same_bits(
        "replace_rows",
        &[numbers(&[5, 3, 2]), numbers(&[2, 3, 2])],
        |inputs| {
            let mut replaced = inputs[0].clone();
            replaced.replace_rows(&[4, 1], &inputs[1], &[0, 1])?;
            let mut twice = replaced.clone();
            twice.replace_rows(&[0, 2, 3], &inputs[1], &[1, 1, 0])?;
            twice.replace_rows(&[], &inputs[1], &[])?;
            // The tensors that shared the memory keep their elements.
            Ok(vec![inputs[0].clone(), replaced, twice])
        },
    )
}

#[test]
fn rows_that_are_not_there_are_refused() {
    let (mut rows, from) = (numbers(&[5, 3]), numbers(&[2, 3]));
    for (targets, sources) in [
        (vec![5], vec![0]),
        (vec![0], vec![2]),
        (vec![0, 0], vec![0, 1]),
        (vec![0, 1], vec![0]),
    ] {
        assert!(
            rows.replace_rows(&targets, &from, &sources).is_err(),
            "{targets:?} {sources:?}"
        );
    }
    assert!(rows.replace_rows(&[0], &numbers(&[2, 4]), &[0]).is_err());
}

#[test]
fn axes_are_put_in_every_order() -> Result<()> {
    demand_same_bits("permute", &[numbers(&[2, 3, 5, 7]), numbers(&[6])], |inputs| {
        Ok(vec![
            inputs[0].nchw_to_nhwc()?,
            inputs[0].nhwc_to_nchw()?,
            inputs[0].permute(&[3, 2, 1, 0])?,
            inputs[0].permute(&[1, 0, 2, 3])?,
            inputs[1].permute(&[0])?,
        ])
    })
}
