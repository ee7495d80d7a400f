"""Golden float64 traces of AutoAttack's APGD, of PGD and of FGSM on a tiny network.

    python make_apgd_traces.py --autoattack CHECKOUT   write tests/fixtures/attacks/*.safetensors
    python make_apgd_traces.py --check                 replay the written traces without AutoAttack

CHECKOUT is a clone of https://github.com/fra31/auto-attack at commit a392200. Its code runs
unchanged; what happens inside is read from the arguments and local variables of the functions
that call the network. apgd_traces.md describes every tensor written.
"""

import argparse
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from apgd_network import (
    CHOSEN, CLASSES, EPS, LOSSES, gradient, logits_of, make_network, make_noise, make_pool, project)
from apgd_replay import replay_driver, replay_trace

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "attacks"
EOT_NOISE_SEED = 5
# With this noise every way of (not) counting an image as lost happens in the driver's trace:
# see "rand" in apgd_traces.md.
DRIVER_NOISE_SEED = 106
# Iterates stored: the first ones, those around checkpoints (after 22, 41, 57, ... of 100 and
# 4, 7, 9, 10, ... of 20 steps) and the last. The loss is stored at all of them.
SNAPSHOTS_100 = [0, 1, 2, 21, 22, 23, 41, 42, 57, 70, 99, 100]
SNAPSHOTS_20 = [0, 1, 4, 5, 7, 8, 10, 20]
ROLES = ["output check", "dynamic check", "initial accuracy", "prediction", "attack", "re-check"]
ATTACKS = ["apgd-ce", "apgd-dlr"]


# --- observing AutoAttack ---------------------------------------------------------------------

class ObservedNetwork:
    """The network as AutoAttack sees it. Writes down what each call was made for."""

    def __init__(self, net, noise=None):
        self.net, self.noise, self.calls = net, noise, []

    def __call__(self, x):
        call = self._describe(sys._getframe(1))
        noisy = x if self.noise is None else x + self.noise[len(self.calls)]
        logits = logits_of(self.net, noisy)
        call.update(x=x.detach().clone(), logits=logits.detach().clone())
        self.calls.append(call)
        return logits

    @staticmethod
    def _describe(frame):
        """Role of a call, from the innermost AutoAttack function on the stack."""
        call = {"role": None, "attack": -1, "iterate": -1, "draw": -1}
        while frame is not None:
            name, local = frame.f_code.co_name, frame.f_locals
            if call["role"] is None:
                if name == "check_range_output":
                    call["role"] = "output check"
                elif name == "check_dynamic":
                    call["role"] = "dynamic check"
                elif name == "perturb":
                    call["role"] = "prediction"
                elif name == "attack_single_run":
                    call.update(role="attack", iterate=local.get("i", -1) + 1, draw=local["_"])
                    if "step_size" in local:
                        call["step_size"] = local["step_size"].flatten().clone()
                elif name == "run_standard_evaluation":
                    call["role"] = "re-check" if "attack" in local else "initial accuracy"
            if name == "perturb":
                call["attack"] = ATTACKS.index("apgd-" + local["self"].loss)
            if name == "run_standard_evaluation" and "attack" in local:
                call["attack"] = ATTACKS.index(local["attack"])
            frame = frame.f_back
        return call

    def call_table(self):
        """One row per call: role, attack, iterate, draw (-1 where it does not apply)."""
        rows = [[ROLES.index(c["role"]), c["attack"], c["iterate"], c["draw"]] for c in self.calls]
        return torch.tensor(rows)

    def attack_calls(self, draw):
        return [c for c in self.calls if c["role"] == "attack" and c["draw"] == draw]


@contextmanager
def float64_and_given_starts(images, uniforms):
    """AutoAttack in float64 (it casts with `.float()`), its random starts taken from `uniforms`.

    The rows are found by comparing the attacked images with `images`, so that an image has the
    same start in every trace, whichever others are attacked with it.
    """
    def rand(shape):
        x = sys._getframe(1).f_locals["x"]
        assert x.shape == shape
        return uniforms[rows_of(images, x)]

    with mock.patch.object(torch.Tensor, "float", torch.Tensor.double), \
            mock.patch.object(torch, "rand", rand):
        yield


def rows_of(images, x):
    return (x[:, None] == images[None]).flatten(2).all(2).int().argmax(1)


