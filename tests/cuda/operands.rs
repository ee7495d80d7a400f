//! Operands of cases on the device, and the comparison of a kernel's host code with the CPU.

use crossmax::Result;
use crossmax::device::{Accelerator, DeviceAddress, DeviceAllocation};
use crossmax::tensor::{Shape, Tensor};
use crossmax::testing::formula::centred;
use crossmax::testing::{Case, Input, Operation, Outcome, Place, Report, Tolerance};

/// Runs a case's operation and its gradients on a device by launching the kernels themselves.
pub type HostCode = fn(&dyn Accelerator, &Case) -> Result<Outcome>;

/// A tensor on the device, in f32.
pub struct Operand<'a> {
    accelerator: &'a dyn Accelerator,
    memory: DeviceAllocation,
    shape: Shape,
}

impl<'a> Operand<'a> {
    /// With these values.
    pub fn put(accelerator: &'a dyn Accelerator, values: &Tensor<f64>) -> Result<Self> {
        let operand = Self::empty(accelerator, *values.shape())?;
        let values = values.cast::<f32>()?;
        accelerator.copy_to_device(bytemuck::cast_slice(&values.to_vec()?), &operand.memory)?;
        Ok(operand)
    }

    /// With arbitrary content.
    pub fn empty(accelerator: &'a dyn Accelerator, shape: impl Into<Shape>) -> Result<Self> {
        let shape = shape.into();
        let memory = accelerator.allocate(shape.len() * size_of::<f32>())?;
        Ok(Self {
            accelerator,
            memory,
            shape,
        })
    }

    pub fn address(&self) -> DeviceAddress {
        self.memory.address()
    }

    pub fn len(&self) -> usize {
        self.shape.len()
    }

    pub fn get(&self) -> Result<Tensor<f64>> {
        let mut values = vec![0.0_f32; self.shape.len()];
        let bytes = bytemuck::cast_slice_mut(&mut values);
        self.accelerator.copy_to_host(&self.memory, bytes)?;
        Tensor::from_slice(self.shape, &values)?.cast()
    }
}

/// A case with numbers in [-1, 1) as inputs. What it expects is left to the CPU.
pub fn case(name: &str, operation: Operation, inputs: &[(&str, &[usize])]) -> Result<Case> {
    let values = |name: String, shape: &[usize]| Tensor::from_fn(shape, |i| 2.0 * centred(&name, i));
    let inputs: Vec<Input> = inputs
        .iter()
        .map(|&(input, shape)| Input {
            name: input.to_owned(),
            value: values(format!("{name}.{input}"), shape),
        })
        .collect();
    let mut case = Case {
        name: name.to_owned(),
        operation,
        inputs,
        cotangent: Tensor::zeros([1]),
        expected: Outcome {
            value: Tensor::zeros([1]),
            gradients: Vec::new(),
        },
        tolerance: Tolerance::USUAL,
    };
    let leaves: Vec<_> = case.inputs.iter().map(|input| input.value.clone()).collect();
    let leaves: Vec<_> = leaves
        .into_iter()
        .map(crossmax::autograd::Var::constant)
        .collect();
    let output = case.operation.apply::<f64>(&leaves, &Place::Cpu)?;
    let shape: Vec<usize> = output.dims().to_vec();
    case.cotangent = values(format!("{name}.cotangent"), &shape);
    case.expected = case.evaluate::<f64>(&Place::Cpu)?;
    Ok(case)
}

/// Compares `host_code` on a device with the CPU in f64, output and gradients.
pub fn compare(accelerator: &dyn Accelerator, cases: &[Case], host_code: HostCode) -> Result<Report> {
    let mut report = Report::default();
    for case in cases {
        let found = host_code(accelerator, case)?;
        report.extend(case.compare::<f32>(&found, &case.expected)?);
    }
    Ok(report)
}

/// Several orders of threads and blocks, and layouts of memory.
pub const SEEDS: [u64; 3] = [1, 2, 3];

/// Demands agreement in several orders of threads and blocks.
pub fn demand_agreement(cases: &[Case], host_code: HostCode) -> Result<()> {
    for seed in SEEDS {
        let accelerator = super::emulated::Emulated::open(seed);
        let report = compare(accelerator.as_ref(), cases, host_code)?;
        assert!(report.passed(), "{}: {report}", accelerator.name());
    }
    Ok(())
}
