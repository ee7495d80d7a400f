"""Weights files as PyTorch writes them, and what is in them.

    python make_weights_fixtures.py           write tests/fixtures/weights/
    python make_weights_fixtures.py --check   compare PyTorch's reading of the written files with their contents

README.md describes the files.
"""

import argparse
import sys
from collections import OrderedDict
from pathlib import Path

import numpy
import torch
from safetensors.torch import load_file, save_file

from op_fixtures.formula import centred

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "weights"
FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
INTEGERS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


def types() -> dict:
    """Tensors of every type, and every kind of view of a storage."""
    tensors = {}
    for dtype in FLOATS:
        values = torch.tensor([0.0, -0.0, 1.5, -2.25, 6.0e-8, 65504.0, float("inf"), float("nan")])
        tensors[str(dtype).removeprefix("torch.")] = values.to(dtype)
    for dtype in INTEGERS:
        tensors[str(dtype).removeprefix("torch.")] = torch.tensor([0, 1, 2, 100, -1]).to(dtype)
    whole = centred("views", 4, 3, 2).float()
    tensors["view.whole"] = whole
    tensors["view.part"] = whole[1:3, 1]
    tensors["view.transposed"] = whole.permute(2, 0, 1)
    tensors["view.stepped"] = whole[::2, :, 1]
    tensors["view.repeated"] = whole[0, 0].expand(3, 2)
    tensors["scalar"] = torch.tensor(3.5)
    tensors["empty"] = torch.zeros(0, 4)
    tensors["parameter"] = torch.nn.Parameter(centred("parameter", 5).float())
    return tensors


def network() -> torch.nn.Module:
    """Layers with the names that a state dict of a network has, without learned values that change."""
    layers = [("conv1", torch.nn.Conv2d(3, 4, 3, bias=False)), ("bn1", torch.nn.BatchNorm2d(4))]
    net = torch.nn.Sequential(OrderedDict(layers + [("fc", torch.nn.Linear(4, 2))]))
    state = net.state_dict()
    for name, tensor in state.items():
        state[name] = torch.tensor(7) if name.endswith("tracked") else centred(name, *tensor.shape).float()
    net.load_state_dict(state)
    return net


def training(net: torch.nn.Module) -> dict:
    """What trainings keep: weights under the names of data parallelism, an optimiser's state, some numbers."""
    optimiser = torch.optim.Adam(net.parameters())
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    state = OrderedDict((f"module.{name}", tensor.clone()) for name, tensor in net.state_dict().items())
    optimiser.step()
    return {
        "epoch": 3,
        "arch": "small",
        "best": numpy.float64(0.5),
        "state_dict": state,
        "optimizer": optimiser.state_dict(),
    }


def contents() -> dict:
    """The value that is saved, by the name of its file."""
    net = network()
    return {"types": types(), "network": net.state_dict(), "training": training(network())}


def plain(value) -> dict:
    """The tensors that a reader should find, by name."""
    state = value.get("state_dict", value)
    return {name.removeprefix("module."): t.detach().clone().contiguous() for name, t in state.items()}


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether type, shape and every bit are equal; NaN is not equal to itself."""
    bits = [t.contiguous().reshape(-1).view(torch.uint8) for t in (a, b)]
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(*bits)


def write() -> None:
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for name, value in contents().items():
        save_file(plain(value), FIXTURES / f"{name}.safetensors")
        torch.save(value, FIXTURES / f"{name}_zip.pth")
        torch.save(value, FIXTURES / f"{name}_legacy.pth", _use_new_zipfile_serialization=False)
    # Two kinds of file that are more than weights, and are to be refused.
    net = network()
    torch.save(net, FIXTURES / "refused_module.pth")
    torch.jit.script(torch.nn.Linear(1, 1)).save(FIXTURES / "refused_script.pt")


def check() -> bool:
    fine = True
    for name in contents():
        expected = load_file(FIXTURES / f"{name}.safetensors")
        for form in ["zip", "legacy"]:
            path = FIXTURES / f"{name}_{form}.pth"
            found = plain(torch.load(path, weights_only=False))
            equal = found.keys() == expected.keys() and all(same(found[k], expected[k]) for k in found)
            print(f"{path.name}: {'as written' if equal else 'DIFFERS'}")
            fine &= equal
    return fine


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the written files")
    if parser.parse_args().check:
        sys.exit(0 if check() else 1)
    write()
