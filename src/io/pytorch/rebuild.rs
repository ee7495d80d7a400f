//! Tensors from the calls that would have rebuilt them.

use super::globals::{OLD_TENSOR, PARAMETER, TENSOR};
use super::storage::{StorageRef, Storages, whole};
use crate::io::pickle::{Call, Sequence, Value, View};
use crate::io::{NumberType, Stored};
use crate::tensor::MAX_RANK;

/// Whether `value` is a tensor, whole or not.
pub fn is_tensor(value: Value<'_>) -> bool {
    matches!(value.view(), View::Call(call) if [TENSOR, OLD_TENSOR, PARAMETER].contains(&call.callee()))
}

/// A tensor as the pickle describes it.
pub struct TensorRef {
    storage: StorageRef,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl TensorRef {
    /// Reads what `value`, which [`is_tensor`], describes.
    ///
    /// # Errors
    /// What was found instead.
    pub fn read(value: Value<'_>) -> Result<Self, String> {
        let View::Call(call) = value.view() else {
            return Err(value.describe());
        };
        let call = match call.callee() == PARAMETER {
            true => inner(call).ok_or("a parameter that is no tensor")?,
            false => call,
        };
        // (storage, offset, shape, strides, …)
        let arguments = call.arguments().ok_or("a tensor without its arguments")?;
        let storage = StorageRef::read(arguments.get(0).ok_or("a tensor without a storage")?)?;
        let offset = whole(arguments.get(1)).ok_or("a tensor without an offset")?;
        let [shape, strides] = [2, 3].map(|at| arguments.get(at).and_then(lengths));
        let shape = shape.ok_or("a tensor without a shape")?;
        let strides = strides.ok_or("a tensor without strides")?;
        if shape.len() != strides.len() || shape.len() > MAX_RANK {
            return Err(format!("{} axes and {} strides", shape.len(), strides.len()));
        }
        Ok(Self {
            storage,
            offset,
            shape,
            strides,
        })
    }

    /// How many numbers it has, and bytes they take in the file's type.
    ///
    /// # Errors
    /// The shape, if there cannot be so many.
    pub fn size(&self) -> Result<(usize, usize), String> {
        let numbers = self
            .shape
            .iter()
            .try_fold(1_usize, |n, &axis| n.checked_mul(axis));
        let sized = numbers.and_then(|numbers| Some((numbers, numbers.checked_mul(self.kind().bytes())?)));
        sized.ok_or_else(|| format!("the shape {:?}", self.shape))
    }

    /// Name of the storage that it is a view of.
    pub fn storage(&self) -> &str {
        &self.storage.key
    }

    /// Type of its numbers.
    pub fn kind(&self) -> NumberType {
        self.storage.kind
    }

    /// Its numbers, row by row.
    ///
    /// # Errors
    /// What was found instead: a view that leaves its storage, or a storage that is not there.
    pub fn resolve(&self, storages: &Storages<'_>) -> Result<Stored, String> {
        let bytes = storages.get(&self.storage)?;
        let (numbers, size) = self.size()?;
        let (kind, each) = (self.kind(), self.kind().bytes());
        let outside = || {
            format!(
                "a tensor that reaches out of the storage {:.32}",
                self.storage.key
            )
        };
        if numbers == 0 {
            return kind.decode(&self.shape, &[]);
        }
        let last = self
            .shape
            .iter()
            .zip(&self.strides)
            .try_fold(self.offset, |at, (&axis, &stride)| {
                at.checked_add((axis - 1).checked_mul(stride)?)
            });
        let end = last.and_then(|last| last.checked_add(1)?.checked_mul(each));
        if end.is_none_or(|end| end > bytes.len()) {
            return Err(outside());
        }
        let start = self.offset * each;
        if self.is_contiguous() {
            let inside = bytes.get(start..start + size).ok_or_else(outside)?;
            return kind.decode(&self.shape, inside);
        }
        let mut gathered = Vec::with_capacity(size);
        let mut at = vec![0; self.shape.len()];
        for _ in 0..numbers {
            let element: usize = at.iter().zip(&self.strides).map(|(&i, &stride)| i * stride).sum();
            let first = start + element * each;
            gathered.extend_from_slice(bytes.get(first..first + each).ok_or_else(outside)?);
            advance(&mut at, &self.shape);
        }
        kind.decode(&self.shape, &gathered)
    }

    fn is_contiguous(&self) -> bool {
        let mut needed = 1;
        self.shape
            .iter()
            .zip(&self.strides)
            .rev()
            .all(|(&axis, &stride)| {
                let fits = axis == 1 || stride == needed;
                needed *= axis;
                fits
            })
    }
}

/// The next index of an array of this shape, the last axis first.
fn advance(index: &mut [usize], shape: &[usize]) {
    for (i, &axis) in index.iter_mut().zip(shape).rev() {
        *i += 1;
        if *i < axis {
            return;
        }
        *i = 0;
    }
}

/// The tensor in a parameter: `_rebuild_parameter(tensor, …)`.
fn inner(call: Call<'_>) -> Option<Call<'_>> {
    match call.arguments()?.get(0)?.view() {
        View::Call(call) if [TENSOR, OLD_TENSOR].contains(&call.callee()) => Some(call),
        _ => None,
    }
}

/// A tuple of whole numbers, plain or as a `torch.Size`.
fn lengths(value: Value<'_>) -> Option<Vec<usize>> {
    let items = |items: Sequence<'_>| items.iter().map(|item| whole(Some(item))).collect();
    match value.view() {
        View::Tuple(tuple) => items(tuple),
        View::Call(call) if call.callee().name == "Size" => match call.arguments()?.get(0)?.view() {
            View::Tuple(tuple) => items(tuple),
            _ => None,
        },
        _ => None,
    }
}
