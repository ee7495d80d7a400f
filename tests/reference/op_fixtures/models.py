"""Two small residual networks whose weights and inputs come from the formula."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .fixture_file import FixtureFile
from .formula import centred, unit

PROBES = 16


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, the stride in the first (arXiv 1512.03385, figure 5 left)."""

    expansion = 1

    def __init__(self, c_in, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = _projection(c_in, planes, stride)

    def forward(self, x):
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y))
        return (y + _shortcut(self.downsample, x)).relu()


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions, the stride in the 3x3 one (torchvision's "v1.5")."""

    expansion = 4

    def __init__(self, c_in, planes, stride):
        super().__init__()
        c_out = planes * self.expansion
        self.conv1 = nn.Conv2d(c_in, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, c_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(c_out)
        self.downsample = _projection(c_in, c_out, stride)

    def forward(self, x):
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        return (y + _shortcut(self.downsample, x)).relu()


def _projection(c_in, c_out, stride):
    if c_in == c_out and stride == 1:
        return None
    return nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))


def _shortcut(downsample, x):
    return x if downsample is None else downsample(x)


class ResNet(nn.Module):
    """Stem, stages, average pooling and classifier under torchvision's names."""

    def __init__(self, block, c_in, stem, widths, strides, blocks, classes):
        super().__init__()
        kernel, stride, padding = stem["kernel"], stem["stride"], stem["padding"]
        self.conv1 = nn.Conv2d(c_in, widths[0], kernel, stride, padding, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.max_pool = stem["max_pool"]
        self.stages = len(widths)
        channels = widths[0]
        for stage, (planes, stride) in enumerate(zip(widths, strides), start=1):
            layer = nn.Sequential()
            for index in range(blocks):
                layer.append(block(channels, planes, stride if index == 0 else 1))
                channels = planes * block.expansion
            self.add_module(f"layer{stage}", layer)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        if self.max_pool:
            x = F.max_pool2d(x, 3, 2, 1)
        for stage in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        return self.fc(x.mean(dim=(2, 3)))


def _initial_value(name: str, shape) -> torch.Tensor:
    """The value of a parameter or buffer; README.md lists the scales."""
    v = centred(name, *shape)
    kind = name.rsplit(".", 1)[-1]
    if kind == "weight" and len(shape) > 1:
        fan_in = math.prod(shape[1:])
        return 2 * math.sqrt(3 / fan_in) * v
    if kind == "weight":
        return 1 + 0.2 * v
    if kind == "running_var":
        return 1 + 0.5 * v.abs()
    if kind in ("bias", "running_mean"):
        return 0.2 * v
    raise ValueError(f"no scale for {name}")


def digest(gradient: torch.Tensor, name: str) -> torch.Tensor:
    """Norm, two projections on hash vectors and up to 16 evenly spaced entries."""
    flat = gradient.flatten()
    probes = min(PROBES, len(flat))
    stride = len(flat) // probes
    projections = [flat @ centred(f"{name}.projection{p}", len(flat)) for p in (0, 1)]
    return torch.cat([torch.stack([flat.norm(), *projections]), flat[::stride][:probes]])


def _record(file: FixtureFile, name: str, block, input_shape, config: dict):
    case = file.case(name, input=input_shape, block=block.__name__, **config)
    network = ResNet(block, input_shape[1], **config).double()
    buffers = {k: b for k, b in network.named_buffers() if not k.endswith("num_batches_tracked")}
    with torch.no_grad():
        for key, tensor in [*network.named_parameters(), *buffers.items()]:
            tensor.copy_(_initial_value(f"{name}.{key}", tensor.shape))
    dy = centred(f"{name}.dy", input_shape[0], config["classes"])

    for mode in ("eval", "train"):
        network.train(mode == "train")
        x = unit(f"{name}.x", *input_shape).requires_grad_()
        logits = network(x)
        parameters = dict(network.named_parameters())
        dx, *gradients = torch.autograd.grad(logits, [x, *parameters.values()], dy)
        digests = {f"{mode}.dx": digest(dx, f"{name}.dx")}
        for key, gradient in zip(parameters, gradients):
            digests[f"{mode}.grad.{key}"] = digest(gradient, f"{name}.{key}")
        case.record(**{f"{mode}.logits": logits}, **digests)
    # One training step has updated the running statistics; evaluation left them alone.
    case.record(**{f"train.{key}": buffer for key, buffer in buffers.items()})


def models(file: FixtureFile):
    """Logits, gradient digests and running statistics, in evaluation and in training mode."""
    _record(
        file,
        "basic",
        BasicBlock,
        (3, 12, 32, 32),
        {
            "stem": {"kernel": 3, "stride": 2, "padding": 1, "max_pool": False},
            "widths": [16, 32, 64],
            "strides": [1, 2, 2],
            "blocks": 2,
            "classes": 10,
        },
    )
    _record(
        file,
        "bottleneck",
        Bottleneck,
        (2, 3, 48, 48),
        {
            "stem": {"kernel": 7, "stride": 2, "padding": 3, "max_pool": True},
            "widths": [4, 8, 16, 32],
            "strides": [1, 2, 2, 2],
            "blocks": 1,
            "classes": 7,
        },
    )
