//! How loops are spread over threads and wide registers.
//!
//! Pieces are cut by the data alone, never by the number of threads, and nothing is summed across
//! pieces here, so results do not depend on threads.

use pulp::WithSimd;
use rayon::prelude::*;

/// Elements below which a simple loop is not worth handing to other threads. A sub-batch of an
/// attack stays below it: there whole sub-batches run beside each other, and splitting each once
/// more made the pocket network's forward pass slower on two cores (7.2 ms) than on one (6.1 ms).
pub(crate) const SERIAL_BELOW: usize = 1 << 18;

/// Floating-point operations below which a product is not worth handing to other threads.
pub(crate) const SERIAL_FLOPS: usize = 1 << 26;

/// Runs `f` compiled for the widest instruction set this processor has (AVX-512, AVX2, NEON, …).
///
/// The compiler never fuses a multiplication with an addition by itself, so the results are the
/// same on every instruction set.
#[inline(always)]
pub(crate) fn wide<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// The same for loops that are written in vectors.
#[inline(always)]
pub(crate) fn wide_with<Op: WithSimd>(op: Op) -> Op::Output {
    pulp::Arch::new().dispatch(op)
}

/// Calls `f(i, piece)` for the consecutive pieces of `out` that end at `ends`, in parallel if `worth_it`.
pub(crate) fn pieces_if<T: Send>(
    worth_it: bool,
    out: &mut [T],
    ends: impl Iterator<Item = usize>,
    f: impl Fn(usize, &mut [T]) + Sync,
) {
    let mut rest = out;
    let mut first = 0;
    let pieces = ends.enumerate().map(|(i, end)| {
        let (piece, after) = std::mem::take(&mut rest).split_at_mut(end - first);
        (rest, first) = (after, end);
        (i, piece)
    });
    if worth_it {
        let pieces: Vec<_> = pieces.collect();
        pieces.into_par_iter().for_each(|(i, piece)| f(i, piece));
    } else {
        pieces.for_each(|(i, piece)| f(i, piece));
    }
}

/// Calls `f(i, chunk)` for the consecutive chunks of `chunk` elements of `out`, in parallel where
/// the whole is large enough.
pub(crate) fn chunks<T: Send>(out: &mut [T], chunk: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    chunks_if(out.len() >= SERIAL_BELOW, out, chunk, f);
}

/// The same for loops whose cost is not told by the number of elements: in parallel if `worth_it`.
pub(crate) fn chunks_if<T: Send>(
    worth_it: bool,
    out: &mut [T],
    chunk: usize,
    f: impl Fn(usize, &mut [T]) + Sync,
) {
    let chunk = chunk.max(1);
    if !worth_it || out.len() <= chunk {
        for (i, piece) in out.chunks_mut(chunk).enumerate() {
            f(i, piece);
        }
    } else {
        out.par_chunks_mut(chunk)
            .enumerate()
            .for_each(|(i, piece)| f(i, piece));
    }
}

/// The same for two outputs of the same length that are cut alike: `f(i, one, other)`.
pub(crate) fn chunk_pairs<T: Send>(
    [one, other]: [&mut [T]; 2],
    chunk: usize,
    f: impl Fn(usize, &mut [T], &mut [T]) + Sync,
) {
    let chunk = chunk.max(1);
    if one.len() < SERIAL_BELOW {
        let pairs = one.chunks_mut(chunk).zip(other.chunks_mut(chunk));
        pairs.enumerate().for_each(|(i, (one, other))| f(i, one, other));
    } else {
        one.par_chunks_mut(chunk)
            .zip(other.par_chunks_mut(chunk))
            .enumerate()
            .for_each(|(i, (one, other))| f(i, one, other));
    }
}

/// Elements of a chunk for plain elementwise loops: small enough to stay in the L1/L2 cache.
pub(crate) const ELEMENTWISE: usize = 1 << 14;

/// out[i] = f(i) over chunks with vector code: `f(first, out)` fills `out` from flat index `first`.
pub(crate) fn elementwise<T: Send>(out: &mut [T], f: impl Fn(usize, &mut [T]) + Sync) {
    chunks(out, ELEMENTWISE, |i, piece| wide(|| f(i * ELEMENTWISE, piece)));
}
