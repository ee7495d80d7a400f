"""Bicubic resizing, contrast, colour mixing and the multi-resolution view stack."""

import torch
import torch.nn.functional as F

from .fixture_file import FixtureFile
from .formula import centred, unit
from .rules import assert_away_from, clamp

GRAY_WEIGHTS = (0.2989, 0.587, 0.114)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
NOISE = 0.2


def _bicubic(x, size):
    return F.interpolate(x, size=size, mode="bicubic", align_corners=False, antialias=False)


def bicubic_resize(file: FixtureFile):
    """x [N,C,H,W], half-pixel centres, a = -0.75, edge pixels repeated, no antialiasing."""
    for shape, size in [
        ((1, 1, 32, 32), (16, 16)),
        ((1, 1, 32, 32), (8, 8)),
        ((1, 1, 32, 32), (4, 4)),
        ((1, 1, 4, 4), (32, 32)),
        ((1, 1, 8, 8), (32, 32)),
        ((1, 1, 16, 16), (32, 32)),
        ((2, 3, 7, 7), (5, 5)),
        ((2, 3, 5, 5), (7, 7)),
        ((2, 3, 6, 9), (11, 4)),
        ((1, 1, 8, 8), (27, 27)),
        ((1, 2, 5, 6), (5, 6)),
        ((2, 1, 1, 3), (4, 2)),
    ]:
        case = file.case(f"{shape[2]}x{shape[3]}_to_{size[0]}x{size[1]}", size=size)
        x = case.leaf("x", case.normal(*shape))
        case.differentiate(_bicubic(x, size))


def _contrast(x, amount):
    """torchvision's adjust_contrast: blends each image [.,3,H,W] with its mean gray level."""
    red, green, blue = x.unbind(-3)
    gray = GRAY_WEIGHTS[0] * red + GRAY_WEIGHTS[1] * green + GRAY_WEIGHTS[2] * blue
    mean = gray.mean(dim=(-2, -1))[..., None, None, None]
    blended = amount * x + (1 - amount) * mean
    assert_away_from(blended.detach(), 0.0, 1.0)
    return clamp(blended, 0.0, 1.0)


def _colour_mix(x, amount):
    return amount * x + (1 - amount) * x.mean(dim=-3, keepdim=True)


def _image_with_exact_bounds(values):
    """Puts about an eighth of the values to exactly 0 and another to exactly 1."""
    return (1.25 * values - 0.125).clamp(0.0, 1.0)


def contrast(file: FixtureFile):
    """x [N,3,H,W] in [0,1], amount [N].

    Amount 1 and the black image land exactly on the bounds, where the gradient is 1; amounts
    above 1 leave [0,1], where it is 0.
    """
    for name, amounts, shape in [
        ("below_one", [0.5, 0.83, 0.97], (3, 3, 5, 7)),
        ("exact_bounds", [1.0, 1.0], (2, 3, 4, 3)),
        ("clipped", [1.7, 1.25, 3.0], (3, 3, 3, 5)),
        ("black", [0.6], (1, 3, 2, 3)),
    ]:
        case = file.case(name)
        values = _image_with_exact_bounds(case.uniform(*shape))
        if name == "black":
            values.zero_()
        amount = torch.tensor(amounts, dtype=torch.float64)
        case.record(amount=amount)
        x = case.leaf("x", values)
        case.differentiate(_contrast(x, amount[:, None, None, None]))


def colour_mix(file: FixtureFile):
    """x [N,3,H,W], amount [N]: amount * x + (1 - amount) * mean over the channels."""
    for name, amounts, shape in [
        ("normal", [0.5, 0.77, 1.0], (3, 3, 5, 7)),
        ("beyond_one", [0.0, 1.5], (2, 3, 4, 3)),
    ]:
        case = file.case(name)
        amount = torch.tensor(amounts, dtype=torch.float64)
        case.record(amount=amount)
        x = case.leaf("x", case.uniform(*shape))
        case.differentiate(_colour_mix(x, amount[:, None, None, None]))


def channel_mean(file: FixtureFile):
    """x [N,C,H,W], y [N,1,H,W]."""
    for name, shape in [("rgb", (2, 3, 5, 7)), ("five", (3, 5, 2, 3))]:
        case = file.case(name)
        x = case.leaf("x", case.normal(*shape))
        case.differentiate(x.mean(dim=1, keepdim=True))


def _view(x, resolution, shift, contrast_amount, colour_amount, low_noise, high_noise):
    """One view [3,S,S] of the image x [3,S,S], as the notebook of arXiv 2408.05446 makes it."""
    size = x.shape[-1]
    x = _contrast(x, contrast_amount)
    x = torch.roll(x, shift, dims=(-2, -1))
    x = _colour_mix(x, colour_amount)
    if resolution != size:
        x = _bicubic(x[None], (resolution, resolution))[0]
    x = x + NOISE * low_noise
    if resolution != size:
        x = _bicubic(x[None], (size, size))[0]
    x = x + NOISE * high_noise
    assert_away_from(x.detach(), 0.0, 1.0)
    return clamp(x, 0.0, 1.0)


def view_stack(file: FixtureFile):
    """x [3,S,S] to y [3V,S,S] for V resolutions; the noise and dy come from the formula.

    """
    for size, resolutions, shifts, contrasts, colours in [
        (32, [32, 16, 8, 4], [[2, -3], [-1, 0], [3, 1], [0, -2]], [1.0, 0.53, 0.86, 0.7],
         [0.91, 0.53, 1.0, 0.7]),
        (16, [16, 8, 4], [[-3, 3], [1, -2], [0, 0]], [0.61, 1.0, 0.79], [0.61, 1.0, 0.5]),
    ]:  # fmt: skip
        name = f"image{size}"
        case = file.case(name, resolutions=resolutions, noise=NOISE)
        x = case.leaf("x", _image_with_exact_bounds(case.uniform(3, size, size)))
        case.record(
            shifts=torch.tensor(shifts),
            contrast=torch.tensor(contrasts, dtype=torch.float64),
            colour=torch.tensor(colours, dtype=torch.float64),
        )
        views = []
        for v, resolution in enumerate(resolutions):
            low = unit(f"{name}.low_noise.{v}", 3, resolution, resolution)
            high = unit(f"{name}.high_noise.{v}", 3, size, size)
            views.append(
                _view(x, resolution, shifts[v], contrasts[v], colours[v], low, high)
            )
        stacked = torch.cat(views)
        repeats = len(resolutions)
        mean = torch.tensor(IMAGENET_MEAN * repeats, dtype=torch.float64)[:, None, None]
        std = torch.tensor(IMAGENET_STD * repeats, dtype=torch.float64)[:, None, None]
        dy = centred(f"{name}.dy", *stacked.shape)
        case.differentiate((stacked - mean) / std, dy)
        # The formula gives dy back, and storing it would double the file.
        del case.tensors["dy"]
