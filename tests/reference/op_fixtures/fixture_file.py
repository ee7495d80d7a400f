"""One safetensors file per operation: named cases, each with tensors and a configuration."""

import json
import struct
from pathlib import Path

import torch

from .formula import fnv1a64


class Case:
    """The tensors of one case and the random numbers that they are drawn from.

    The generator is seeded by the names of the operation and the case, so that adding a case
    leaves all others as they are.
    """

    def __init__(self, operation: str, name: str, config: dict):
        self.name = name
        self.config = config
        self.tensors = {}
        self._leaves = {}
        self._generator = torch.Generator().manual_seed(
            fnv1a64(f"{operation}/{name}") & 0x7FFF_FFFF_FFFF_FFFF
        )

    def normal(self, *shape):
        """Standard normal values."""
        return torch.randn(shape, generator=self._generator, dtype=torch.float64)

    def uniform(self, *shape, low=0.0, high=1.0):
        """Values in [low, high)."""
        unit = torch.rand(shape, generator=self._generator, dtype=torch.float64)
        return low + (high - low) * unit

    def integers(self, low, high, *shape):
        """int64 values in low..=high."""
        return torch.randint(low, high + 1, shape, generator=self._generator)

    def record(self, **tensors):
        """Stores tensors as they are."""
        for key, tensor in tensors.items():
            if tensor.dtype not in (torch.float64, torch.int64):
                raise TypeError(f"{self.name}.{key} is {tensor.dtype}")
            if tensor.dtype == torch.float64 and not tensor.isfinite().all():
                raise ValueError(f"{self.name}.{key} is not finite")
            self.tensors[key] = tensor.detach().clone().contiguous()

    def leaf(self, key, tensor):
        """Stores an input and returns it as a leaf that `differentiate` finds the gradient of."""
        self.record(**{key: tensor})
        self._leaves[key] = tensor.detach().clone().requires_grad_()
        return self._leaves[key]

    def differentiate(self, y, dy=None):
        """Stores the output `y`, its cotangent `dy` and the gradient `d<key>` of every leaf.

        A cotangent of ones would hide many mistakes (the input gradient of a batch
        normalisation is then 0), hence the default: standard normal values.
        """
        if dy is None:
            dy = self.normal(*y.shape)
        gradients = torch.autograd.grad(y, list(self._leaves.values()), dy)
        self.record(y=y, dy=dy)
        self.record(**{f"d{key}": g for key, g in zip(self._leaves, gradients)})


class FixtureFile:
    """The cases of one operation."""

    def __init__(self, operation: str):
        self.operation = operation
        self.cases = []

    def case(self, name: str, **config) -> Case:
        """Adds a case; `config` becomes its JSON configuration."""
        if any(case.name == name for case in self.cases):
            raise ValueError(f"{self.operation} has two cases named {name}")
        self.cases.append(Case(self.operation, name, config))
        return self.cases[-1]

    def tensors(self) -> dict:
        """All tensors under `<case>.<key>`."""
        return {
            f"{case.name}.{key}": tensor
            for case in self.cases
            for key, tensor in case.tensors.items()
        }

    def save(self, folder: Path) -> Path:
        """Writes `<operation>.safetensors` and returns its path.

        The header is written here because safetensors' own `save_file` orders the metadata
        differently in every run; the same input must give the same bytes.
        """
        header = {"__metadata__": {case.name: json.dumps(case.config) for case in self.cases}}
        chunks, offset = [], 0
        for key, tensor in self.tensors().items():
            chunk = tensor.numpy().tobytes()
            header[key] = {
                "dtype": {torch.float64: "F64", torch.int64: "I64"}[tensor.dtype],
                "shape": list(tensor.shape),
                "data_offsets": [offset, offset + len(chunk)],
            }
            chunks.append(chunk)
            offset += len(chunk)
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        path = folder / f"{self.operation}.safetensors"
        path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))
        return path
