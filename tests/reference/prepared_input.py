"""What the notebook gives ResNet152 of one 32×32 picture, in float64: four views, bicubic to 224×224, normalised.

The draws are this program's (Philox4x32-10, laid out as src/tensor/philox.rs and src/ensemble/views.rs say), computed
here anew. Prints the sampled numbers that src/ensemble/tests/prepared_input.rs holds:

    venv/bin/python tests/reference/prepared_input.py
"""

import torch
import torch.nn.functional as F

MASK32, MASK64 = 2**32 - 1, 2**64 - 1
SEED, IMAGE, STREAM, EPOCH = 7, 5, 32, 2
SIDE, INPUT = 32, 224


def splitmix64(x):
    z = (x + 0x9E3779B97F4A7C15) & MASK64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
    return z ^ (z >> 31)


def philox(key, counter):
    k0, k1 = key
    c0, c1, c2, c3 = counter
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK32, (p0 >> 32) ^ c3 ^ k1, p0 & MASK32
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return c0, c1, c2, c3


VIEWS_PURPOSE = 2
word = splitmix64((splitmix64(SEED) + VIEWS_PURPOSE) & MASK64)
KEY = (word & MASK32, word >> 32)


def words(view, block):
    return philox(KEY, (block, view << 24, IMAGE, (STREAM << 26) | EPOCH))


def noise(view, first, size):
    """[1, 3, size, size]; drawn in the order row, channel, column."""
    count = size * 3 * size
    drawn = [w for i in range(-(-count // 4)) for w in words(view, first + i)][:count]
    rows = torch.tensor([(w >> 8) / 2.0**24 for w in drawn], dtype=torch.float64).reshape(size, 3, size)
    return rows.permute(1, 0, 2)[None]


def resize(x, size):
    return F.interpolate(x, size=(size, size), mode="bicubic", align_corners=False, antialias=False)


def view(picture, number, resolution):
    below = lambda w, n: (w * n) >> 32
    rows, columns, _, colour = words(number, 0)
    shifts = (below(rows, 7) - 3, below(columns, 7) - 3)
    amount = 0.5 + 0.5 * below(colour, 100) / 99
    grey = 0.2989 * picture[:, 0] + 0.587 * picture[:, 1] + 0.114 * picture[:, 2]
    x = (amount * picture + (1 - amount) * grey.mean()).clamp(0, 1)
    x = torch.roll(x, shifts, (-2, -1))
    x = amount * x + (1 - amount) * x.mean(1, keepdim=True)
    x = resize(x, resolution) + 0.2 * noise(number, 1 << 24, resolution)
    return (resize(x, SIDE) + 0.2 * noise(number, 1 << 25, SIDE)).clamp(0, 1)


hwc = torch.tensor([(i * 37 % 101) / 100 for i in range(SIDE * SIDE * 3)], dtype=torch.float64)
picture = hwc.reshape(1, SIDE, SIDE, 3).permute(0, 3, 1, 2)
views = torch.cat([view(picture, i, r) for i, r in enumerate([32, 16, 8, 4])], 1)
mean = torch.tensor([0.485, 0.456, 0.406] * 4, dtype=torch.float64).reshape(1, 12, 1, 1)
std = torch.tensor([0.229, 0.224, 0.225] * 4, dtype=torch.float64).reshape(1, 12, 1, 1)
prepared = (resize(views, INPUT) - mean) / std

for i in range(12):
    row, column = 61 * i % INPUT, (223 - 37 * i) % INPUT
    print(f"({row}, {column}, {i}, {prepared[0, i, row, column].item()!r}),")
print("sum", repr(prepared.sum().item()), "squares", repr((prepared**2).sum().item()))
