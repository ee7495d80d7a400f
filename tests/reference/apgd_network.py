"""The tiny float64 network behind the APGD traces: its images, losses and input gradient."""

import torch
import torch.nn.functional as F

EPS = 8 / 255
SHAPE = (3, 8, 6)  # channels, height, width: no two equal, so that a transposition shows
CLASSES = 10
NOISE = 0.03  # the randomised network adds noise uniform in [-NOISE, NOISE) to its input
# Rows of the candidate pool, picked so that under each loss some images are lost at once, some
# after many steps and some never, and so that no decision on the way hangs on rounding (see
# Replay.gap). The first one gets a wrong label.
POOL_SIZE = 4000
CHOSEN = [11, 214, 2140, 2404, 868, 31, 3368, 8, 497]


def make_network(seed=11):
    """Random weights in PyTorch's layout (OIHW, out x in)."""
    g = torch.Generator().manual_seed(seed)

    def draw(*shape, fan_in):
        return torch.randn(*shape, generator=g) * (2 / fan_in) ** 0.5

    net = {
        "conv1.weight": draw(6, 3, 3, 3, fan_in=27),
        "conv1.bias": draw(6, fan_in=27) - 0.2,
        "conv2.weight": draw(8, 6, 3, 3, fan_in=54),
        "conv2.bias": draw(8, fan_in=54) - 0.1,
        "linear.weight": 3 * draw(CLASSES, 48, fan_in=48),
        "linear.bias": draw(CLASSES, fan_in=48),
    }
    # conv2 never reads the last row of conv1's output. Without conv1's lower kernel row the last
    # row of the image has no other way to the logits: its gradient is exactly 0 (sign(0) = 0).
    net["conv1.weight"][:, :, 2] = 0
    return net


def logits_of(net, x):
    """(N, 3, 8, 6) to (N, 10): conv 3x3 pad 1, ReLU, conv 3x3 stride 2, ReLU, linear."""
    h = F.relu(F.conv2d(x, net["conv1.weight"], net["conv1.bias"], padding=1))
    h = F.relu(F.conv2d(h, net["conv2.weight"], net["conv2.bias"], stride=2))
    return F.linear(h.flatten(1), net["linear.weight"], net["linear.bias"])


def make_pool(net, seed=12):
    """Candidate images (about 1 pixel in 9 exactly 0, as many exactly 1), labels, start draws."""
    g = torch.Generator().manual_seed(seed)
    images = (torch.rand(POOL_SIZE, *SHAPE, generator=g) * 1.3 - 0.15).clamp(0, 1)
    return images, logits_of(net, images).argmax(1), torch.rand(images.shape, generator=g)


def make_noise(calls, seed):
    """One noise image per call of the network, the same for every image of the batch."""
    g = torch.Generator().manual_seed(seed)
    return (2 * torch.rand(calls, *SHAPE, generator=g) - 1) * NOISE


def ce_loss(logits, y):
    return logits.logsumexp(1) - logits.gather(1, y[:, None])[:, 0]


def dlr_loss(logits, y):
    """Difference of logits ratio (Croce and Hein 2020, equation 6)."""
    z_y = logits.gather(1, y[:, None])[:, 0]
    others = logits.scatter(1, y[:, None], -torch.inf).amax(1)
    top = logits.topk(3).values
    return -(z_y - others) / (top[:, 0] - top[:, 2] + 1e-12)


LOSSES = {"ce": ce_loss, "dlr": dlr_loss}


def gradient(net, x, y, loss, noise=0):
    """Gradient of the summed loss by the input, and the loss of each image."""
    x = x.detach().requires_grad_()
    values = LOSSES[loss](logits_of(net, x + noise), y)
    return torch.autograd.grad(values.sum(), x)[0], values.detach()


def project(x, centre):
    """Onto the Linf ball around `centre`, then onto [0, 1]: in this order, as AutoAttack does."""
    return x.clamp(centre - EPS, centre + EPS).clamp(0, 1)
