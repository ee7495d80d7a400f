"""Networks with pre-activation in float64: logits and input gradients, and a checkpoint as trainings leave it.

    python make_family_fixtures.py           write tests/fixtures/families/
    python make_family_fixtures.py --check   recompute and compare with the written files

The arithmetic is written here from the papers and the names from the published checkpoints: wide ResNets
(arXiv 1605.07146) under the names of TRADES and of DeepMind, pre-activation ResNets (arXiv 1603.05027) under the names of
pytorch-cifar and of DeepMind. README.md describes the files.
"""

import argparse
import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open

from op_fixtures.fixture_file import FixtureFile
from op_fixtures.formula import centred, unit
from op_fixtures.models import digest

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "families"
TOLERANCE = 1e-9
ACTIVATIONS = {"relu": F.relu, "silu": F.silu}
PREACT = {"widths": [6, 8, 10, 12], "blocks": [2, 2, 2, 2], "stem": 6}
# Name of the case, and what the network is made of.
NETWORKS = {
    "wide_10_1": {"family": "wide", "widths": [16, 32, 64], "blocks": [1] * 3, "stem": 16, "activation": "relu"},
    "wide_16_2": {"family": "wide", "widths": [32, 64, 128], "blocks": [2] * 3, "stem": 16, "activation": "relu"},
    "deep_mind_wide_relu": {
        "family": "deep-mind-wide", "widths": [16, 32, 64], "blocks": [1] * 3, "stem": 16, "activation": "relu",
    },
    "deep_mind_wide_silu": {
        "family": "deep-mind-wide", "widths": [32, 64, 128], "blocks": [2] * 3, "stem": 16, "activation": "silu",
    },
    "preact_raw": {"family": "preact", **PREACT, "activation": "relu", "shortcut": "raw", "final_norm": False},
    "preact_activated": {"family": "preact", **PREACT, "activation": "relu", "shortcut": "activated", "final_norm": True},
    "preact_bottleneck": {
        "family": "preact", **PREACT, "activation": "relu", "shortcut": "activated", "final_norm": True, "bottleneck": True,
    },
    "deep_mind_preact": {"family": "deep-mind-preact", **PREACT, "activation": "silu", "shortcut": "raw"},
}
CLASSES = 10
SHAPE = (2, 3, 32, 32)


