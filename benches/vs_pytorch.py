#!/usr/bin/env python3
"""Runs `crossmax bench` and PyTorch in turn on the same work and prints both and their ratio.

PyTorch gets its better layout (channels_last), batch normalisation folded in evaluation, and all threads. Runs
alternate, so that whatever else the machine does meets both; a row is the median over the rounds of each side's
median step. Both sides run in processes of their own, whose largest resident set is compared too.

    cargo build --release
    python3 benches/vs_pytorch.py --binary target/release/crossmax [--rounds 5] [--steps 9] [--only resnet20]
"""
import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

WORK = [
    # model, mode, batch, ratio that is demanded
    ("resnet152", "forward", 2, 1.2),
    ("resnet152", "attack", 2, 1.2),
    ("resnet152", "train", 2, 1.15),
    ("resnet20", "forward", 32, None),
    ("resnet20", "attack", 32, 1.3),
    ("resnet20", "train", 32, 1.2),
    ("pocket", "forward", 256, 2.0),
    ("pocket", "attack", 256, 2.0),
]


def views(images, noise=0.2, jitter=3):
    """The view stack of the pocket pipeline at resolutions 32, 16, 8 and 4, over the whole batch at once: contrast,
    roll, colour, bicubic down, noise, bicubic up, noise, clamp, normalise; every image and view by its own draw."""
    import torch
    from torch.nn.functional import interpolate

    count, _, side, _ = images.shape
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    grey = (images * torch.tensor([0.2989, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True).mean((2, 3), keepdim=True)
    stack = []
    for resolution in (32, 16, 8, 4):
        amount = 0.5 + 0.5 * torch.randint(0, 100, (count, 1, 1, 1)) / 99
        view = (amount * images + (1 - amount) * grey).clamp(0, 1)
        # A roll of each image by its own shift is one gather over flattened pictures.
        shifts = torch.randint(-jitter, jitter + 1, (2, count, 1))
        rows, columns = (torch.arange(side) - shifts) % side
        sources = (rows[:, :, None] * side + columns[:, None, :]).view(count, 1, -1).expand(-1, 3, -1)
        view = view.flatten(2).gather(2, sources).view_as(images)
        view = amount * view + (1 - amount) * view.mean(1, keepdim=True)
        if resolution != side:
            view = interpolate(view, (resolution, resolution), mode="bicubic")
        view = view + noise * torch.rand_like(view)
        if resolution != side:
            view = interpolate(view, (side, side), mode="bicubic")
        view = (view + noise * torch.rand_like(view)).clamp(0, 1)
        stack.append((view - mean) / std)
    return torch.cat(stack, 1).contiguous(memory_format=torch.channels_last)


def network(model):
    """The network that `crossmax bench --model` measures, and the side of its pictures."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, channels, width, stride, bottleneck):
            super().__init__()
            out = width * (4 if bottleneck else 1)
            windows = [(channels, width, 1, 1), (width, width, 3, stride), (width, out, 1, 1)]
            if not bottleneck:
                windows = [(channels, width, 3, stride), (width, out, 3, 1)]
            layers = []
            for i, (c, k, window, step) in enumerate(windows):
                layers += [nn.Conv2d(c, k, window, step, window // 2, bias=False), nn.BatchNorm2d(k)]
                if i + 1 < len(windows):
                    layers.append(nn.ReLU(inplace=True))
            self.branch = nn.Sequential(*layers)
            self.shortcut = nn.Identity()
            if stride != 1 or channels != out:
                self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

        def forward(self, x):
            return torch.relu_(self.branch(x) + self.shortcut(x))

    if model == "resnet152":
        layers = [nn.Conv2d(12, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
        layers.append(nn.MaxPool2d(3, 2, 1))
        channels, widths, blocks, bottleneck, classes, side = 64, [64, 128, 256, 512], [3, 8, 36, 3], True, 100, 224
    else:
        stride, count, classes = (2, 2, 12) if model == "pocket" else (1, 3, 10)
        layers = [nn.Conv2d(12, 16, 3, stride, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
        channels, widths, blocks, bottleneck, side = 16, [16, 32, 64], [count] * 3, False, 32
    for stage, (width, count) in enumerate(zip(widths, blocks)):
        for block in range(count):
            layers.append(Block(channels, width, 2 if stage and not block else 1, bottleneck))
            channels = width * (4 if bottleneck else 1)
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
    return nn.Sequential(*layers), side


def fold(module):
    """Folds every convolution with the batch normalisation behind it."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    for child in module.children():
        fold(child)
    if isinstance(module, nn.Sequential):
        for i in range(len(module) - 1):
            if isinstance(module[i], nn.Conv2d) and isinstance(module[i + 1], nn.BatchNorm2d):
                module[i], module[i + 1] = fuse_conv_bn_eval(module[i], module[i + 1]), nn.Identity()


def measure_pytorch(model, mode, batch, steps, threads):
    """Seconds of the median step; run in a process of its own."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    net, side = network(model)
    net = net.to(memory_format=torch.channels_last)
    x = torch.rand(batch, 3 if model == "pocket" else 12, side, side).to(memory_format=torch.channels_last)
    prepare = views if model == "pocket" else lambda images: images
    labels = torch.arange(batch)
    loss_of = torch.nn.functional.cross_entropy
    if mode == "train":
        net.train()
        adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    else:
        net.eval()
        fold(net)
        net.requires_grad_(False)

    def step():
        if mode == "forward":
            with torch.inference_mode():
                net(prepare(x))
        elif mode == "attack":
            inputs = x.clone().requires_grad_()
            torch.autograd.grad(loss_of(net(prepare(inputs)), labels % 10), inputs)
        else:
            adam.zero_grad(set_to_none=True)
            loss_of(net(prepare(x)), labels % 10).backward()
            adam.step()

    step()
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": statistics.median(seconds), "peak_memory_bytes": peak}


def run(command):
    """The JSON that a command prints."""
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/crossmax")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--threads", type=int, default=0, help="threads of each side (0: all)")
    parser.add_argument("--only", help="a model's name")
    parser.add_argument("--pytorch", nargs=3, metavar=("MODEL", "MODE", "BATCH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pytorch:
        model, mode, batch = options.pytorch
        print(json.dumps(measure_pytorch(model, mode, int(batch), options.steps, options.threads)))
        return
    print("| work | crossmax, ms | PyTorch, ms | ratio | demanded | crossmax, GFLOP/s | of ceiling | memory ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    threads = ["--threads", str(options.threads)] if options.threads else []
    for model, mode, batch, demanded in WORK:
        if options.only not in (None, model):
            continue
        ours, theirs = [], []
        for _ in range(options.rounds):
            command = [options.binary, "bench", "--device", "cpu", "--model", model, "--mode", mode]
            ours.append(run([*command, "--batch", str(batch), "--steps", str(options.steps), "--json", *threads]))
            command = [sys.executable, __file__, "--steps", str(options.steps), *threads]
            theirs.append(run([*command, "--pytorch", model, mode, str(batch)]))
        our_time, their_time = (statistics.median(r["seconds"] for r in side) for side in (ours, theirs))
        gflops = statistics.median(r["gflops"] for r in ours)
        share = statistics.median(r["share_of_ceiling"] for r in ours)
        memory = ours[0]["peak_memory_bytes"] / theirs[0]["peak_memory_bytes"]
        print(
            f"| {model} {mode}, batch {batch} | {1e3 * our_time:.1f} | {1e3 * their_time:.1f} | "
            f"{their_time / our_time:.2f} | {demanded or '–'} | {gflops:.0f} | {100 * share:.0f} % | {memory:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
