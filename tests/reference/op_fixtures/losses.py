"""Cross-entropy, the DLR losses of AutoAttack and the CrossMax aggregation."""

import torch
import torch.nn.functional as F

from .fixture_file import FixtureFile
from .rules import first_max, sort_descending, top_k


def cross_entropy(file: FixtureFile):
    """logits x [N,C] with labels [N], or with target probabilities [N,C]; y is [N] or []."""
    for reduction in ("none", "mean"):
        for name, shape, scale in [("normal", (3, 7), 2.0), ("huge", (4, 5), 1e3)]:
            case = file.case(f"hard_{name}_{reduction}", targets="labels", reduction=reduction)
            x = case.leaf("x", scale * case.normal(*shape))
            labels = case.integers(0, shape[1] - 1, shape[0])
            case.record(labels=labels)
            case.differentiate(F.cross_entropy(x, labels, reduction=reduction))
        case = file.case(f"soft_{reduction}", targets="probabilities", reduction=reduction)
        x = case.leaf("x", 2.0 * case.normal(3, 7))
        probabilities = case.normal(3, 7).softmax(-1)
        case.record(probabilities=probabilities)
        case.differentiate(F.cross_entropy(x, probabilities, reduction=reduction))


def _dlr(z, labels):
    """Difference of logits ratio, equation 6 of arXiv 2003.01690, with AutoAttack's 1e-12."""
    ordered, indices = sort_descending(z, 1)
    rival = torch.where(indices[:, 0] == labels, ordered[:, 1], ordered[:, 0])
    true = z.gather(1, labels[:, None])[:, 0]
    return -(true - rival) / (ordered[:, 0] - ordered[:, 2] + 1e-12)


def _targeted_dlr(z, labels, targets):
    """Targeted difference of logits ratio, equation 7 of arXiv 2003.01690."""
    ordered, _ = sort_descending(z, 1)
    true = z.gather(1, labels[:, None])[:, 0]
    target = z.gather(1, targets[:, None])[:, 0]
    return -(true - target) / (
        ordered[:, 0] - 0.5 * (ordered[:, 2] + ordered[:, 3]) + 1e-12
    )


def _every_rank(case, classes):
    """Logits whose labels rank first, second, ..., last, one rank in each row."""
    z = 2.0 * case.normal(classes, classes)
    labels = z.argsort(dim=1, descending=True).diagonal().clone()
    return z, labels


def dlr(file: FixtureFile):
    """logits z [N,C], labels [N], y [N]; without ties but in the last case."""
    for classes in (5, 7):
        case = file.case(f"every_rank_{classes}")
        z, labels = _every_rank(case, classes)
        case.record(labels=labels)
        case.differentiate(_dlr(case.leaf("z", z), labels))
    # Exact ties, as CrossMax makes them; of equal logits the lower class ranks higher. In the
    # last row the three best are equal, so that only the 1e-12 is left of the denominator.
    case = file.case("ties")
    z = torch.tensor(
        [
            [0.0, -1.0, 0.0, -2.0, -3.0],
            [0.0, -1.0, 0.0, -2.0, -3.0],
            [0.5, -1.0, -1.0, 0.25, -1.0],
            [-2.0, 1.0, -2.0, -2.0, 0.5],
            [0.0, 0.0, -1.0, 0.0, -2.0],
        ],
        dtype=torch.float64,
    )
    labels = torch.tensor([0, 2, 1, 1, 1])
    case.record(labels=labels)
    case.differentiate(_dlr(case.leaf("z", z), labels))


def targeted_dlr(file: FixtureFile):
    """logits z [N,C], labels [N] of every rank, targets [N] of every other rank, y [N]."""
    for classes, step in [(5, 1), (5, 2), (7, 4)]:
        case = file.case(f"classes_{classes}_step_{step}")
        z, labels = _every_rank(case, classes)
        targets = (labels + step) % classes
        case.record(labels=labels, targets=targets)
        case.differentiate(_targeted_dlr(case.leaf("z", z), labels, targets))


def _crossmax(z, k):
    """CrossMax of arXiv 2408.05446 as its notebook computes it, z [N,members,classes]."""
    z = z - first_max(z, 2)
    z = z - first_max(z, 1)
    return top_k(z, k, 1)[0][:, k - 1]


def crossmax(file: FixtureFile):
    """member logits z [N,K,C], y [N,C].

    `distinct_*`: each member ranks another class first, so that nothing ties after the
    subtractions. `votes_*`: random logits, in which classes ranked first by several members tie
    at 0. `integers`: ties everywhere, which the first index wins.
    """
    for members, k in [(8, 1), (8, 2), (8, 3), (3, 3)]:
        classes = members + 3
        case = file.case(f"distinct_members_{members}_k{k}", k=k)
        z = case.normal(2, members, classes)
        favourites = torch.stack(
            [case.normal(classes).argsort()[:members] for _ in range(2)]
        )
        z.scatter_(2, favourites[..., None], 4.0 + case.uniform(2, members, 1))
        case.differentiate(_crossmax(case.leaf("z", z), k))
    for k in (1, 2, 3):
        case = file.case(f"votes_k{k}", k=k)
        z = case.normal(2, 8, 5)
        # Five of the eight members agree on class 2.
        z[:, :5, 2] += 4.0
        case.differentiate(_crossmax(case.leaf("z", z), k))
    case = file.case("integers", k=3)
    z = case.integers(-2, 2, 3, 5, 4).double()
    case.differentiate(_crossmax(case.leaf("z", z), 3))
