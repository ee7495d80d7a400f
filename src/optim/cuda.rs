//! Launches of the optimisers' kernels: one for all parameters of a step, or a few where they are more
//! than the table of a launch holds.

use crate::Result;
use crate::device::kernels::optimiser::{ADAM, AdamArgs, COLUMNS, SGD, SgdArgs, dims};
use crate::device::{Accelerator, DeviceAddress};
use std::sync::Arc;

type Device = Arc<dyn Accelerator>;

/// The memory of one parameter, of its gradient, and of the `N` − 2 tensors that are remembered. What
/// is changed in place is nobody else's.
pub(super) struct Column<const N: usize> {
    pub addresses: [DeviceAddress; N],
    pub elements: usize,
}

/// What waits for its launch, by device. Every tensor must live, where it is, until then.
pub(super) struct Waiting<const N: usize>(Vec<(Device, Vec<Column<N>>)>);

impl<const N: usize> Waiting<N> {
    pub fn new() -> Self {
        Self(Vec::new())
    }

    pub fn push(&mut self, device: &Device, column: Column<N>) {
        match self.0.iter_mut().find(|(known, _)| Arc::ptr_eq(known, device)) {
            Some((_, columns)) => columns.push(column),
            None => self.0.push((Arc::clone(device), vec![column])),
        }
    }

    /// Calls `launch` with a device and at most [`COLUMNS`] columns at a time.
    fn launch_all(&self, launch: impl Fn(&Device, Table<N>) -> Result<()>) -> Result<()> {
        for (device, columns) in &self.0 {
            for columns in columns.chunks(COLUMNS) {
                launch(device, Table::of(columns))?;
            }
        }
        Ok(())
    }
}

/// Columns as a kernel's arguments hold them.
struct Table<const N: usize> {
    addresses: [[DeviceAddress; COLUMNS]; N],
    elements: [u64; COLUMNS],
    count: u32,
    largest: usize,
}

impl<const N: usize> Table<N> {
    /// The table of at most [`COLUMNS`] columns.
    fn of(columns: &[Column<N>]) -> Self {
        let mut table = Self {
            addresses: [[DeviceAddress::NULL; COLUMNS]; N],
            elements: [0; COLUMNS],
            count: 0,
            largest: 0,
        };
        for (at, column) in columns.iter().enumerate().take(COLUMNS) {
            for (row, &address) in table.addresses.iter_mut().zip(&column.addresses) {
                row[at] = address;
            }
            table.elements[at] = column.elements as u64;
            table.count += 1;
            table.largest = table.largest.max(column.elements);
        }
        table
    }
}

/// A step of SGD with the numbers of `numbers`; the third address is the velocity's, or null.
pub(super) fn sgd(waiting: &Waiting<3>, numbers: SgdArgs) -> Result<()> {
    waiting.launch_all(|device, table| {
        let [parameters, gradients, velocities] = table.addresses;
        let args = SgdArgs {
            parameters,
            gradients,
            velocities,
            elements: table.elements,
            ..numbers
        };
        SGD.launch(&**device, dims(table.count, table.largest), &args)
    })
}

/// The same for Adam; the third and fourth address are the moments'.
pub(super) fn adam(waiting: &Waiting<4>, numbers: AdamArgs) -> Result<()> {
    waiting.launch_all(|device, table| {
        let [parameters, gradients, firsts, seconds] = table.addresses;
        let args = AdamArgs {
            parameters,
            gradients,
            firsts,
            seconds,
            elements: table.elements,
            ..numbers
        };
        ADAM.launch(&**device, dims(table.count, table.largest), &args)
    })
}
