//! `conv2d.cu` against the CPU: layers of few channels; and the bias gradient of any, `column_sums.cu`.

use super::on_device::demand_same_as_cpu;
use super::operands::case;
use crossmax::Result;
use crossmax::ops::{Conv2d, Precision};
use crossmax::testing::{Case, Operation};

/// Odd sizes, one image and several, all windows of a ResNet with both strides, and strides and
/// padding that differ between the axes.
pub fn cases() -> Result<Vec<Case>> {
    let shapes: [([usize; 4], [usize; 3], Conv2d); 9] = [
        ([1, 5, 7, 3], [4, 1, 1], Conv2d::square(1, 0)),
        ([2, 7, 5, 6], [5, 1, 1], Conv2d::square(2, 0)),
        ([1, 6, 9, 5], [3, 3, 3], Conv2d::square(1, 1)),
        ([2, 9, 6, 4], [7, 3, 3], Conv2d::square(2, 1)),
        ([1, 11, 13, 12], [3, 7, 7], Conv2d::square(2, 3)),
        ([1, 9, 8, 2], [2, 7, 7], Conv2d::square(1, 3)),
        ([3, 1, 1, 1], [1, 3, 3], Conv2d::square(1, 1)),
        (
            [2, 6, 8, 3],
            [33, 3, 2],
            Conv2d {
                stride: [1, 2],
                padding: [0, 1],
                precision: Precision::F32,
            },
        ),
        (
            [2, 6, 8, 3],
            [5, 3, 2],
            Conv2d {
                stride: [1, 2],
                padding: [0, 1],
                precision: Precision::F32,
            },
        ),
    ];
    let case = |&(x, [k, r, s], options): &([usize; 4], [usize; 3], Conv2d)| {
        let name = format!("conv2d of {x:?} with {k} {r}x{s}, {options:?}");
        let inputs: [(&str, &[usize]); 3] = [("x", &x), ("w", &[k, r, s, x[3]]), ("bias", &[k])];
        case(&name, Operation::Conv2d(options), &inputs)
    };
    shapes.iter().map(case).collect()
}

/// Gradients of a bias from one part of the pixels and from several, the last not full, of one block of channels and
/// two.
pub fn bias_cases() -> Result<Vec<Case>> {
    let shapes: [([usize; 4], usize); 3] = [([2, 3, 5, 1], 5), ([1, 13, 21, 1], 3), ([3, 9, 11, 1], 33)];
    let case = |&(x, k): &([usize; 4], usize)| {
        let inputs: [(&str, &[usize]); 3] = [("x", &x), ("w", &[k, 1, 1, 1]), ("bias", &[k])];
        let operation = Operation::Conv2d(Conv2d::square(1, 0));
        case(&format!("bias of {k} for {x:?}"), operation, &inputs)
    };
    shapes.iter().map(case).collect()
}

#[test]
fn gradients_of_the_bias_agree() -> Result<()> {
    demand_same_as_cpu(&bias_cases()?)
}

#[test]
fn convolution_and_its_gradients_agree() -> Result<()> {
    demand_same_as_cpu(&cases()?)
}
