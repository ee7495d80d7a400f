"""Golden float64 traces of AutoAttack's APGD for L2 and L1, and of APGD-T, on the tiny network of the APGD traces.

    python make_apgd_norm_traces.py --autoattack CHECKOUT   write tests/fixtures/attacks/apgd_norms.safetensors

CHECKOUT is a clone of https://github.com/fra31/auto-attack at commit a392200. Its code runs
unchanged; its random starts come from the formula in op_fixtures/formula.py, under the names
`apgd.start.<image>`, and what happens inside is read from its local variables. apgd_traces.md
describes every tensor written.
"""

import argparse
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import save_file

from apgd_network import CHOSEN, CLASSES, SHAPE, logits_of, make_network, make_pool
from make_apgd_traces import FIXTURES, rows_of
from make_fab_traces import frame_of, length, normals
from op_fixtures.formula import unit

# Radii within which some images are lost at once, some later and some never.
CASES = {
    "l2_ce": {"norm": "L2", "eps": 0.2, "loss": "ce", "n_iter": 30},
    "l2_dlr": {"norm": "L2", "eps": 0.2, "loss": "dlr", "n_iter": 30},
    "l1_ce": {"norm": "L1", "eps": 1.0, "loss": "ce", "n_iter": 30},
    "l1_large": {"norm": "L1", "eps": 1.0, "loss": "ce", "n_iter": 25, "use_largereps": True},
    "linf_t": {"norm": "Linf", "eps": 0.022, "n_iter": 15, "n_target_classes": 3},
    "l2_t": {"norm": "L2", "eps": 0.2, "n_iter": 15, "n_target_classes": 3},
    "l1_t": {"norm": "L1", "eps": 1.0, "n_iter": 15, "n_target_classes": 2, "use_largereps": True},
}


@contextmanager
def float64_and_given_starts(images):
    """APGD in float64. An image's uniform numbers are named after it and counted (row, column, channel).

    For L1 AutoAttack counts the values that are perturbed, also those that a projection brought back
    but for a rounding error. No trace may hang on these: they are not counted.
    """
    def uniforms(make):
        def random(shape):
            x = sys._getframe(1).f_locals["x"]
            channels, height, width = SHAPE
            count = height * width * channels
            each = [make(unit(f"apgd.start.{row}", count)) for row in rows_of(images, x).tolist()]
            return torch.stack(each).reshape(-1, height, width, channels).permute(0, 3, 1, 2).contiguous()
        return random

    with mock.patch.object(torch.Tensor, "float", torch.Tensor.double), \
            mock.patch.object(torch, "rand", uniforms(lambda u: u)), \
            mock.patch.object(torch, "randn", uniforms(normals)), \
            mock.patch.object(torch, "randn_like", uniforms(normals)), \
            mock.patch("autoattack.autopgd_base.L0_norm", lambda x: (x.abs() > 1e-12).flatten(1).sum(1)):
        yield


def trace(classes, net, images, labels, config):
    phases = []

    def model(x):
        logits = logits_of(net, x)
        search = frame_of("attack_single_run")
        if search:
            local = search.f_locals
            if "i" not in local:
                phases.append({"rows": rows_of(images, local["x"]), "loss": [], "wrong": [], "step": []})
            else:
                phases[-1]["step"].append(local["step_size"].flatten().clone())
            phases[-1]["loss"].append(local["criterion_indiv"](logits, local["y"]).detach())
            phases[-1]["wrong"].append((logits.argmax(1) != local["y"]).to(torch.uint8))
        return logits

    targeted = "n_target_classes" in config
    attack = classes[targeted](model, seed=0, device="cpu", n_restarts=1, rho=0.75, **config)
    with float64_and_given_starts(images):
        adversarial = attack.perturb(images, labels)
    fooled = logits_of(net, adversarial).argmax(1) != labels
    distance = length(config["norm"], adversarial - images)
    assert (distance <= config["eps"] * (1 + 1e-9)).all(), distance
    print(f"phases {[len(phase['rows']) for phase in phases]}, lost {int(fooled.sum())}")
    join = lambda key: torch.cat([torch.cat(phase[key]) for phase in phases])
    return {
        "searched": torch.cat([phase["rows"] for phase in phases]),
        "phases": torch.tensor([len(phase["rows"]) for phase in phases]),
        "loss": join("loss"), "wrong": join("wrong"), "step_size": join("step"),
        "adversarial": adversarial, "fooled": fooled.to(torch.uint8),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--autoattack", type=Path, required=True)
    sys.path.insert(0, str(parser.parse_args().autoattack))
    from autoattack.autopgd_base import APGDAttack, APGDAttack_targeted

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    net = make_network()
    images, labels, _ = (t[CHOSEN] for t in make_pool(net))
    labels[0] = (labels[0] + 1) % CLASSES
    tensors = {}
    for name, config in CASES.items():
        case = trace((APGDAttack, APGDAttack_targeted), net, images, labels, config)
        tensors.update({f"apgd_norms.{name}.{key}": value.contiguous() for key, value in case.items()})
    path = FIXTURES / "apgd_norms.safetensors"
    save_file(tensors, path, metadata={"apgd_norms": json.dumps(CASES)})
    print(f"{path.name:24} {path.stat().st_size / 1000:6.1f} kB")


if __name__ == "__main__":
    main()
