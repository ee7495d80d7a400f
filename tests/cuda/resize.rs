//! `resize.cu` against the CPU.

use super::on_device::demand_same_as_cpu;
use super::operands::case;
use crossmax::Result;
use crossmax::testing::{Case, Operation};

/// Larger, smaller, both at once, the same, and pictures of one pixel.
pub fn cases() -> Result<Vec<Case>> {
    let sizes: [([usize; 4], [usize; 2]); 6] = [
        ([1, 5, 7, 3], [11, 9]),
        ([2, 9, 8, 3], [4, 3]),
        ([1, 6, 7, 1], [13, 2]),
        ([1, 4, 4, 2], [4, 4]),
        ([2, 1, 1, 3], [3, 5]),
        ([1, 8, 3, 4], [1, 1]),
    ];
    let case = |&(x, [height, width]): &([usize; 4], [usize; 2])| {
        let name = format!("resize of {x:?} to {height}x{width}");
        let operation = Operation::ResizeBicubic { height, width };
        case(&name, operation, &[("x", &x)])
    };
    sizes.iter().map(case).collect()
}

#[test]
fn resizing_and_its_adjoint_agree() -> Result<()> {
    demand_same_as_cpu(&cases()?)
}
