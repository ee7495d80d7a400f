#!/usr/bin/env python3
"""How the cost of `crossmax bench` grows: with images, threads, pixels and draws an image; how long the program takes
to start, and how large it is. Prints Markdown tables.

    cargo build --release
    python3 benches/growth.py --binary target/release/crossmax [--steps 5] [--rounds 3]

Each figure is the fastest step of all rounds, whose runs alternate.
"""
import argparse
import json
import os
import subprocess
import time

IMAGES = [1, 2, 8, 32, 128, 512]
SIDES = [32, 64, 96, 128, 160, 192, 224]
# The draws of one image are rows of one batch, as images are.
DRAWS = [1, 5, 10, 20, 50, 100]


def fastest(options, runs):
    """The result with the fastest step for each list of flags."""
    best = [None] * len(runs)
    for _ in range(options.rounds):
        for i, flags in enumerate(runs):
            command = [options.binary, "bench", "--device", "cpu", "--steps", str(options.steps), "--json", *flags]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            found["fastest"] = min(found["seconds_of_steps"])
            if best[i] is None or found["fastest"] < best[i]["fastest"]:
                best[i] = found
    return best


def table(title, options, runs):
    """One table: a row for each (label, flags) of `runs`."""
    print(f"\n| {title} | ms a step | images/s | peak memory, MiB |\n| --- | --- | --- | --- |")
    for (label, _), found in zip(runs, fastest(options, [flags for _, flags in runs])):
        seconds = found["fastest"]
        memory = found["peak_memory_bytes"]
        memory = f"{memory / 2**20:.0f}" if memory else "–"
        print(f"| {label} | {1e3 * seconds:.2f} | {found['batch'] / seconds:.1f} | {memory} |", flush=True)


def start_up(binary, cold):
    """Seconds that the program takes to say its version; `cold`: after the system has forgotten the file."""
    if cold:
        with open(binary, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    start = time.perf_counter()
    subprocess.run([binary, "--version"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/crossmax")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    pocket = ["--model", "pocket", "--mode", "attack"]
    resnet152 = ["--model", "resnet152", "--mode", "attack", "--batch", "1"]
    table("pocket attack, images", options, [(n, [*pocket, "--batch", str(n)]) for n in IMAGES])
    table("pocket attack of one image, draws", options, [(n, [*pocket, "--batch", str(n)]) for n in DRAWS])
    table("ResNet152 attack of one image, pixels", options, [(f"{n}×{n}", [*resnet152, "--size", str(n)]) for n in SIDES])
    cores = os.cpu_count() or 1
    threads = sorted({1, cores, *(2**i for i in range(cores.bit_length()) if 2**i <= cores)})
    for model, batch in (("pocket", 32), ("resnet20", 32), ("resnet152", 2)):
        flags = ["--model", model, "--mode", "attack", "--batch", str(batch)]
        table(f"{model} attack, batch {batch}, threads", options, [(n, [*flags, "--threads", str(n)]) for n in threads])
    for cold in (True, False):
        seconds = min(start_up(options.binary, cold) for _ in range(10))
        print(f"\nstart-up, {'cold' if cold else 'warm'}: {1e3 * seconds:.1f} ms", end="")
    print(f"\nsize of the program: {os.path.getsize(options.binary) / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