# --- traces -----------------------------------------------------------------------------------

def trace_apgd(apgd_class, data, loss, n_iter, eot_iter, snapshots, noise=None):
    model = ObservedNetwork(data["net"], noise)
    attack = apgd_class(model, n_iter=n_iter, norm="Linf", n_restarts=1, eps=EPS, seed=0,
                        loss=loss, eot_iter=eot_iter, rho=0.75, device="cpu")
    runs, single_run = [], attack.attack_single_run

    def recorded_run(x, y):
        runs.append((x, y, *single_run(x, y)))
        return runs[-1][2:]

    attack.attack_single_run = recorded_run
    with float64_and_given_starts(data["images"], data["uniforms"]):
        adversarial = attack.perturb(data["images"], data["labels"])
    (x, y, x_best, acc, loss_best, x_best_adv), = runs
    first, last = model.attack_calls(0), model.attack_calls(eot_iter - 1)
    out = {
        "attacked": rows_of(data["images"], x),
        "iterate_index": torch.tensor(snapshots),
        "iterates": torch.stack([first[i]["x"] for i in snapshots]),
        "loss": torch.stack([LOSSES[loss](c["logits"], y) for c in last]),
        "correct": torch.stack([c["logits"].argmax(1) == y for c in last]).long(),
        "step_size": torch.stack([c["step_size"] for c in first[1:]]),
        "x_best": x_best.detach(), "acc": acc.long(), "loss_best": loss_best,
        "x_best_adv": x_best_adv.detach(), "adversarial": adversarial,
    }
    if noise is not None:
        out["calls"] = model.call_table()
    config = {"loss": loss, "norm": "Linf", "eps": EPS, "n_iter": n_iter, "n_restarts": 1,
              "eot_iter": eot_iter, "rho": 0.75}
    return out, config


def trace_driver(autoattack, data, noise, n_iter=10, eot_iter=4):
    model = ObservedNetwork(data["net"], noise)
    aa = autoattack.AutoAttack(model, norm="Linf", eps=EPS, seed=0, version="rand", device="cpu",
                               verbose=False)
    # A new object: the checkpoint schedule is fixed when APGDAttack is constructed.
    aa.apgd = type(aa.apgd)(model, n_iter=n_iter, norm="Linf", n_restarts=1, eps=EPS, seed=0,
                            eot_iter=eot_iter, rho=0.75, device="cpu")
    with float64_and_given_starts(data["images"], data["uniforms"]):
        x_adv, y_adv = aa.run_standard_evaluation(data["images"], data["labels"],
                                                  return_labels=True)
    initial, = [c for c in model.calls if c["role"] == "initial accuracy"]
    robust = initial["logits"].argmax(1) == data["labels"]
    out = {"calls": model.call_table(), "x_adv": x_adv, "y_adv": y_adv,
           "robust_initial": robust.long(), "noise": noise[:len(model.calls)].clone()}
    for i, attack in enumerate(ATTACKS):
        seen = {c["role"]: c for c in model.calls if c["attack"] == i}
        rows = robust.nonzero()[:, 0]
        run = [c for c in model.attack_calls(0) if c["attack"] == i]
        name = attack.replace("-", "_")
        out[f"{name}.attacked"] = rows_of(data["images"], seen["prediction"]["x"])[
            seen["prediction"]["logits"].argmax(1) == data["labels"][rows]]
        out[f"{name}.last_iterate"] = run[-1]["x"]
        out[f"{name}.adversarial"] = seen["re-check"]["x"]
        robust = robust.clone()
        robust[rows] = seen["re-check"]["logits"].argmax(1) == data["labels"][rows]
        out[f"robust_after_{name}"] = robust.long()
    config = {"version": "rand", "norm": "Linf", "eps": EPS, "n_iter": n_iter, "n_restarts": 1,
              "eot_iter": eot_iter, "rho": 0.75, "attacks": ATTACKS, "roles": ROLES,
              "initial_accuracy": out["robust_initial"].sum().item() / len(x_adv),
              "robust_accuracy": robust.sum().item() / len(x_adv)}
    return out, config


