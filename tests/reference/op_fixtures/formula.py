"""Values that both sides compute instead of storing them; README.md states the formula."""

import numpy as np
import torch


def fnv1a64(name: str) -> int:
    """The 64-bit FNV-1a hash of the name's UTF-8 bytes."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) % 2**64
    return state


def unit(name: str, *shape: int) -> torch.Tensor:
    """Values in [0, 1) in row-major order: the top 53 bits of splitmix64(fnv1a64(name) + i)."""
    count = int(np.prod(shape, dtype=np.int64))
    z = np.arange(count, dtype=np.uint64) + np.uint64(fnv1a64(name))
    z += np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return torch.from_numpy((z >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)


def centred(name: str, *shape: int) -> torch.Tensor:
    """unit(name) - 0.5, values in [-0.5, 0.5)."""
    return unit(name, *shape) - 0.5
