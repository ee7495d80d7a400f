"""Float64 reference values of every operation and its gradients, computed by PyTorch.

    python make_op_fixtures.py           write tests/fixtures/ops/*.safetensors
    python make_op_fixtures.py --check   recompute and compare with the written files

README.md describes the files.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from safetensors import safe_open

from op_fixtures import images, layers, losses, models, optimizers, pointwise, reductions
from op_fixtures.fixture_file import FixtureFile

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "ops"
LARGEST_FILE = 250_000
LARGEST_FOLDER = 1_000_000
# Another PyTorch or processor may sum in another order, no more.
TOLERANCE = 1e-11

OPERATIONS = {
    "conv2d": layers.conv2d,
    "batch_norm": layers.batch_norm,
    "linear": layers.linear,
    "matmul": layers.matmul,
    "max_pool2d": layers.max_pool2d,
    "global_avg_pool": layers.global_avg_pool,
    "avg_pool2d": layers.avg_pool2d,
    "relu": pointwise.relu,
    "silu": pointwise.silu,
    "tanh": pointwise.tanh,
    "clamp": pointwise.clamp,
    "arithmetic": pointwise.arithmetic,
    "roll": pointwise.roll,
    "concat_channels": pointwise.concat_channels,
    "flatten": pointwise.flatten,
    "bicubic_resize": images.bicubic_resize,
    "contrast": images.contrast,
    "colour_mix": images.colour_mix,
    "channel_mean": images.channel_mean,
    "view_stack": images.view_stack,
    "sum": reductions.sum_,
    "mean": reductions.mean,
    "max": reductions.max_,
    "top_k": reductions.top_k,
    "softmax": reductions.softmax,
    "log_softmax": reductions.log_softmax,
    "cross_entropy": losses.cross_entropy,
    "dlr": losses.dlr,
    "targeted_dlr": losses.targeted_dlr,
    "crossmax": losses.crossmax,
    "sgd": optimizers.sgd,
    "adam": optimizers.adam,
    "adamw": optimizers.adamw,
    "models": models.models,
}


def compute(operation: str) -> FixtureFile:
    """All cases of an operation."""
    file = FixtureFile(operation)
    OPERATIONS[operation](file)
    return file


def write(folder: Path):
    """Writes every file and enforces the size limits."""
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for operation in OPERATIONS:
        path = compute(operation).save(folder)
        size = path.stat().st_size
        total += size
        print(f"{size:8}  {path.name}")
        if size > LARGEST_FILE:
            sys.exit(f"{path.name} has {size} bytes, more than {LARGEST_FILE}")
    print(f"{total:8}  bytes in all")
    if total > LARGEST_FOLDER:
        sys.exit(f"the folder has {total} bytes, more than {LARGEST_FOLDER}")


def check(folder: Path):
    """Compares the written files with freshly computed values; exits with 1 on a difference."""
    differences = []
    for operation in OPERATIONS:
        file = compute(operation)
        expected = file.tensors()
        with safe_open(folder / f"{operation}.safetensors", framework="pt") as stored:
            configs = {name: json.loads(text) for name, text in stored.metadata().items()}
            if configs != {c.name: json.loads(json.dumps(c.config)) for c in file.cases}:
                differences.append(f"{operation}: cases or configurations")
            if set(stored.keys()) != set(expected):
                differences.append(f"{operation}: keys")
                continue
            for key, tensor in expected.items():
                found = stored.get_tensor(key)
                if found.shape != tensor.shape or found.dtype != tensor.dtype:
                    differences.append(f"{operation}: shape or type of {key}")
                    continue
                scale = max(1.0, float(tensor.abs().max()))
                error = float((found - tensor).abs().max()) / scale
                if error > TOLERANCE:
                    differences.append(f"{operation}: {key} differs by {error:.1e}")
    if differences:
        sys.exit("\n".join(differences))
    print(f"{len(OPERATIONS)} files agree")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FIXTURES, help="folder of the files")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    (check if arguments.check else write)(arguments.out)


if __name__ == "__main__":
    main()
