"""How fast networks train: one step of each kind of training, timed on random pictures that are there already.

What a step does is what `training.fit` does: forward, backward, gradients scaled down to a norm, the optimisers' step.
Drawing the next batch, which another thread could do meanwhile, is left out.
"""

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from abstract_beauty.bench.settings import PRECISIONS, Settings
from abstract_beauty.bench.timing import Run, Stopwatch, in_turn, medians
from abstract_beauty.bench.ways import frozen, picture, seeded
from abstract_beauty.improvers.plain import PlainConvolutions
from abstract_beauty.losses.smoothing import smoothing
from abstract_beauty.params import TrainingParams
from abstract_beauty.prediction.full_prediction import MARGIN, TILE, Axis, contexts, full_prediction
from abstract_beauty.prediction.predictability import mae
from abstract_beauty.predictors.context_encoder import ContextEncoder
from abstract_beauty.predictors.four_sides import FourSides
from abstract_beauty.training.fit import precision_of
from abstract_beauty.training.optimizers import optimizers_for

CENTRE = slice(MARGIN, MARGIN + TILE)
# A predictor of crops trains on the article's grid at even steps and on a random one at odd ones, which has more tiles.
PHASES = ((0, 0), (TILE // 2, TILE // 2))


@dataclass(frozen=True)
class Training:
    """One kind of training.

    Args:
        network: what is trained.
        losses: the losses of successive steps, functions of the network; timed together.
        optimizer: "adamw" or "muon".
        learning_rate: its constant rate.
        images: pictures a turn of all `losses`; None where single tiles are trained on.
        tiles: tiles predicted a turn.
    """

    network: nn.Module
    losses: tuple[Callable[[nn.Module], Tensor], ...]
    optimizer: str
    learning_rate: float
    images: int | None
    tiles: int

    def run(self, precision: str, device: torch.device) -> Run:
        """A turn: one step for each loss, on a copy of the network."""
        network = copy.deepcopy(self.network).to(device).train().requires_grad_(True)
        optimizers = optimizers_for(network, self.optimizer, self.learning_rate)
        owned = [[p for group in one.param_groups for p in group["params"]] for one in optimizers]
        clip = TrainingParams().clip

        def turn() -> None:
            for loss in self.losses:
                with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
                    value = loss(network)
                for one in optimizers:
                    one.zero_grad(set_to_none=True)
                value.backward()
                for parameters in owned:
                    torch.nn.utils.clip_grad_norm_(parameters, clip)
                for one in optimizers:
                    one.step()

        return turn


def _tiles(size: int, phase: tuple[int, int]) -> int:
    """Tiles of a square picture on a grid."""
    return Axis(size, phase[0]).tiles * Axis(size, phase[1]).tiles


def trainings(settings: Settings, device: torch.device) -> dict[str, Training]:
    """The default's predictor, the article's, and the default's improver through the frozen predictor."""
    crops = picture(settings.crop, device).repeat(settings.crops, 1, 1, 1)
    x = picture(settings.improver_crop, device).repeat(settings.improver_images, 1, 1, 1)
    context, hidden = contexts(picture(TILE * settings.tiles, device)[:, :, :TILE])

    def crop_loss(phase: tuple[int, int]) -> Callable[[nn.Module], Tensor]:
        return lambda f: mae(crops, full_prediction(f, crops, phase))

    def improver_loss(g: nn.Module) -> Tensor:
        y = g(x)
        return smoothing(x, y, full_prediction(f, y), k1=0.5, k2=0.5)

    four_sides = seeded(lambda: FourSides(settings.token_width))
    f = frozen(copy.deepcopy(four_sides), device)
    return {
        "predictor": Training(
            network=four_sides,
            losses=tuple(crop_loss(phase) for phase in PHASES),
            optimizer="muon",
            learning_rate=0.005,
            images=len(PHASES) * settings.crops,
            tiles=settings.crops * sum(_tiles(settings.crop, phase) for phase in PHASES),
        ),
        "article": Training(
            network=seeded(lambda: ContextEncoder(settings.encoder_width)),
            losses=(lambda f: mae(f(context, hidden), context[..., CENTRE, CENTRE]),),
            optimizer="adamw",
            learning_rate=0.002,
            images=None,
            tiles=len(context),
        ),
        "improver": Training(
            network=seeded(lambda: PlainConvolutions(settings.improver_width)),
            losses=(improver_loss,),
            optimizer="adamw",
            learning_rate=0.001,
            images=settings.improver_images,
            tiles=settings.improver_images * _tiles(settings.improver_crop, (0, 0)),
        ),
    }


def training_times(settings: Settings, device: torch.device, watch: Stopwatch) -> dict[str, Any]:
    """Seconds a step, and images and tiles a second, of each training in each precision.

    Also which precision training takes on this machine where nothing else is asked for, and those rows again, `chosen`.
    """
    kinds = trainings(settings, device)
    runs = {
        (name, precision): kinds[name].run(precision, device)
        for name, precision in itertools.product(kinds, PRECISIONS)
    }
    seconds = medians(in_turn(runs, settings.trials, watch, warmups=settings.warmups(device)))
    steps: dict[str, dict[str, dict[str, float | None]]] = {name: {} for name in kinds}
    for (name, precision), turn in seconds.items():
        images = kinds[name].images
        steps[name][precision] = {
            "seconds": turn / len(kinds[name].losses),
            "images_per_second": images / turn if images else None,
            "tiles_per_second": kinds[name].tiles / turn,
        }
    mixed = precision_of(TrainingParams()) == "bf16-mixed"
    default = "bfloat16" if mixed else "float32"
    chosen = {name: kinds[default] for name, kinds in steps.items()}
    return {"default_precision": default, "steps": steps, "chosen": chosen}
