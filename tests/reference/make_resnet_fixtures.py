"""Torchvision's ResNets in float64: logits, digests of all gradients, and how far float32 is from them.

    python make_resnet_fixtures.py           write tests/fixtures/resnets/*.safetensors
    python make_resnet_fixtures.py --check   recompute and compare with the written files

README.md describes the files.
"""

import argparse
import math
import sys
from pathlib import Path

import torch
import torchvision
from safetensors import safe_open

from op_fixtures.fixture_file import FixtureFile
from op_fixtures.formula import centred, unit
from op_fixtures.models import PROBES, digest

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "resnets"
CLASSES = 100
# (name, torchvision's constructor, input channels)
NETWORKS = [
    ("resnet18", torchvision.models.resnet18, 3),
    ("resnet34", torchvision.models.resnet34, 3),
    ("resnet50", torchvision.models.resnet50, 3),
    ("resnet101", torchvision.models.resnet101, 3),
    ("resnet152", torchvision.models.resnet152, 3),
    ("resnet152_12", torchvision.models.resnet152, 12),
]
# Side of the pictures, and how many: the smaller needs two for the statistics of a batch.
SIZES = [(64, 2), (224, 1)]
TOLERANCE = 1e-9


def value(name: str, shape, last_norms: set) -> torch.Tensor:
    """The value of a parameter or buffer; README.md lists the scales."""
    v = centred(name, *shape)
    kind = name.rsplit(".", 1)[-1]
    if kind == "weight" and len(shape) > 1:
        return 2 * math.sqrt(3 / math.prod(shape[1:])) * v
    if kind == "weight" and name in last_norms:
        return 0.2 * (v + 0.5)
    if kind == "weight":
        return 1 + 0.2 * v
    if kind == "running_var":
        return 1 + 0.5 * v.abs()
    return 0.2 * v


def build(constructor, channels: int) -> torch.nn.Module:
    """The network with the formula's values."""
    network = constructor(weights=None, num_classes=CLASSES)
    if channels != 3:
        network.conv1 = torch.nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    last = "bn2.weight" if isinstance(network.layer1[0], torchvision.models.resnet.BasicBlock) else "bn3.weight"
    tensors = {k: t for k, t in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    last_norms = {k for k in tensors if k.startswith("layer") and k.endswith(last)}
    network.double()
    with torch.no_grad():
        for key, tensor in network.state_dict().items():
            if key in tensors:
                tensor.copy_(value(key, tensor.shape, last_norms))
    return network


def evaluate(network, x, dy, mode: str) -> dict:
    """Logits and all gradients, the input's first."""
    network.train(mode == "train")
    x = x.clone().requires_grad_()
    logits = network(x)
    parameters = dict(network.named_parameters())
    gradients = torch.autograd.grad(logits, [x, *parameters.values()], dy)
    return {"logits": logits.detach(), **dict(zip(["x", *parameters], gradients))}


def padded_digest(gradient: torch.Tensor, name: str) -> torch.Tensor:
    """The digest of the model file, with zeros where a short gradient has fewer entries."""
    row = torch.zeros(3 + PROBES, dtype=torch.float64)
    entries = digest(gradient, name)
    row[: len(entries)] = entries
    return row


def single_precision(network, x, dy, mode: str):
    """Float32 results of equal worth: in both memory layouts, with both libraries, in both orders of the batch.

    Each rounds in its own way. Where that turns the decision of a ReLU, gradients jump by a thousand times the
    rounding, so that the error of one evaluation alone is a matter of luck.
    """
    network, x, dy = network.float(), x.float(), dy.float()
    for layout in (torch.contiguous_format, torch.channels_last):
        network = network.to(memory_format=layout)
        for onednn in (True, False):
            for order in (1, -1):
                rows = list(range(len(x)))[::order]
                if order == -1 and len(x) == 1:
                    continue
                with torch.backends.mkldnn.flags(enabled=onednn):
                    found = evaluate(network, x[rows].to(memory_format=layout), dy[rows], mode)
                for key in ("logits", "x"):
                    found[key] = found[key][rows]
                yield found


def errors(single: dict, exact: dict) -> torch.Tensor:
    """Relative, in the norm: logits, input gradient, all weight gradients together, and the median of them."""
    off = {k: (single[k].double() - exact[k]).norm() for k in exact}
    norm = {k: exact[k].norm() for k in exact}
    weights = [k for k in exact if k not in ("logits", "x")]
    together = [math.sqrt(sum(lengths[k] ** 2 for k in weights)) for lengths in (off, norm)]
    each = torch.stack([off[k] / norm[k] for k in weights])
    results = [off["logits"] / norm["logits"], off["x"] / norm["x"], together[0] / together[1], each.median()]
    return torch.tensor(results, dtype=torch.float64)


def compute(name: str, constructor, channels: int, side: int, images: int) -> FixtureFile:
    """Both modes of one network at one size."""
    file = FixtureFile(f"{name}_{side}")
    x = unit("x", images, channels, side, side)
    dy = centred("dy", images, CLASSES)
    for mode in ("eval", "train"):
        exact = evaluate(build(constructor, channels), x, dy, mode)
        names = [key for key in exact if key != "logits"]
        case = file.case(mode, network=name, input=[images, channels, side, side], gradients=names)
        singles = single_precision(build(constructor, channels), x, dy, mode)
        error = torch.stack([errors(single, exact) for single in singles]).amax(dim=0)
        case.record(
            logits=exact["logits"],
            digests=torch.stack([padded_digest(exact[k], k) for k in names]),
            float32_error=error,
        )
    return file


def check(path: Path, file: FixtureFile) -> bool:
    """Whether the stored float64 values are these, but for the order of sums."""
    ok = True
    with safe_open(path, "pt") as stored:
        for key, tensor in file.tensors().items():
            if key.endswith("float32_error"):
                continue  # rounding errors are a machine's own
            off = (stored.get_tensor(key) - tensor).abs().amax() / tensor.abs().amax()
            if not off <= TOLERANCE:
                print(f"{path.name}: {key} is off by {off:.1e}")
                ok = False
    return ok


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    FIXTURES.mkdir(parents=True, exist_ok=True)
    ok = True
    for name, constructor, channels in NETWORKS:
        for side, images in SIZES:
            file = compute(name, constructor, channels, side, images)
            path = FIXTURES / f"{file.operation}.safetensors"
            if arguments.check:
                ok &= check(path, file)
            else:
                file.save(FIXTURES)
                print(f"{path.stat().st_size:8}  {path.name}")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
