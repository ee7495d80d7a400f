"""Sum, mean, maximum, top-k, softmax and log-softmax along one axis."""

from .fixture_file import FixtureFile
from .rules import top_k as top_k_rule

SHAPES = [("last", (3, 4, 7), 2), ("middle", (2, 5, 3), 1), ("first", (5, 3, 2), 0)]


def sum_(file: FixtureFile):
    """The axis is removed."""
    for name, shape, axis in SHAPES:
        case = file.case(name, axis=axis)
        case.differentiate(case.leaf("x", case.normal(*shape)).sum(axis))


def mean(file: FixtureFile):
    """The axis is removed."""
    for name, shape, axis in SHAPES:
        case = file.case(name, axis=axis)
        case.differentiate(case.leaf("x", case.normal(*shape)).mean(axis))


def max_(file: FixtureFile):
    """The axis is removed; the lowest index that attains the maximum gets the gradient."""
    for name, shape, axis in SHAPES:
        for ties in (False, True):
            case = file.case(f"{name}_ties" if ties else name, axis=axis)
            values = case.integers(-1, 1, *shape).double() if ties else case.normal(*shape)
            y, indices = top_k_rule(case.leaf("x", values), 1, axis)
            case.record(indices=indices.squeeze(axis))
            case.differentiate(y.squeeze(axis))


def top_k(file: FixtureFile):
    """The axis shrinks to k, largest first, of equal values the lower index first."""
    k = 3
    for name, shape, axis in [*SHAPES, ("all", (2, k), 1)]:
        for ties in (False, True):
            case = file.case(f"{name}_ties" if ties else name, axis=axis, k=k)
            values = case.integers(-1, 1, *shape).double() if ties else case.normal(*shape)
            y, indices = top_k_rule(case.leaf("x", values), k, axis)
            case.record(indices=indices)
            case.differentiate(y)


def _last_axis(file: FixtureFile, function: str):
    for name, shape, scale in [
        ("normal", (3, 7), 1.0),
        ("three_axes", (2, 3, 5), 3.0),
        ("single_class", (2, 1), 1.0),
    ]:
        case = file.case(name)
        x = case.leaf("x", scale * case.normal(*shape))
        case.differentiate(getattr(x, function)(-1))
    case = file.case("huge")
    values = case.normal(4, 5)
    values[0, 2] = 1e3
    values[1, 0] = -1e3
    values[2] += 1e3
    values[3] -= 1e3
    case.differentiate(getattr(case.leaf("x", values), function)(-1))


def softmax(file: FixtureFile):
    """Along the last axis; `huge` would overflow without subtracting the maximum."""
    _last_axis(file, "softmax")


def log_softmax(file: FixtureFile):
    """Along the last axis; `huge` would overflow without subtracting the maximum."""
    _last_axis(file, "log_softmax")
