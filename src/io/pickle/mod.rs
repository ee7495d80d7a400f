//! Pickles, the format of Python's objects, read as data: nothing in them is ever executed.
//!
//! A pickle is a program for a stack machine. Python runs it, and its calls with it; here the
//! machine only notes what would be called: [`Pickle::parse`] gives a graph of [`Value`]s in which
//! a call is a value like any other, for its reader to interpret. The names that may be called are
//! the reader's list of [`Global`]s; a file that names any other is refused.
//!
//! All opcodes of protocols 0 to 5 are known that plain data, numpy arrays and PyTorch's state
//! dicts consist of; not sets, old-style instances, the extension registry and buffers outside the
//! file.
//!
//! Memory is bounded: texts and bytes stay where they are in the file, a value used twice is stored
//! once, and there are at most 2^20 opcodes. A value may contain itself, so readers must not follow
//! values deeper than what they look for.

mod array;
mod machine;
mod node;
mod opcodes;
mod protocol0;
#[cfg(test)]
mod tests;
mod value;

pub use array::{ByteMatrix, NUMPY, byte_matrix};
pub use node::Global;
pub use value::{Call, Mapping, Pickle, Sequence, Value, View};
