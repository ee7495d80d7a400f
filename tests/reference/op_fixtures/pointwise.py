"""Elementwise operations, and those that only move values: roll, concatenation, flattening."""

import operator

import torch

from .fixture_file import FixtureFile
from .rules import clamp as clamp_rule

ARITHMETIC = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
}


def relu(file: FixtureFile):
    """The gradient at exactly 0 is 0; a third of the values of `zeros` are 0."""
    for name, shape in [("normal", (2, 3, 5, 7)), ("zeros", (3, 5, 2, 3))]:
        case = file.case(name)
        values = case.normal(*shape)
        if name == "zeros":
            values[case.integers(0, 2, *shape) == 0] = 0.0
        case.differentiate(case.leaf("x", values).relu())


def silu(file: FixtureFile):
    """Small values, and values where the sigmoid rounds to 0 or 1."""
    for name, scale in [("normal", 1.0), ("tiny", 1e-5), ("saturated", 30.0)]:
        case = file.case(name)
        x = case.leaf("x", scale * case.normal(2, 3, 3, 5))
        case.differentiate(torch.nn.functional.silu(x))


def tanh(file: FixtureFile):
    """Small values, and values where the result rounds to 1."""
    for name, scale in [("normal", 1.0), ("tiny", 1e-5), ("saturated", 30.0)]:
        case = file.case(name)
        x = case.leaf("x", scale * case.normal(2, 3, 3, 5))
        case.differentiate(x.tanh())


def clamp(file: FixtureFile):
    """The gradient is 1 inside and at exactly the bounds, 0 outside."""
    for name, low, high in [("unit", 0.0, 1.0), ("asymmetric", -0.75, 0.25)]:
        case = file.case(name, low=low, high=high)
        values = case.uniform(2, 3, 5, 7, low=low - 0.5, high=high + 0.5)
        place = case.integers(0, 4, *values.shape)
        values[place == 0] = low
        values[place == 1] = high
        case.differentiate(clamp_rule(case.leaf("x", values), low, high))


def arithmetic(file: FixtureFile):
    """a [N,C,H,W] with b of the same shape, [C], [] or [N,1,1,1]; y = a <operation> b."""
    shape = (2, 5, 2, 3)
    for operation in ARITHMETIC:
        for kind, b_shape in [
            ("same", shape),
            ("channel", (5,)),
            ("scalar", ()),
            ("sample", (2, 1, 1, 1)),
        ]:
            case = file.case(f"{operation}_{kind}", operation=operation, b=kind)
            a = case.leaf("a", case.normal(*shape))
            # Away from 0, so that quotients stay moderate; both signs.
            sign = 2.0 * case.integers(0, 1, *b_shape) - 1.0
            b = case.leaf("b", sign * case.uniform(*b_shape, low=0.5, high=2.0))
            operand = b[:, None, None] if kind == "channel" else b
            case.differentiate(ARITHMETIC[operation](a, operand))


def roll(file: FixtureFile):
    """x [N,C,H,W]; image n moves down by shifts[n,0] and right by shifts[n,1], circularly."""
    for name, shape, shifts in [
        ("mixed_signs", (3, 2, 5, 7), [[1, -2], [-3, 3], [0, 0]]),
        ("one_axis", (2, 3, 4, 3), [[0, 1], [-1, 0]]),
        ("beyond_size", (2, 3, 2, 3), [[3, -4], [-5, 7]]),
    ]:
        case = file.case(name)
        x = case.leaf("x", case.normal(*shape))
        case.record(shifts=torch.tensor(shifts))
        case.differentiate(
            torch.stack([torch.roll(image, s, dims=(-2, -1)) for image, s in zip(x, shifts)])
        )


def concat_channels(file: FixtureFile):
    """x0, x1, ... [N,Ci,H,W] side by side on the channel axis."""
    for name, channels in [("two", (3, 5)), ("three", (1, 4, 2)), ("four", (3, 3, 1, 6))]:
        case = file.case(name, inputs=len(channels))
        inputs = [case.leaf(f"x{i}", case.normal(2, c, 3, 5)) for i, c in enumerate(channels)]
        case.differentiate(torch.cat(inputs, dim=1))


def flatten(file: FixtureFile):
    """x [N,C,H,W] to y [N,C*H*W] in the order channel, row, column."""
    for name, shape in [("odd", (3, 5, 2, 3)), ("single_pixel", (2, 7, 1, 1))]:
        case = file.case(name)
        case.differentiate(case.leaf("x", case.normal(*shape)).flatten(1))
