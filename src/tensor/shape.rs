//! Shapes of tensors.

use std::fmt;

/// The largest number of axes a tensor can have.
pub const MAX_RANK: usize = 6;

/// The lengths of a tensor's axes, outermost first; at most [`MAX_RANK`] of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    dims: [usize; MAX_RANK],
    rank: usize,
}

impl Shape {
    /// The shape of a scalar: no axes, one element.
    pub const SCALAR: Shape = Shape {
        dims: [1; MAX_RANK],
        rank: 0,
    };

    /// A shape from its axes. Axes beyond [`MAX_RANK`] are folded into the last one that fits, so
    /// that the number of elements is kept; no operation of this crate makes such a shape.
    pub fn new(dims: &[usize]) -> Self {
        let mut shape = Self::SCALAR;
        for (i, &d) in dims.iter().enumerate() {
            shape.dims[i.min(MAX_RANK - 1)] *= d;
        }
        shape.rank = dims.len().min(MAX_RANK);
        shape
    }

    /// The axes, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank]
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.dims().iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Length of axis `axis`; 1 for an axis that the shape does not have.
    pub fn axis(&self, axis: usize) -> usize {
        self.dims().get(axis).copied().unwrap_or(1)
    }

    /// Length of the innermost axis; 1 for a scalar.
    pub fn last(&self) -> usize {
        self.dims().last().copied().unwrap_or(1)
    }

    /// The shape with its first axis replaced by `n` (a scalar becomes a vector).
    pub fn with_first(&self, n: usize) -> Self {
        let mut dims = self.dims().to_vec();
        match dims.first_mut() {
            Some(first) => *first = n,
            None => dims.push(n),
        }
        Self::new(&dims)
    }

    /// Elements before, along and after `axis`: the view (outer, length, inner) that reductions
    /// along an axis use.
    pub fn around(&self, axis: usize) -> (usize, usize, usize) {
        let dims = self.dims();
        let outer = dims.iter().take(axis).product();
        let inner = dims.iter().skip(axis + 1).product();
        (outer, self.axis(axis), inner)
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Self::new(dims)
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(dims: [usize; N]) -> Self {
        Self::new(&dims)
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Self {
        Self::new(&dims)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.dims())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
