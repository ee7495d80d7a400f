//! The files of single operations: forward and backward, in f64 and f32.

use crate::running_statistics;
use crossmax::Result;
use crossmax::tensor::Tensor;
use crossmax::testing::fixtures::FixtureFile;
use crossmax::testing::{Case, Operation, Place, cases, conformance};

/// One test a file, and the list of files, from the same names.
macro_rules! files {
    ($($file:ident)*) => {
        pub const FILES: &[&str] = &[$(stringify!($file)),*];
        $(
            #[test]
            fn $file() -> Result<()> {
                check(stringify!($file))
            }
        )*
    };
}

files! {
    arithmetic avg_pool2d batch_norm bicubic_resize channel_mean clamp colour_mix concat_channels
    contrast conv2d cross_entropy crossmax dlr flatten global_avg_pool linear log_softmax matmul max
    max_pool2d mean relu roll silu softmax sum tanh targeted_dlr top_k view_stack
}

fn check(name: &str) -> Result<()> {
    let file = FixtureFile::open(name)?;
    let all = cases::of_file(&file)?;
    let double = conformance::run::<f64>(&all, &Place::Cpu)?;
    assert!(double.passed(), "{double}");
    let single = conformance::run::<f32>(&all, &Place::Cpu)?;
    assert!(single.passed(), "{single}");
    for (case, stored) in all.iter().zip(file.cases()?) {
        match case.operation {
            Operation::Max { .. } | Operation::TopK { .. } => {
                check_picked_positions(case, &stored.indices("indices")?)?;
            }
            Operation::BatchNormTrain { .. } => running_statistics::check(case, &stored)?,
            _ => {}
        }
    }
    let unread = file.unread();
    assert!(unread.is_empty(), "{name}: nothing tests {unread:?}");
    Ok(())
}

/// Sends a number of its own into every output, and looks where it arrives: at the stored index
/// along the axis, and nowhere else.
fn check_picked_positions(case: &Case, indices: &[usize]) -> Result<()> {
    let (Operation::Max { axis } | Operation::TopK { axis, .. }) = case.operation else {
        panic!("{}: not a selection", case.name);
    };
    let number = |i: usize| (i + 1) as f64;
    let numbered = Case {
        cotangent: Tensor::from_fn(*case.cotangent.shape(), number),
        ..case.clone()
    };
    let gradient = numbered.evaluate::<f64>(&Place::Cpu)?.gradients[0].to_vec()?;

    let (_, length, inner) = case.inputs[0].value.shape().around(axis);
    let picks = indices.len() / (gradient.len() / length);
    let mut expected = vec![0.0; gradient.len()];
    for (i, &index) in indices.iter().enumerate() {
        let outer = i / (picks * inner);
        expected[(outer * length + index) * inner + i % inner] = number(i);
    }
    assert_eq!(gradient, expected, "{}: picked positions", case.name);
    Ok(())
}
