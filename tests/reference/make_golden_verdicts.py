"""Golden verdicts of AutoAttack on 64 images of two small classifiers, in float64 and in float32.

    python make_golden_verdicts.py --autoattack CHECKOUT   write tests/fixtures/attacks/golden.safetensors

CHECKOUT is a clone of https://github.com/fra31/auto-attack at commit a392200. Its code runs
unchanged but for its random numbers, which come from the formula in op_fixtures/formula.py under
names that golden.md lists with every tensor written.
"""

import argparse
import json
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import save_file

from golden_networks import SIDE, TESTED, logits_of, make_networks, make_tested
from make_apgd_traces import FIXTURES, rows_of
from make_fab_traces import frame_of, length, normals
from op_fixtures.formula import centred, unit

CHANNELS = 3
ATTACKS = ["apgd-ce", "apgd-dlr", "apgd-t", "fab", "fab-t", "square"]
# Radii within which a network is broken on some images and not on others.
RADII = {"plain": {"Linf": 6 / 255, "L2": 0.22, "L1": 1.2}, "robust": {"Linf": 8 / 255, "L2": 0.3, "L1": 1.3}}
# The standard version: in its full length once, else with less of everything.
FULL = {"version": "standard", "n_iter": 100, "apgd_targets": 9, "fab_targets": 9, "queries": 1000}
SHORT = {"version": "standard", "n_iter": 20, "apgd_targets": 3, "fab_targets": 3, "queries": 200}
# The attacks one after the other, weak ones first and all of them cut so short that they leave work to the next.
CHAIN = {"version": "custom", "apgd_targets": 1, "fab_targets": 1, "queries": 150, "restarts": 1,
         "fab_restarts": 1, "attacks": ["square", "apgd-dlr", "apgd-ce", "apgd-t", "fab-t", "fab"]}
# Each attack on all images.
ALONE = {"version": "custom", "n_iter": 12, "apgd_targets": 2, "fab_targets": 2, "queries": 150,
         "restarts": 2, "fab_restarts": 2}
# Below this a value that a projection for L1 brought back counts as such.
RESIDUE = {torch.float64: 1e-12, torch.float32: 1e-6}


def cases():
    """Configurations by name."""
    for network, radii in RADII.items():
        for norm, eps in radii.items():
            base, name = {"network": network, "norm": norm, "eps": eps}, f"{network}.{norm}".lower()
            is_full = (network, norm) == ("robust", "Linf")
            yield f"{name}.standard", {**base, **(FULL if is_full else SHORT)}
            # The three phases for L1 need two iterations more.
            yield f"{name}.chain", {**base, **CHAIN, "n_iter": 5 if norm == "L1" else 3}
            for attack in ATTACKS:
                yield f"{name}.{attack}", {**base, **ALONE, "attacks": [attack]}


class GivenNumbers:
    """Stands for PyTorch's random functions: uniform numbers by name, as golden.md says."""

    def __init__(self, images):
        self.images = images
        self.query, self.singles = None, 0

    def rand(self, shape):
        search = frame_of("attack_single_run").f_locals
        if type(search["self"]).__name__ == "SquareAttack":
            return self.of_square(search, list(shape)).to(torch.get_default_dtype())
        return self.start(lambda u: u)

    def normal(self, _):
        return self.start(normals)

    def start(self, make):
        search = frame_of("attack_single_run") or frame_of("decr_eps_pgd")
        attack, number = self.searching()
        x = search.f_locals.get("im2", search.f_locals["x"])
        each = [make(unit(f"golden.{attack}.{number}.{row}", CHANNELS * SIDE * SIDE))
                for row in rows_of(self.images, x).tolist()]
        pictures = torch.stack(each).reshape(-1, SIDE, SIDE, CHANNELS).permute(0, 3, 1, 2)
        return pictures.contiguous().to(x.dtype)

    @staticmethod
    def searching():
        """The attack under way and the number of its search."""
        attack = frame_of("run_standard_evaluation").f_locals["attack"]
        perturb = frame_of("perturb").f_locals
        rank = perturb.get("target_class", 2) - 2
        return attack, rank * perturb["self"].n_restarts + perturb["counter"]

    def of_square(self, search, shape):
        query = search["i_iter"] + 1 if "i_iter" in search else 0
        if query != self.query:
            self.query, self.singles = query, 0
        shared = unit(f"golden.square.{query}", 64)
        if shape == [1]:
            self.singles += 1
            return shared[self.singles - 1:self.singles]
        if len(shape) == 3:  # signs [channels, 1, 1]
            return shared[2:2 + CHANNELS].reshape(shape)
        rows = rows_of(self.images, search["x_curr"] if query else search["x"])
        own = torch.stack([unit(f"golden.square.{query}.{row}", 512) for row in rows.tolist()])
        count = torch.Size(shape[1:]).numel()
        # Stripes [N, C, 1, W] and the signs of a move are the first ones; those of a start's tile follow one another.
        tile = self.singles - 1 if query == 0 and shape[3] == 1 else 0
        return own[:, CHANNELS * tile:][:, :count].reshape(shape)


