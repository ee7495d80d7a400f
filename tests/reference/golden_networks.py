"""The two small classifiers of the golden comparison, a plain and an adversarially trained one, and their images."""

import torch
import torch.nn.functional as F

CLASSES = 10
SIDE = 8
TESTED = 64
TRAINED = 8000
# Of the training of the robust network: radius of its FGSM step from a random start.
TRAINING_EPS = 6 / 255


def smooth(count, generator):
    """`count` pictures (3, 8, 8) of coarse coloured patches, about normal."""
    coarse = torch.randn(count, 3, 4, 4, generator=generator)
    return F.interpolate(coarse, size=(SIDE, SIDE), mode="bicubic")


def make_pictures(count, seed):
    """Pictures with values k/255, and labels: ten classes of a pattern each, which others overlay."""
    patterns = smooth(CLASSES, torch.Generator().manual_seed(21))
    g = torch.Generator().manual_seed(seed)
    labels = torch.randint(CLASSES, (count,), generator=g)
    strength = 0.035 + 0.03 * torch.rand(count, 1, 1, 1, generator=g)
    pictures = 0.5 + strength * patterns[labels] + 0.08 * smooth(count, g)
    pictures += 0.04 * torch.randn(pictures.shape, generator=g)
    return (pictures.clamp(0, 1) * 255).round() / 255, labels


def initial_weights(seed):
    """Random weights in PyTorch's layout (OIHW, out x in)."""
    g = torch.Generator().manual_seed(seed)

    def draw(*shape, fan_in):
        return torch.randn(*shape, generator=g) * (2 / fan_in) ** 0.5

    return {
        "conv1.weight": draw(8, 3, 3, 3, fan_in=27), "conv1.bias": torch.zeros(8),
        "conv2.weight": draw(16, 8, 3, 3, fan_in=72), "conv2.bias": torch.zeros(16),
        "linear.weight": draw(CLASSES, 256, fan_in=512), "linear.bias": torch.zeros(CLASSES),
    }


def logits_of(net, x):
    """(N, 3, 8, 8) to (N, 10): conv 3x3 pad 1, ReLU, conv 3x3 stride 2 pad 1, ReLU, linear."""
    h = F.relu(F.conv2d(x - 0.5, net["conv1.weight"], net["conv1.bias"], padding=1))
    h = F.relu(F.conv2d(h, net["conv2.weight"], net["conv2.bias"], stride=2, padding=1))
    return F.linear(h.flatten(1), net["linear.weight"], net["linear.bias"])


def fgsm(net, x, y, eps, start):
    """One step of the sign of the gradient from `x` plus `start`, within `eps` of `x`."""
    moved = (x + start).clamp(0, 1).requires_grad_()
    gradient, = torch.autograd.grad(F.cross_entropy(logits_of(net, moved), y, reduction="sum"), moved)
    moved = moved.detach() + 1.25 * eps * gradient.sign()
    return moved.clamp(x - eps, x + eps).clamp(0, 1)


def train(eps, seed, epochs=10, batch=64, peak=0.004):
    """Weights (float32 values in float64) after training on pictures moved by FGSM within `eps`; 0 is plain training."""
    pictures, labels = make_pictures(TRAINED, seed=22)
    net = {name: weight.requires_grad_() for name, weight in initial_weights(seed).items()}
    optimiser = torch.optim.Adam(net.values(), lr=peak, weight_decay=1e-4)
    steps = epochs * (TRAINED // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=peak, total_steps=steps)
    g = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for rows in torch.randperm(TRAINED, generator=g).split(batch)[:TRAINED // batch]:
            x, y = pictures[rows], labels[rows]
            if eps > 0:
                x = fgsm(net, x, y, eps, (2 * torch.rand(x.shape, generator=g) - 1) * eps)
            optimiser.zero_grad()
            F.cross_entropy(logits_of(net, x), y).backward()
            optimiser.step()
            schedule.step()
    return {name: weight.detach().float().double() for name, weight in net.items()}


def make_networks():
    """The networks by name."""
    return {"plain": train(0, seed=23), "robust": train(TRAINING_EPS, seed=24)}


def make_tested():
    """The images under attack, and their labels."""
    return make_pictures(TESTED, seed=25)
