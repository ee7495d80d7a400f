"""Convolution, batch normalisation, linear layers, matrix products and pooling."""

import torch
import torch.nn.functional as F

from .fixture_file import FixtureFile


def conv2d(file: FixtureFile):
    """x [N,Cin,H,W], w [Cout,Cin,KH,KW], optional b [Cout]."""
    cases = [
        # name, x shape, Cout, kernel, stride, padding, bias
        ("k1", (3, 5, 4, 7), 7, (1, 1), (1, 1), (0, 0), True),
        ("k1_stride2", (2, 6, 7, 5), 3, (1, 1), (2, 2), (0, 0), False),
        ("k3_pad1", (3, 3, 7, 5), 5, (3, 3), (1, 1), (1, 1), False),
        ("k3_stem12", (1, 12, 9, 6), 7, (3, 3), (2, 2), (1, 1), False),
        ("k3_unpadded", (1, 3, 6, 9), 5, (3, 3), (1, 1), (0, 0), True),
        ("k3_stride21", (2, 5, 8, 7), 3, (3, 3), (2, 1), (1, 0), True),
        # 8 rows hold 3 positions of a 3-row kernel at stride 2 and leave the last row unused;
        # 9 columns hold 3 at stride 3 with nothing left, 10 leave one.
        ("k3_unused_border", (2, 3, 8, 10), 5, (3, 3), (2, 3), (0, 0), False),
        ("k7_stem12", (1, 12, 9, 7), 3, (7, 7), (2, 2), (3, 3), False),
        ("k7_pad3", (3, 1, 5, 8), 3, (7, 7), (1, 1), (3, 3), True),
        ("k3x5", (1, 5, 6, 9), 7, (3, 5), (1, 1), (0, 1), True),
        ("k3x5_stride12", (3, 3, 5, 8), 5, (3, 5), (1, 2), (1, 3), False),
    ]
    for name, shape, c_out, kernel, stride, padding, has_bias in cases:
        case = file.case(name, stride=stride, padding=padding)
        x = case.leaf("x", case.normal(*shape))
        w = case.leaf("w", case.normal(c_out, shape[1], *kernel))
        b = case.leaf("b", case.normal(c_out)) if has_bias else None
        case.differentiate(F.conv2d(x, w, b, stride=stride, padding=padding))


def batch_norm(file: FixtureFile):
    """x [N,C,H,W] or [N,C]; w and b [C]; running statistics before and after the updates."""
    shapes = {
        "2d": (3, 5, 4, 7),
        "2d_single_image": (1, 3, 5, 2),
        "2d_two_values": (2, 7, 1, 1),
        "1d": (5, 9),
        "1d_two_rows": (2, 3),
    }
    for shape_name, shape in shapes.items():
        for training in (True, False):
            momentum, eps = 0.1, 1e-5
            case = file.case(
                f"{shape_name}_{'train' if training else 'eval'}",
                training=training,
                momentum=momentum,
                eps=eps,
            )
            channels = shape[1]
            x = case.leaf("x", 0.7 + 1.3 * case.normal(*shape))
            w = case.leaf("w", case.uniform(channels, low=-1.5, high=1.5))
            b = case.leaf("b", case.normal(channels))
            mean = case.normal(channels)
            var = case.uniform(channels, low=0.3, high=2.0)
            case.record(running_mean=mean, running_var=var)
            y = F.batch_norm(x, mean, var, w, b, training, momentum, eps)
            case.differentiate(y)
            if training:
                # F.batch_norm updates mean and var in place, var with the unbiased estimate.
                case.record(running_mean_1=mean, running_var_1=var)
                F.batch_norm(x, mean, var, w, b, training, momentum, eps)
                case.record(running_mean_2=mean, running_var_2=var)


def linear(file: FixtureFile):
    """x [N,in], w [out,in], optional b [out]; y = x w^T + b."""
    for name, (n, d_in, d_out), has_bias in [
        ("bias", (3, 7, 5), True),
        ("no_bias", (2, 9, 3), False),
        ("single_row", (1, 13, 10), True),
        ("single_output", (3, 5, 1), True),
    ]:
        case = file.case(name)
        x = case.leaf("x", case.normal(n, d_in))
        w = case.leaf("w", case.normal(d_out, d_in))
        b = case.leaf("b", case.normal(d_out)) if has_bias else None
        case.differentiate(F.linear(x, w, b))


def matmul(file: FixtureFile):
    """a [m,k] times b [k,n]."""
    for m, k, n in [(3, 7, 5), (1, 9, 6), (5, 1, 3), (17, 33, 9)]:
        case = file.case(f"m{m}_k{k}_n{n}")
        a = case.leaf("a", case.normal(m, k))
        b = case.leaf("b", case.normal(k, n))
        case.differentiate(a @ b)


def max_pool2d(file: FixtureFile):
    """x [N,C,H,W]; the first maximum of a window, in row-major order, gets the gradient."""
    for name, shape in [("odd", (2, 3, 7, 5)), ("mixed", (1, 5, 6, 9)), ("tiny", (3, 2, 1, 3))]:
        for ties in (False, True):
            case = file.case(
                f"{name}_ties" if ties else name, kernel=[3, 3], stride=[2, 2], padding=[1, 1]
            )
            values = case.integers(-2, 2, *shape).double() if ties else case.normal(*shape)
            x = case.leaf("x", values)
            case.differentiate(F.max_pool2d(x, 3, 2, 1))


def global_avg_pool(file: FixtureFile):
    """x [N,C,H,W], y [N,C]."""
    for name, shape in [("odd", (3, 5, 3, 7)), ("single_pixel", (2, 3, 1, 1))]:
        case = file.case(name)
        x = case.leaf("x", case.normal(*shape))
        case.differentiate(x.mean(dim=(2, 3)))


def avg_pool2d(file: FixtureFile):
    """x [N,C,H,W], windows that lie wholly inside the image."""
    for name, shape, kernel, stride in [
        ("k2_stride2", (2, 3, 6, 8), (2, 2), (2, 2)),
        ("k2_stride2_unused_border", (1, 5, 7, 5), (2, 2), (2, 2)),
        ("k3_stride2", (3, 2, 7, 9), (3, 3), (2, 2)),
        ("k2x3", (2, 3, 6, 9), (2, 3), (2, 3)),
        ("k2x3_overlapping", (1, 3, 5, 7), (2, 3), (1, 2)),
    ]:
        case = file.case(name, kernel=kernel, stride=stride)
        x = case.leaf("x", case.normal(*shape))
        case.differentiate(F.avg_pool2d(x, kernel, stride))