@contextmanager
def precision(dtype):
    """AutoAttack calls `float()` on what it is given; in float64 that must keep it."""
    before = torch.get_default_dtype()
    with ExitStack() as stack:
        if dtype == torch.float64:
            stack.enter_context(mock.patch.object(torch.Tensor, "float", torch.Tensor.double))
        torch.set_default_dtype(dtype)
        stack.callback(torch.set_default_dtype, before)
        yield


def verdicts(autoattack, net, images, labels, config, dtype, residue=0.0):
    """Flags before and after every attack [attacks + 1, N], the classes reached [N], and the perturbed images.

    For L1 APGD counts perturbed values; those that are perturbed by at most `residue` do not count.
    """
    net = {name: weight.to(dtype) for name, weight in net.items()}
    images = images.to(dtype)
    flags = []

    def note(state, _):
        flags.append(state.robust_flags.clone())

    numbers = GivenNumbers(images)
    with precision(dtype), \
            mock.patch.object(torch, "rand", numbers.rand), \
            mock.patch.object(torch, "randn", numbers.normal), \
            mock.patch.object(torch, "randn_like", numbers.normal), \
            mock.patch("autoattack.autopgd_base.L0_norm", lambda x: (x.abs() > residue).flatten(1).sum(1)), \
            mock.patch.object(autoattack.state.EvaluationState, "add_run_attack", note):
        whole = driver(autoattack, lambda x: logits_of(net, x), config)
        adversarial, classes = whole.run_standard_evaluation(images, labels, bs=TESTED, return_labels=True)
    initial = logits_of(net, images).argmax(1) == labels
    # The reference ends early if no image is left.
    flags += [flags[-1]] * (len(whole.attacks_to_run) - len(flags))
    return torch.stack([initial, *flags]), classes, adversarial


def driver(autoattack, model, config):
    """The reference's driver with the configuration's numbers of iterations, targets, searches and queries."""
    is_custom = config["version"] == "custom"
    whole = autoattack.AutoAttack(model, norm=config["norm"], eps=config["eps"], seed=0, verbose=False,
                                  device="cpu", version=config["version"],
                                  attacks_to_run=config["attacks"] if is_custom else [])
    if config["norm"] == "L1":
        whole.apgd.use_largereps = whole.apgd_targeted.use_largereps = True
    for apgd in (whole.apgd, whole.apgd_targeted):
        # Its constructor derives the checkpoints from the number of iterations.
        other = type(apgd)(model, n_iter=config["n_iter"], norm=config["norm"], eps=config["eps"], device="cpu",
                           rho=0.75)
        for name in ("n_iter", "n_iter_orig", "n_iter_2", "n_iter_min", "size_decr"):
            setattr(apgd, name, getattr(other, name))
    whole.fab.n_iter = config["n_iter"]
    whole.apgd_targeted.n_target_classes = config["apgd_targets"]
    whole.fab.n_target_classes = config["fab_targets"]
    whole.square.n_queries = config["queries"]
    if is_custom:
        whole.apgd.n_restarts, whole.fab.n_restarts = config["restarts"], config["fab_restarts"]
    return whole


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--autoattack", type=Path, required=True)
    sys.path.insert(0, str(parser.parse_args().autoattack))
    import autoattack

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    nets, (images, labels) = make_networks(), make_tested()
    tensors = {"golden.images": (images * 255).round().to(torch.uint8), "golden.labels": labels.to(torch.uint8)}
    for network, net in nets.items():
        tensors.update({f"golden.{network}.{name}": weight.float() for name, weight in net.items()})
    configs = dict(cases())
    for name, config in configs.items():
        def run(dtype, residue):
            return verdicts(autoattack, nets[config["network"]], images, labels, config, dtype, residue)

        flags, classes, adversarial = run(torch.float64, RESIDUE[torch.float64])
        case = {"robust": flags, "classes": classes,
                "robust_in_float32": run(torch.float32, RESIDUE[torch.float32])[0]}
        if config["norm"] == "L1":
            case["robust_with_residues"] = run(torch.float64, 0.0)[0]
        perturbation = (adversarial - images).permute(0, 2, 3, 1).flatten(1)
        distance = length(config["norm"], perturbation)
        assert (distance <= config["eps"] * (1 + 1e-9)).all(), distance
        others = {key: (flags != other).any(0).nonzero()[:, 0].tolist() for key, other in case.items()
                  if key.startswith("robust_")}
        print(f"{name:24} right {flags.sum(1).tolist()}, others {others}", flush=True)
        tensors.update({f"golden.{name}.{key}": value.to(torch.uint8) for key, value in case.items()})
        tensors[f"golden.{name}.projection"] = perturbation @ centred("golden.projection", perturbation.shape[1])
    path = FIXTURES / "golden.safetensors"
    save_file(tensors, path, metadata={"golden": json.dumps(configs)})
    print(f"{path.name} {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()
