"""Golden float64 traces of AutoAttack's FAB and FAB-T on the tiny network of the APGD traces.

    python make_fab_traces.py --autoattack CHECKOUT   write tests/fixtures/attacks/fab.safetensors

CHECKOUT is a clone of https://github.com/fra31/auto-attack at commit a392200. Its code runs
unchanged; its random starts come from the formula in op_fixtures/formula.py, under names that
square_fab_traces.md lists, and what happens inside is read from its local variables.
"""

import argparse
import json
import math
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import save_file

from apgd_network import CHOSEN, CLASSES, SHAPE, logits_of, make_network, make_pool
from make_apgd_traces import FIXTURES, rows_of
from op_fixtures.formula import unit

ITERATIONS = 20
# Radii within which some images are lost in the first search, some in a later one and some never.
CASES = {
    "linf": {"norm": "Linf", "eps": 0.022, "targeted": False, "n_restarts": 2},
    "linf_t": {"norm": "Linf", "eps": 0.022, "targeted": True, "n_restarts": 1},
    "l2": {"norm": "L2", "eps": 0.2, "targeted": False, "n_restarts": 2},
    "l2_t": {"norm": "L2", "eps": 0.2, "targeted": True, "n_restarts": 1},
    "l1": {"norm": "L1", "eps": 1.0, "targeted": False, "n_restarts": 2},
    "l1_t": {"norm": "L1", "eps": 1.0, "targeted": True, "n_restarts": 1},
}
TARGETS = 3
# No decision may hang on a difference that rounding could change.
CLOSEST = 1e-7


def frame_of(function):
    """The innermost frame of a function of that name on the stack."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != function:
        frame = frame.f_back
    return frame


def normals(u):
    """Box and Muller's normal numbers, each pair from a pair of uniform ones."""
    radius, angle = (-2 * (1 - u[0::2]).log()).sqrt(), 2 * math.pi * u[1::2]
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1).flatten()


@contextmanager
def float64_and_given_starts(images):
    """FAB in float64. An image's uniform numbers are named after it and counted (row, column, channel)."""
    def uniforms(make):
        def random(shape):
            rows = rows_of(images, frame_of("attack_single_run").f_locals["im2"])
            channels, height, width = SHAPE
            each = [make(unit(f"fab.start.{row}", height * width * channels)) for row in rows.tolist()]
            return torch.stack(each).reshape(-1, height, width, channels).permute(0, 3, 1, 2).contiguous()
        return random

    with mock.patch.object(torch.Tensor, "float", torch.Tensor.double), \
            mock.patch.object(torch, "rand", uniforms(lambda u: u)), \
            mock.patch.object(torch, "randn", uniforms(normals)):
        yield


def trace(fab_class, net, images, labels, config):
    looks = []

    def model(x):
        logits = logits_of(net, x)
        inner, search = frame_of("_get_predicted_label"), frame_of("attack_single_run")
        if inner and search and "counter_iter" in search.f_locals:
            local = search.f_locals
            fooled = logits.argmax(1) != local["la2"]
            rows = rows_of(images, local["im2"])
            looks.append({"x": x.clone(), "rows": rows, "fooled": fooled,
                          "distance": length(config["norm"], x - local["im2"])})
            top = logits.topk(2).values
            closeness.append((top[:, 0] - top[:, 1]).min().item())
        return logits

    closeness, results = [], []
    attack = fab_class(model, n_iter=ITERATIONS, seed=0, device="cpu", n_target_classes=TARGETS, **config)
    single_run = attack.attack_single_run

    def observed_run(x, y, **kwargs):
        found = single_run(x, y, **kwargs)
        results.append((rows_of(images, x), found))
        return found

    attack.attack_single_run = observed_run
    with float64_and_given_starts(images):
        adversarial = attack.perturb(images, labels)
    assert min(closeness) > CLOSEST, f"a prediction hangs on {min(closeness):.1e}"
    nearest = torch.full((len(images),), torch.inf)
    for rows, found in results:
        distance = length(config["norm"], found - images[rows])
        # The clean image is returned where nothing was found.
        distance[distance == 0] = torch.inf
        nearest[rows] = torch.minimum(nearest[rows], distance)
    assert ((nearest - config["eps"]).abs() > CLOSEST).all()
    fooled = logits_of(net, adversarial).argmax(1) != labels
    print(f"searches {[len(rows) for rows, _ in results]}, lost {int(fooled.sum())}, "
          f"misclassified iterates {sum(int(look['fooled'].sum()) for look in looks)} "
          f"of {sum(len(look['fooled']) for look in looks)}, nearest {[round(d, 3) for d in nearest.tolist()]}")
    return {
        "searched": torch.cat([rows for rows, _ in results]),
        "searches": torch.tensor([len(rows) for rows, _ in results]),
        "distance": torch.cat([look["distance"] for look in looks]),
        "misclassified": torch.cat([look["fooled"] for look in looks]).to(torch.uint8),
        "nearest": nearest, "adversarial": adversarial, "fooled": fooled.to(torch.uint8),
    }


def length(norm, x):
    return torch.linalg.vector_norm(x.flatten(1), {"Linf": torch.inf, "L2": 2, "L1": 1}[norm], dim=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--autoattack", type=Path, required=True)
    sys.path.insert(0, str(parser.parse_args().autoattack))
    from autoattack.fab_pt import FABAttack_PT

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    net = make_network()
    images, labels, _ = (t[CHOSEN] for t in make_pool(net))
    labels[0] = (labels[0] + 1) % CLASSES
    tensors, metadata = {}, {"iterations": ITERATIONS, "targets": TARGETS}
    for name, config in CASES.items():
        case = trace(FABAttack_PT, net, images, labels, config)
        tensors.update({f"fab.{name}.{key}": value.contiguous() for key, value in case.items()})
        metadata[name] = config
    path = FIXTURES / "fab.safetensors"
    save_file(tensors, path, metadata={"fab": json.dumps(metadata)})
    print(f"{path.name} {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()
