"""Compares `crossmax predict` with torchvision: logits and input gradients of ResNet-18 and -50.

    python tests/reference/check_predict.py --binary target/release/crossmax

The weights are torchvision's random ones with running statistics moved away from 0 and 1; nothing is
downloaded. Needs torch, torchvision, safetensors and numpy. Ends with status 1 if the largest relative
difference of the logits is above 1e-4 or that of the gradients above 1e-3 (relative to the largest
magnitude in the tensor).
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision
from safetensors.torch import load_file, save_file

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
LIMITS = {"logits": 1e-4, "gradient": 1e-3}


def network(name: str) -> torch.nn.Module:
    """A network whose batch normalisation does something."""
    torch.manual_seed(1)
    net = torchvision.models.get_model(name, weights=None, num_classes=100)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0.0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.8, 1.2)
            module.bias.data.normal_(0.0, 0.1)
    return net.eval()


def expected(net, images, labels):
    """Logits, and the gradient of the summed cross-entropy with respect to the images."""
    x = images.clone().requires_grad_()
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    logits = net((x - mean) / std)
    (gradient,) = torch.autograd.grad(F.cross_entropy(logits, labels, reduction="sum"), x)
    return {"logits": logits.detach(), "gradient": gradient}


def check(name: str, binary: Path, folder: Path) -> bool:
    net = network(name)
    images, labels = torch.rand(4, 3, 64, 64), torch.randint(0, 100, (4,))
    weights, inputs, out = (folder / f"{name}-{part}.safetensors" for part in ("weights", "images", "out"))
    save_file({key: tensor.contiguous() for key, tensor in net.state_dict().items()}, weights)
    save_file({"images": images, "labels": labels}, inputs)
    command = [binary, "predict", weights, inputs, "--out", out, "--input-gradient"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found, passed = load_file(out), True
    for key, reference in expected(net, images, labels).items():
        difference = ((found[key] - reference).abs().max() / reference.abs().max()).item()
        passed &= difference <= LIMITS[key]
        print(f"{name} {key} {list(reference.shape)}: largest relative difference {difference:.2e}")
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=Path("target/release/crossmax"))
    binary = parser.parse_args().binary.resolve()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        results = [check(name, binary, Path(folder)) for name in ("resnet18", "resnet50")]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
