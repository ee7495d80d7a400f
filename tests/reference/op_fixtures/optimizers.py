"""Parameter trajectories of SGD, Adam and AdamW over five recorded gradients."""

import torch

from .fixture_file import FixtureFile

STEPS = 5
SHAPE = (3, 5)


def _trajectories(file: FixtureFile, optimizer, settings: dict):
    for name, options in settings.items():
        case = file.case(name, **options)
        parameter = torch.nn.Parameter(case.normal(*SHAPE))
        gradients = case.normal(STEPS, *SHAPE)
        # Adam divides by the size of the gradient: let some be tiny, and one exactly 0.
        gradients[:, 0] *= 1e-6
        gradients[:, 1, 0] = 0.0
        case.record(parameter=parameter, gradients=gradients)
        update = optimizer([parameter], foreach=False, **options)
        trajectory = []
        for gradient in gradients:
            parameter.grad = gradient.clone()
            update.step()
            trajectory.append(parameter.detach().clone())
        case.record(trajectory=torch.stack(trajectory))


def sgd(file: FixtureFile):
    """parameter [3,5], gradients [5,3,5], trajectory [5,3,5]: the parameter after each step."""
    _trajectories(
        file,
        torch.optim.SGD,
        {
            "plain": dict(lr=0.1, momentum=0.0, weight_decay=0.0, nesterov=False),
            "decay": dict(lr=0.1, momentum=0.0, weight_decay=5e-4, nesterov=False),
            "momentum": dict(lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=False),
            "nesterov": dict(lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True),
        },
    )


def adam(file: FixtureFile):
    """As `sgd`; weight decay is added to the gradient."""
    defaults = dict(betas=(0.9, 0.999), eps=1e-8)
    _trajectories(
        file,
        torch.optim.Adam,
        {
            "paper": dict(lr=3.3e-5, weight_decay=0.0, **defaults),
            "fast": dict(lr=1e-2, weight_decay=0.0, **defaults),
            "decay": dict(lr=1e-2, weight_decay=0.1, **defaults),
            "betas": dict(lr=1e-2, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.0),
        },
    )


def adamw(file: FixtureFile):
    """As `sgd`; weight decay shrinks the parameter by lr * weight_decay before the step."""
    defaults = dict(betas=(0.9, 0.999), eps=1e-8)
    _trajectories(
        file,
        torch.optim.AdamW,
        {
            "default": dict(lr=1e-2, weight_decay=1e-2, **defaults),
            "strong_decay": dict(lr=1e-2, weight_decay=0.5, **defaults),
            "no_decay": dict(lr=3.3e-5, weight_decay=0.0, **defaults),
        },
    )
