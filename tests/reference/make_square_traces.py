"""Golden float64 traces of AutoAttack's Square attack on the tiny network of the APGD traces.

    python make_square_traces.py --autoattack CHECKOUT   write tests/fixtures/attacks/square.safetensors

CHECKOUT is a clone of https://github.com/fra31/auto-attack at commit a392200. Its code runs
unchanged; its random numbers come from the formula in op_fixtures/formula.py, under names that
square_fab_traces.md lists, and what happens inside is read from its local variables.
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
from op_fixtures.formula import unit

QUERIES = 120
# Radii at which some images are lost at once, some after many queries and some never.
CASES = {
    "linf": {"norm": "Linf", "eps": 0.06, "loss": "margin", "resc_schedule": False},
    "linf_rescaled": {"norm": "Linf", "eps": 0.06, "loss": "margin", "resc_schedule": True},
    "linf_ce": {"norm": "Linf", "eps": 0.06, "loss": "ce", "resc_schedule": True},
    "l2": {"norm": "L2", "eps": 0.7, "loss": "margin", "resc_schedule": False},
    "l2_rescaled": {"norm": "L2", "eps": 0.7, "loss": "margin", "resc_schedule": True},
    "l1": {"norm": "L1", "eps": 1.651, "loss": "margin", "resc_schedule": False},
    "l1_rescaled": {"norm": "L1", "eps": 1.651, "loss": "margin", "resc_schedule": True},
}
# What rounding may do to a loss between images that are nearly the same, and how close any other
# decision may be: for L2 and L1 a window without a part in the perturbation gets the length that
# rounding leaves of eps, and its direction is added to the next one.
NOISE = {"Linf": 1e-10, "L2": 1e-5, "L1": 1e-5}
CLOSEST = {"Linf": 1e-10, "L2": 1e-4, "L1": 1e-3}


def attack_frame():
    """The local variables of the innermost `attack_single_run` on the stack."""
    frame = sys._getframe(1)
    while frame.f_code.co_name != "attack_single_run":
        frame = frame.f_back
    return frame.f_locals


@contextmanager
def float64_and_given_squares(images):
    """Square in float64, its uniform numbers given by name: single numbers, and for L-infinity all
    signs after the start, are the query's; other signs the image's."""
    state = {"query": None, "singles": 0}

    def rand(shape):
        local = attack_frame()
        query = local["i_iter"] + 1 if "i_iter" in local else 0
        if query != state["query"]:
            state.update(query=query, singles=0)
        if shape == [1]:
            state["singles"] += 1
            return unit(f"square.{query}", 256)[state["singles"] - 1:state["singles"]]
        if len(shape) == 3:  # signs [channels, 1, 1]
            return unit(f"square.{query}", 256)[2:2 + SHAPE[0]].reshape(shape)
        rows = rows_of(images, local["x_curr"] if query else local["x"])
        per_image = torch.stack([unit(f"square.{query}.{row}", 1024) for row in rows.tolist()])
        if query or shape[3] == SHAPE[2]:
            return per_image[:, :torch.Size(shape[1:]).numel()].reshape(shape)
        tile = state["singles"] - 1
        return per_image[:, SHAPE[0] * tile:][:, :SHAPE[0]].reshape(shape)

    with mock.patch.object(torch.Tensor, "float", torch.Tensor.double), \
            mock.patch.object(torch, "rand", rand):
        yield


def trace(square_class, net, images, labels, config):
    # One image at a time: PyTorch's rounding depends on the batch.
    attack = square_class(lambda x: torch.cat([logits_of(net, image[None]) for image in x]), n_queries=QUERIES, n_restarts=1, seed=0,
                          p_init=0.8, device="cpu", **config)
    seen, runs = [], []
    look, single_run = attack.margin_and_loss, attack.attack_single_run

    def observed_look(x, y):
        local = attack_frame()
        rows = local.get("idx_to_fool", torch.arange(len(local["x"]))).reshape(-1)
        before = local["x_best"].clone() if "i_iter" in local else None
        margin, loss = look(x, y)
        moved = 1 if before is None else (x - before[rows]).abs().flatten(1).amax(1)
        seen.append({"rows": rows, "margin": margin, "loss": loss, "best": before, "moved": moved})
        return margin.clone(), loss.clone()

    def observed_run(x, y):
        runs.append((x, *single_run(x, y)))
        return runs[-1][1:]

    attack.margin_and_loss, attack.attack_single_run = observed_look, observed_run
    with float64_and_given_squares(images):
        adversarial = attack.perturb(images, labels)
    (x, queries, best), = runs
    bests = [call["best"] for call in seen[1:]] + [best]
    accepted = [(after != before).flatten(1).any(1)[call["rows"]].to(torch.uint8)
                for call, before, after in zip(seen[1:], bests, bests[1:])]
    for flags, undecided in zip(accepted, undecided_flags(seen, len(x), config["norm"])):
        flags[undecided] = 2
    out = {
        "searched": rows_of(images, x), "queries": queries.long(),
        "margin": torch.cat([call["margin"] for call in seen]),
        "accepted": torch.cat(accepted),
        "fooled": (logits_of(net, adversarial).argmax(1) != labels).to(torch.uint8),
    }
    if config["loss"] == "ce":
        out["loss"] = torch.cat([call["loss"] for call in seen])
    if not config["resc_schedule"]:
        out["best"] = best
    moved = queries[queries < QUERIES + 1]
    print(f"searched {len(x)}, lost {int(out['fooled'].sum())}, queries {queries.tolist()}, "
          f"accepted {int((out['accepted'] == 1).sum())}, early {len(moved)}")
    return out


def undecided_flags(seen, n, norm):
    """Where rounding decides, at every query after the start: only between images that are nearly the
    same, or whose difference cannot reach the logits, so that the path does not depend on it."""
    lowest, flags, closest = torch.full((n,), torch.inf), [], torch.inf
    for call in seen:
        difference = (call["loss"] - lowest[call["rows"]]).abs()
        flags.append(difference < NOISE[norm])
        apart = flags[-1] & (difference > 0) & (call["moved"] > NOISE[norm])
        assert not apart.any(), "a decision hangs on rounding"
        decisions = [*difference[~flags[-1]].tolist(), *call["margin"].abs().tolist()]
        closest = min([closest, *decisions])
        lowest[call["rows"]] = torch.minimum(call["loss"], lowest[call["rows"]])
    assert closest > CLOSEST[norm], f"a decision hangs on a difference of {closest:.1e}"
    return flags[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--autoattack", type=Path, required=True)
    sys.path.insert(0, str(parser.parse_args().autoattack))
    from autoattack.square import SquareAttack

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    net = make_network()
    images, labels, _ = (t[CHOSEN] for t in make_pool(net))
    labels[0] = (labels[0] + 1) % CLASSES
    tensors, metadata = {}, {}
    for name, config in CASES.items():
        case = trace(SquareAttack, net, images, labels, config)
        tensors.update({f"square.{name}.{key}": value.contiguous() for key, value in case.items()})
        metadata[name] = config
    metadata["queries"] = QUERIES
    path = FIXTURES / "square.safetensors"
    save_file(tensors, path, metadata={"square": json.dumps(metadata)})
    print(f"{path.name} {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()
