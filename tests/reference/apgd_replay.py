"""APGD (Linf) and AutoAttack's `rand` driver written from their description.

A second opinion on the recorded traces: nothing here was taken from, or calls, AutoAttack.
"""

import torch

from apgd_network import EPS, gradient, logits_of, project


class Replay:
    """APGD for Linf on one batch. `noise_of(iterate, draw)` is what the network adds to its input."""

    def __init__(self, net, x, y, uniforms, config, noise_of):
        self.net, self.x, self.y, self.config, self.noise_of = net, x, y, config, noise_of
        self.gap = torch.inf  # the closest any decision (sign, comparison, rank) came to a tie
        n_iter, n = config["n_iter"], len(x)
        direction = 2 * uniforms - 1
        direction = direction / (direction.abs().flatten(1).amax(1)[:, None, None, None] + 1e-12)
        now = previous = (x + EPS * direction).clamp(0, 1)
        grad, loss, right = self.evaluate(now, 0)
        self.iterates, self.losses, self.steps, self.correct = [now], [loss], [], [right]
        self.best, self.loss_best, grad_best = now.clone(), loss.clone(), grad.clone()
        self.best_adv, self.acc = now.clone(), right.clone()
        # Row i holds the loss after step i; the comparison of row 0 wraps to the still zero end.
        history = torch.zeros(n_iter, n)
        step, loss_at_check, halved = torch.full((n,), 2 * EPS), loss.clone(), torch.ones(n).bool()
        period, since_check = max(int(0.22 * n_iter), 1), 0
        for i in range(n_iter):
            momentum, previous = now - previous, now
            a = 0.75 if i else 1.0
            target = project(now + step[:, None, None, None] * grad.sign(), x)
            now = project(now + (target - now) * a + momentum * (1 - a), x)
            grad, loss, right = self.evaluate(now, i + 1)
            self.iterates.append(now)
            self.losses.append(loss)
            self.correct.append(right)
            self.steps.append(step.clone())
            self.acc = self.acc & right
            self.best_adv[~right] = now[~right]
            self.note_loss_gap(now, loss, self.best, self.loss_best)
            self.note_loss_gap(now, loss, self.iterates[-2], self.losses[-2])
            history[i] = loss
            better = loss > self.loss_best
            self.best[better], grad_best[better] = now[better], grad[better]
            self.loss_best[better] = loss[better]
            since_check += 1
            if since_check == period:
                rows = torch.arange(i - period + 1, i + 1)
                rises = (history[rows] > history[rows - 1]).sum(0)
                halved = (rises <= config["rho"] * period) | (
                    ~halved & (loss_at_check >= self.loss_best))
                loss_at_check = self.loss_best.clone()
                step[halved] /= 2
                now, grad = now.clone(), grad.clone()
                now[halved], grad[halved] = self.best[halved], grad_best[halved]
                period = max(period - max(int(0.03 * n_iter), 1), max(int(0.06 * n_iter), 1))
                since_check = 0

    def evaluate(self, x, iterate):
        """Mean gradient over the draws; loss and correctness on the last draw alone."""
        grad = torch.zeros_like(x)
        for draw in range(self.config["eot_iter"]):
            noise = self.noise_of(iterate, draw)
            grad_of_draw, loss = gradient(self.net, x, self.y, self.config["loss"], noise)
            grad = grad + grad_of_draw / self.config["eot_iter"]
        logits = logits_of(self.net, x + noise)
        self.gap = min(self.gap, sign_gap(grad), -logits.topk(4).values.diff().amax().item())
        return grad, loss, logits.argmax(1) == self.y

    def note_loss_gap(self, x, loss, other_x, other_loss):
        """Equal losses of bitwise equal points are decided alike everywhere; others are not."""
        differs = (x != other_x).flatten(1).any(1)
        self.gap = min([self.gap, *(loss - other_loss)[differs].abs().tolist()])


def sign_gap(grad):
    """Smallest non-zero gradient entry, relative to the largest of its image."""
    size = grad.abs() / grad.abs().amax((1, 2, 3), keepdim=True)
    return size[size > 0].min().item()


def replay_driver(data, noise, config):
    """AutoAttack `rand` in one batch: yields the tensors of trace_driver, not the call table."""
    images, labels = data["images"], data["labels"]

    def predict(x):
        return logits_of(data["net"], x + noise[call]).argmax(1)

    call = 2  # two calls are spent on checks
    robust = predict(images) == labels
    x_adv, y_adv = images.clone(), predict(images)
    yield "robust_initial", robust
    for attack in config["attacks"]:
        name = attack.replace("-", "_")
        rows = robust.nonzero()[:, 0]
        call += 1
        attacked = rows[predict(images[rows]) == labels[rows]]
        first, eot_iter = call + 1, config["eot_iter"]
        run = Replay(data["net"], images[attacked], labels[attacked], data["uniforms"][attacked],
                     dict(config, loss=attack.removeprefix("apgd-")),
                     lambda iterate, draw: noise[first + eot_iter * iterate + draw])
        call = first + eot_iter * (config["n_iter"] + 1)
        adversarial = images.clone()
        adversarial[attacked[~run.acc]] = run.best_adv[~run.acc]
        output = predict(adversarial[rows])
        lost = rows[output != labels[rows]]
        robust = robust.clone()
        robust[lost] = False
        x_adv[lost], y_adv[lost] = adversarial[lost], output[output != labels[rows]]
        yield from {f"{name}.attacked": attacked, f"{name}.last_iterate": run.iterates[-1],
                    f"{name}.adversarial": adversarial[rows], f"robust_after_{name}": robust,
                    f"{name}.gap": run.gap}.items()
    yield "x_adv", x_adv
    yield "y_adv", y_adv


def replay_trace(data, trace, config, noise):
    """Yields the tensors of trace_apgd, and the replay's gap."""
    rows, eot_iter = trace["attacked"], config["eot_iter"]

    def noise_of(iterate, draw):
        return 0 if noise is None else noise[1 + eot_iter * iterate + draw]  # call 0: prediction

    run = Replay(data["net"], data["images"][rows], data["labels"][rows], data["uniforms"][rows],
                 config, noise_of)
    adversarial = data["images"].clone()
    adversarial[rows[~run.acc]] = run.best_adv[~run.acc]
    yield from {
        "iterates": torch.stack(run.iterates)[trace["iterate_index"]],
        "loss": torch.stack(run.losses), "correct": torch.stack(run.correct),
        "step_size": torch.stack(run.steps), "x_best": run.best, "acc": run.acc,
        "loss_best": run.loss_best, "x_best_adv": run.best_adv, "adversarial": adversarial,
        "gap": run.gap,
    }.items()