class Weights:
    """The tensors of a network, made by the formula when they are first asked for."""

    def __init__(self, dtype=torch.float64):
        self.tensors = {}
        self.dtype = dtype

    def get(self, name: str, *shape: int) -> torch.Tensor:
        if name not in self.tensors:
            v = centred(name, *shape)
            kind = name.rsplit(".", 1)[-1]
            if kind == "weight" and len(shape) > 1:
                v = 2 * math.sqrt(3 / math.prod(shape[1:])) * v
            elif kind == "weight":
                v = 1 + 0.2 * v
            elif kind == "running_var":
                v = 1 + 0.5 * v.abs()
            else:
                v = 0.2 * v
            # What a file of float32 holds is what is evaluated.
            self.tensors[name] = v.to(self.dtype).double()
        return self.tensors[name]

    def conv(self, x, name: str, channels: int, kernel: int, stride: int, at_end: bool):
        """A convolution; `at_end`: at stride 2, zeros behind the picture alone."""
        weight = self.get(f"{name}.weight", channels, x.shape[1], kernel, kernel)
        if at_end and kernel == 3 and stride == 2:
            return F.conv2d(F.pad(x, (0, 1, 0, 1)), weight, stride=2)
        return F.conv2d(x, weight, stride=stride, padding=kernel // 2)

    def norm(self, x, name: str):
        parts = [self.get(f"{name}.{part}", x.shape[1]) for part in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(x, *parts, training=False, eps=1e-5)

    def linear(self, x, name: str, outputs: int):
        return F.linear(x, self.get(f"{name}.weight", outputs, x.shape[1]), self.get(f"{name}.bias", outputs))


def wide(weights: Weights, x, net: dict):
    """TRADES' names; blocks 1 to 3; a block that changes its channels activates its input for both ways."""
    act = ACTIVATIONS[net["activation"]]
    y = weights.conv(x, "conv1", net["stem"], 3, 1, False)
    for stage, (width, count) in enumerate(zip(net["widths"], net["blocks"])):
        for index in range(count):
            name = f"block{stage + 1}.layer.{index}"
            stride = 2 if stage > 0 and index == 0 else 1
            inner = act(weights.norm(y, f"{name}.bn1"))
            short = weights.conv(inner, f"{name}.convShortcut", width, 1, stride, False) if y.shape[1] != width else y
            inner = weights.conv(inner, f"{name}.conv1", width, 3, stride, False)
            inner = act(weights.norm(inner, f"{name}.bn2"))
            y = short + weights.conv(inner, f"{name}.conv2", width, 3, 1, False)
    y = act(weights.norm(y, "bn1")).mean(dim=(2, 3))
    return weights.linear(y, "fc", CLASSES)


def deep_mind_wide(weights: Weights, x, net: dict):
    """DeepMind's names; the same but for the padding at stride 2."""
    act = ACTIVATIONS[net["activation"]]
    y = weights.conv(x, "init_conv", net["stem"], 3, 1, True)
    for stage, (width, count) in enumerate(zip(net["widths"], net["blocks"])):
        for index in range(count):
            name = f"layer.{stage}.block.{index}"
            stride = 2 if stage > 0 and index == 0 else 1
            inner = act(weights.norm(y, f"{name}.batchnorm_0"))
            short = weights.conv(inner, f"{name}.shortcut", width, 1, stride, True) if y.shape[1] != width else y
            inner = weights.conv(inner, f"{name}.conv_0", width, 3, stride, True)
            inner = act(weights.norm(inner, f"{name}.batchnorm_1"))
            y = short + weights.conv(inner, f"{name}.conv_1", width, 3, 1, True)
    y = act(weights.norm(y, "batchnorm")).mean(dim=(2, 3))
    return weights.linear(y, "logits", CLASSES)


def preact(weights: Weights, x, net: dict):
    """pytorch-cifar's names; basic blocks, or bottlenecks of four times the channels at their end."""
    act = ACTIVATIONS[net["activation"]]
    bottleneck = net.get("bottleneck", False)
    y = weights.conv(x, "conv1", net["stem"], 3, 1, False)
    for stage, (width, count) in enumerate(zip(net["widths"], net["blocks"])):
        out = 4 * width if bottleneck else width
        for index in range(count):
            name = f"layer{stage + 1}.{index}"
            stride = 2 if stage > 0 and index == 0 else 1
            inner = act(weights.norm(y, f"{name}.bn1"))
            short = y
            if stride != 1 or y.shape[1] != out:
                start = y if net["shortcut"] == "raw" else inner
                short = weights.conv(start, f"{name}.shortcut.0", out, 1, stride, False)
            if bottleneck:
                inner = weights.conv(inner, f"{name}.conv1", width, 1, 1, False)
                inner = weights.conv(act(weights.norm(inner, f"{name}.bn2")), f"{name}.conv2", width, 3, stride, False)
                y = short + weights.conv(act(weights.norm(inner, f"{name}.bn3")), f"{name}.conv3", out, 1, 1, False)
            else:
                inner = weights.conv(inner, f"{name}.conv1", width, 3, stride, False)
                y = short + weights.conv(act(weights.norm(inner, f"{name}.bn2")), f"{name}.conv2", width, 3, 1, False)
    if net["final_norm"]:
        y = act(weights.norm(y, "bn"))
    return weights.linear(y.mean(dim=(2, 3)), "linear", CLASSES)


def deep_mind_preact(weights: Weights, x, net: dict):
    """DeepMind's names; shortcuts are 3x3 convolutions of the block's input."""
    act = ACTIVATIONS[net["activation"]]
    y = weights.conv(x, "conv_2d", net["stem"], 3, 1, True)
    for stage, (width, count) in enumerate(zip(net["widths"], net["blocks"])):
        for index in range(count):
            name = f"layer_{stage}.{index}"
            stride = 2 if stage > 0 and index == 0 else 1
            inner = act(weights.norm(y, f"{name}.batchnorm_0"))
            changes = stride != 1 or y.shape[1] != width
            short = weights.conv(y, f"{name}.shortcut", width, 3, stride, True) if changes else y
            inner = weights.conv(inner, f"{name}.conv_2d_1", width, 3, stride, True)
            inner = act(weights.norm(inner, f"{name}.batchnorm_1"))
            y = short + weights.conv(inner, f"{name}.conv_2d_2", width, 3, 1, True)
    y = act(weights.norm(y, "batchnorm")).mean(dim=(2, 3))
    return weights.linear(y, "logits", CLASSES)


FAMILIES = {
    "wide": wide,
    "deep-mind-wide": deep_mind_wide,
    "preact": preact,
    "deep-mind-preact": deep_mind_preact,
}


def evaluate(net: dict, x, weights: Weights):
    """Logits, and the input gradient at the cotangent centred(`dy`)."""
    x = x.clone().requires_grad_()
    logits = FAMILIES[net["family"]](weights, x, net)
    (dx,) = torch.autograd.grad(logits, x, centred("dy", *logits.shape))
    return logits.detach(), dx


def networks() -> FixtureFile:
    """All networks on the same two pictures."""
    file = FixtureFile("preactivation")
    for name, net in NETWORKS.items():
        weights = Weights()
        logits, dx = evaluate(net, unit("x", *SHAPE), weights)
        shapes = {key: list(tensor.shape) for key, tensor in weights.tensors.items()}
        case = file.case(name, family=net["family"], activation=net["activation"], shapes=shapes)
        case.record(logits=logits, dx=digest(dx, "dx"))
    return file


def checkpoint():
    """A small wide ResNet of float32 numbers as a training leaves it: wrapped, with colours and an unused block; and its
    logits for pictures in [0, 1]."""
    net = {"family": "wide", "widths": [4, 8, 12], "blocks": [1] * 3, "stem": 4, "activation": "relu"}
    weights = Weights(torch.float32)
    mean = torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1)
    std = torch.tensor([0.25, 0.2, 0.3]).view(1, 3, 1, 1)
    x = unit("x", *SHAPE)
    logits = wide(weights, (x - mean.double()) / std.double(), net)
    tensors = {f"module.{name}": tensor.float() for name, tensor in weights.tensors.items()}
    unused = {
        name.replace("block1", "sub_block1"): tensor for name, tensor in tensors.items() if ".block1." in name
    }
    state = {**tensors, **unused, "module.mu": mean, "module.sigma": std}
    file = FixtureFile("checkpoint")
    file.case("wide").record(logits=logits)
    return {"epoch": 76, "state_dict": state}, file


def check(file: FixtureFile) -> bool:
    """Whether the stored values are these, but for the order of sums."""
    ok = True
    with safe_open(FIXTURES / f"{file.operation}.safetensors", "pt") as stored:
        for key, tensor in file.tensors().items():
            off = (stored.get_tensor(key) - tensor).abs().amax() / tensor.abs().amax()
            if not off <= TOLERANCE:
                print(f"{file.operation}: {key} is off by {off:.1e}")
                ok = False
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    FIXTURES.mkdir(parents=True, exist_ok=True)
    state, of_checkpoint = checkpoint()
    files = [networks(), of_checkpoint]
    if arguments.check:
        sys.exit(0 if all([check(file) for file in files]) else 1)
    torch.save(state, FIXTURES / "checkpoint.pth")
    for file in files:
        file.save(FIXTURES)
    for path in sorted(FIXTURES.iterdir()):
        print(f"{path.stat().st_size:8}  {path.name}")


if __name__ == "__main__":
    main()
