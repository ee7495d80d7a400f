"""Gradient and tie rules that PyTorch leaves open or has changed, spelled out."""

import torch


class _Clamp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward((x >= low) & (x <= high))
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx, dy):
        (inside,) = ctx.saved_tensors
        return dy * inside, None, None


def clamp(x, low, high):
    """Clamp whose gradient is 1 at exactly the bounds.

    That was PyTorch's rule when the paper's notebook ran; torch 2.15 gives 0 there.
    """
    return _Clamp.apply(x, low, high)


def sort_descending(x, dim):
    """Values and indices in descending order; of equal values the lower index comes first."""
    indices = x.detach().argsort(dim=dim, descending=True, stable=True)
    return x.gather(dim, indices), indices


def top_k(x, k, dim):
    """The k largest values and their indices, in the order of `sort_descending`."""
    values, indices = sort_descending(x, dim)
    return values.narrow(dim, 0, k), indices.narrow(dim, 0, k)


def first_max(x, dim):
    """The maximum, axis kept, whose whole gradient goes to the lowest index that attains it."""
    return top_k(x, 1, dim)[0]


def assert_away_from(x, *bounds, margin=1e-9):
    """Refuses inputs of a clamp that rounding alone could carry across a bound.

    Values exactly on a bound pass: they are put there on purpose, by operations without rounding.
    """
    for bound in bounds:
        distance = (x - bound).abs()
        if ((distance < margin) & (distance > 0)).any():
            raise ValueError(f"a value lies within {margin} of the bound {bound}; change the case")
