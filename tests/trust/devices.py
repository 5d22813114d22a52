"""The same weights on the same pictures by processor and by graphics card, and how far the results are apart.

    python tests/trust/devices.py PICTURE... --out results/trust/devices.json

Of each picture 256 x 256 pixels, in float32; and once more on the card in bfloat16.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from records import keep, one_line
from torch import Tensor, nn

from abstract_beauty import weights
from abstract_beauty.data.images import read_image, resize_short_side
from abstract_beauty.errors import UserError
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.project import find_project
from abstract_beauty.training.machine import machine

SIDE = 256


def made(kind: str, network: nn.Module, y: Tensor) -> Tensor:
    """A predictor's full prediction, or an improver's pictures."""
    return full_prediction(network, y) if kind == "predictors" else network(y)


def seen(kind: str, network: nn.Module, x: Tensor, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """What a network makes of pictures, the error to them, and how that changes with each of their pixels."""
    network, y = network.to(device), x.to(device).requires_grad_(True)
    z = made(kind, network, y)
    errors = (z - y).abs().mean(dim=(1, 2, 3))
    errors.mean().backward()
    return z.detach().cpu(), errors.detach().cpu(), y.grad.cpu()


def compared(kind: str, network: nn.Module, x: Tensor, device: str) -> dict[str, float]:
    """The largest and the mean difference of a value in 0..1; of errors and gradients relative ones."""
    (z, errors, gradient), (other, others, slope) = (
        seen(kind, network, x.clone(), on) for on in ("cpu", device)
    )
    with torch.no_grad(), torch.autocast(device, torch.bfloat16):
        low = made(kind, network, x.to(device)).float().cpu()
    return {
        "largest": float((z - other).abs().max()),
        "mean": float((z - other).abs().mean()),
        "error": float((errors / others - 1).abs().max()),
        "gradient": float((gradient - slope).norm() / gradient.norm()),
        "bfloat16_mean": float((z - low).abs().mean()),
    }


def pictures(files: Iterable[Path]) -> Tensor:
    """The squares, a batch."""
    small = [resize_short_side(read_image(file), SIDE) for file in files]
    return torch.stack([picture[:, :SIDE, :SIDE] for picture in small])


def networks() -> dict[str, tuple[str, nn.Module]]:
    """Of the reference run: two predictors, and two improvers."""
    names = {"predictors": ("good", "judge"), "improvers": ("mover", "smoothing")}
    root = find_project().reference
    return {
        name: (kind, weights.load(root / kind / f"{name}.safetensors", kind))
        for kind, each in names.items()
        for name in each
    }


@one_line
def main(arguments: list[str] | None = None) -> int:
    """Compare, print, and keep it where that is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        raise UserError("no graphics card that PyTorch sees")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    began, x = time.monotonic(), pictures(options.pictures)
    found: dict[str, Any] = {
        name: compared(kind, network, x, "cuda") for name, (kind, network) in networks().items()
    }
    print(json.dumps(found, indent=2))
    keep(options.out, began, machine=machine(), pictures=len(x), networks=found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