def trace_pgd(data, snapshots, step_size=2 / 255):
    x, y = data["images"], data["labels"]
    iterates, losses = [project(x + EPS * (2 * data["uniforms"] - 1), x)], []
    for _ in range(snapshots[-1] + 1):
        grad, values = gradient(data["net"], iterates[-1], y, "ce")
        losses.append(values)
        iterates.append(project(iterates[-1] + step_size * grad.sign(), x))
    out = {"iterates": torch.stack([iterates[i] for i in snapshots]), "loss": torch.stack(losses),
           "iterate_index": torch.tensor(snapshots)}
    return out, {"loss": "ce", "eps": EPS, "steps": snapshots[-1], "step_size": step_size}


def trace_fgsm(data):
    grad, _ = gradient(data["net"], data["images"], data["labels"], "ce")
    x_adv = project(data["images"] + EPS * grad.sign(), data["images"])
    _, loss = gradient(data["net"], x_adv, data["labels"], "ce")
    return {"gradient": grad, "x_adv": x_adv, "loss": loss}, {"loss": "ce", "eps": EPS}


# --- files ------------------------------------------------------------------------------------

def make_all(checkout):
    sys.path.insert(0, str(checkout))
    import autoattack
    from autoattack.autopgd_base import APGDAttack

    net = make_network()
    images, labels, uniforms = (t[CHOSEN] for t in make_pool(net))
    labels[0] = (labels[0] + 1) % CLASSES
    data = {"net": net, "images": images, "labels": labels, "uniforms": uniforms}
    write("network", {**net, "images": images, "labels": labels, "start_uniforms": uniforms,
                      "logits": logits_of(net, images)}, {})
    noise = make_noise(1 + 3 * 21, EOT_NOISE_SEED)
    write("noise", {"noise": noise}, {})
    for loss in LOSSES:
        trace, config = trace_apgd(APGDAttack, data, loss, 100, 1, SNAPSHOTS_100)
        write(f"apgd_{loss}", trace, config)
        trace, config = trace_apgd(APGDAttack, data, loss, 20, 3, SNAPSHOTS_20, noise)
        write(f"apgd_{loss}_eot", trace, config)
    write("pgd", *trace_pgd(data, [0, 1, 2, 5, 10]))
    write("fgsm", *trace_fgsm(data))
    write("rand", *trace_driver(autoattack, data, make_noise(100, DRIVER_NOISE_SEED)))


def write(trace, tensors, config):
    tensors = {f"{trace}.{key}": value.contiguous() for key, value in tensors.items()}
    path = FIXTURES / f"{trace}.safetensors"
    save_file(tensors, path, metadata={trace: json.dumps(config)})
    print(f"{path.name:24} {path.stat().st_size / 1000:6.1f} kB")


def read(trace):
    with safe_open(FIXTURES / f"{trace}.safetensors", "pt") as f:
        tensors = {key.removeprefix(f"{trace}."): f.get_tensor(key) for key in f.keys()}
        return tensors, json.loads(f.metadata()[trace])


def check_all():
    stored, _ = read("network")
    data = {"net": stored, "images": stored["images"], "labels": stored["labels"],
            "uniforms": stored["start_uniforms"]}
    noise = read("noise")[0]["noise"]
    for trace in ["apgd_ce", "apgd_dlr", "apgd_ce_eot", "apgd_dlr_eot", "rand"]:
        tensors, config = read(trace)
        if trace == "rand":
            replayed = replay_driver(data, tensors["noise"], config)
        else:
            replayed = replay_trace(data, tensors, config, noise if "eot" in trace else None)
        worst, gap = 0.0, torch.inf
        for key, value in replayed:
            if key.endswith("gap"):
                gap = min(gap, value)
                continue
            difference = (value.double() - tensors[key].double()).abs().max().item()
            assert difference <= 1e-12, f"{trace}.{key} differs by {difference:e}"
            worst = max(worst, difference)
        assert gap > 1e-10, f"{trace}: a decision hangs on a difference of {gap:e}"
        print(f"{trace:13} replayed, worst difference {worst:.1e}, closest decision {gap:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--autoattack", type=Path, help="checkout of fra31/auto-attack")
    parser.add_argument("--check", action="store_true", help="replay the written traces")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    FIXTURES.mkdir(parents=True, exist_ok=True)
    if args.autoattack:
        make_all(args.autoattack)
    if args.check:
        check_all()


if __name__ == "__main__":
    main()
