"""params.yaml as a frozen dataclass of sections: every number that an experiment depends on, and what it may be."""

import dataclasses
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from abstract_beauty import improvers, losses, predictors

# Strict: "3" is not a number and 1 is not True. Forbid: a key that nothing reads is an error, not a silent no-op.
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

# Predictors that some stage asks for by name; others may stand beside them.
NEEDED = ("article", "good", "bad", "bad_again", "small", "judge")

Count = Annotated[int, Field(ge=1, le=10**9)]
CountOrZero = Annotated[int, Field(ge=0, le=10**9)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Run = Annotated[str, Field(pattern=r"\bpython -m abstract_beauty$")]
Share = Annotated[float, Field(gt=0, lt=1)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
Rate = Annotated[float, Field(gt=0, le=1)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=128, le=8192)]  # pixels; 128 is one context
Width = Annotated[int, Field(ge=4, le=512)]  # channels of the first layer


@dataclass(frozen=True, config=STRICT)
class DataParams:
    """What the networks see."""

    source: Literal["embedded", "folder", "hub"] = "embedded"
    train: tuple[str, ...] = ()  # folder: folders of training pictures; hub: dataset names
    test: tuple[str, ...] = ()  # folder: folders of test pictures; empty: a share of the training files
    test_share: Share = 0.1  # of the training files, chosen by the hash of their names
    revision: str = ""  # hub: the dataset's commit, so that the pictures cannot change underneath
    column: str = "image"  # hub: the column that holds the picture
    hub_split: str = "train"  # hub: the split to stream
    short_side: Side = 256  # pictures are reduced until their short side is at most this
    generated: CountOrZero = 240  # embedded: how many generated training pictures
    generated_size: Side = 256  # embedded: their side
    limit: CountOrZero = 0  # at most so many training pictures; 0: all

    def __post_init__(self) -> None:
        if self.source != "embedded" and not self.train:
            raise ValueError(f"data.train must name at least one source when data.source is {self.source}")
        if self.source == "embedded" and (self.train or self.test):
            what = "data.train and data.test are for data.source folder or hub"
            raise ValueError(f"{what}; leave them empty here")


@dataclass(frozen=True, config=STRICT)
class LinearParams:
    """The linear fill: fitted, not trained. It is where `four_sides` predictors begin."""

    crops: Count = 20000  # tiles that it is fitted on
    ridge: Annotated[float, Field(gt=0)] = 0.001  # its penalty, in squared pixel values


@dataclass(frozen=True, config=STRICT)
class PredictorParams:
    """One predictor: its network and its training."""

    title: str = ""  # what tables and figures call it; no result depends on it
    network: str = "four_sides"  # a file of predictors/
    width: Width = 64  # of a token in four_sides
    steps: Count = 2000
    batch: Count = 32  # a step, over all processes: tiles, or crops where there are any
    crop: Literal[0] | Side = 0  # side of training crops, of which all tiles are predicted; 0: single tiles
    optimizer: Literal["adamw", "muon"] = "adamw"  # muon: for networks made of matrices
    learning_rate: Rate = 0.002  # the peak of the schedule
    seed: Seed = 0  # predictors of one seed start alike and see the same pictures

    def __post_init__(self) -> None:
        known(self.network, "network", predictors.NETWORKS)


@dataclass(frozen=True, config=STRICT)
class ImproverParams:
    """One improver: its network, its loss and its training; its row holds the loss's weights beside the other keys."""

    title: str = ""  # what tables, figures, lists and the page's menu call it; no result depends on it
    network: str = "plain"  # a file of improvers/
    width: Width = 24
    loss: str = "smoothing"  # a file of losses/
    weights: dict[str, Weight] = Field(default_factory=dict)  # all that the loss takes by keyword
    bad: str | None = None  # the bad predictor of losses of two, or "linear"; None: "bad"
    phase: Literal["fixed", "random"] = "fixed"  # the grid of each step: the article's, or one drawn anew
    scorer: str | None = None  # the loss `scored`: NAME@COMMIT
    steps: Count = 250
    batch: Count = 2  # images a step, over all processes
    crop: Side = 128  # side of the training crops, pixels
    learning_rate: Rate = 0.001
    seed: Seed = 0

    def __post_init__(self) -> None:
        known(self.network, "network", improvers.NETWORKS)
        takes, weights = losses.needs(losses.LOSSES[known(self.loss, "loss", losses.LOSSES)])
        if missing := [key for key in weights if key not in self.weights]:
            raise ValueError(f"the loss '{self.loss}' needs {' and '.join(missing)}")
        if odd := [key for key in self.weights if key not in weights]:
            what = f"{' and '.join(odd)} cannot be given to the loss '{self.loss}'"
            raise ValueError(f"{what}; leave out what it lacks")
        if self.bad is not None and "z_bad" not in takes:
            raise ValueError(f"bad cannot be given to the loss '{self.loss}', which has one predictor")
        if "u" in takes and not improvers.moves(improvers.NETWORKS[self.network]):
            what = f"the loss '{self.loss}' is of a field of displacements"
            raise ValueError(f"{what}; use the network 'mover', or `ab.move`")
        if ("score" in takes) != (self.scorer is not None):
            raise ValueError("scorer is for the loss 'scored', which needs it")
        if {"k1", "k2"} <= set(weights) and not self.weights["k1"] + self.weights["k2"]:
            raise ValueError("k1 and k2 are both 0, so the loss is 0 whatever the improver does")


def known(name: str, what: str, there: Iterable[str]) -> str:
    """`name`, if it is one of those that are there; ValueError names them."""
    if name not in there:
        raise ValueError(f"there is no {what} {name!r}; there are {', '.join(there)}")
    return name


@dataclass(frozen=True, config=STRICT)
class TrainingParams:
    """How every network is trained."""

    # Lightning Fabric's names; auto: bf16-mixed where the processor or GPU computes in bfloat16, else 32-true.
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    # How processes train together; auto: ddp where torchrun started several. These networks fit on any one card whole,
    # so none of the strategies that cut a network up is here.
    strategy: Literal["auto", "ddp"] = "auto"
    warmup: Share = 0.05  # share of the steps over which the learning rate rises
    clip: Annotated[float, Field(gt=0)] = 1.0  # gradients are scaled down to this norm
    log_every: Count = 10  # steps a row of the curve
    checkpoint_every: Count = 100  # steps


@dataclass(frozen=True, config=STRICT)
class EvaluationParams:
    """How every network is measured."""

    pictures: CountOrZero = 0  # improvers and filters are judged on so many test pictures; 0: on all
    filter_strengths: Annotated[int, Field(ge=2, le=50)] = 6  # points on each filter's curve
    elsewhere: tuple[str, ...] = ()  # folders of other pictures, on which predictors are measured as well
    elsewhere_pictures: Count = 100  # of each folder at most so many


@dataclass(frozen=True, config=STRICT)
class BalanceParams:
    """The phase diagram of k1 : k2: improvers trained at many ratios."""

    ratios: tuple[Ratio, ...] = (0.0, 0.4, 0.5, 0.6, 0.8)  # k2 / (k1 + k2)
    networks: tuple[str, ...] = ("unet",)  # files of improvers/
    width: Width = 16
    seeds: Annotated[int, Field(ge=1, le=100)] = 2  # trainings of each, for the error bars
    steps: Count = 60  # of each training
    lengths: tuple[Count, ...] = (20, 60)  # steps of trainings of the plain stack with k2 = 0 and k1 = k2
    pictures: Count = 6  # test pictures, of each the central square
    side: Side = 160  # of the square and of the training crops, pixels

    def __post_init__(self) -> None:
        for name in self.networks:
            known(name, "network", improvers.NETWORKS)


@dataclass(frozen=True, config=STRICT)
class PixelsParams:
    """Experiments that move the pixels of y themselves, without any network."""

    ratios: tuple[Ratio, ...] = (0.0, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.85, 1.0)  # k2 / (k1 + k2)
    grid_ratio: Ratio = 0.6  # at which the fixed grid is compared with random ones
    steps: Count = 40
    pictures: Count = 6  # test pictures, of each the central square
    side: Side = 128  # of the square, pixels


@dataclass(frozen=True, config=STRICT)
class MovingParams:
    """Descent on a picture's field of displacements, without any network."""

    steps: Count = 50
    spacing: Annotated[float, Field(ge=4, le=64)] = 4.0  # fineness of the field, pixels
    turned_steps: Count = 300  # trainings of predictors on turned pictures, and on upright ones


@dataclass(frozen=True, config=STRICT)
class ManyParams:
    """Improvers applied again and again."""

    times: Annotated[int, Field(ge=1, le=1000)] = 50
    pictures: Count = 3  # test pictures, of each the central square
    side: Side = 160  # of the square, pixels


@dataclass(frozen=True, config=STRICT)
class RatingsParams:
    """Scores against people's ratings, and against pictures whose complexity is a dial."""

    folders: tuple[str, ...] = ()  # of rated pictures, each with ratings.csv
    dial_pictures: Count = 4  # of each level of each dial
    lengths: tuple[Count, ...] = (5, 20, 80)  # trainings of the good predictor, for so many steps
    widths: tuple[Width, ...] = (16, 64)  # and of these widths
    # other training pictures by name: folders; none: generated ones
    others: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    others_steps: Count = 300
    sides: tuple[Annotated[int, Field(ge=32, le=2048)], ...] = (48, 64, 96, 128, 192, 256)  # short sides


@dataclass(frozen=True, config=STRICT)
class BeautyParams:
    """The hypotheses of scores/hypotheses.yml against people's ratings, and against rules that are known."""

    folders: tuple[str, ...] = ()  # of rated pictures, each with ratings.csv
    drawn: Count = 4  # pictures of each level of each dial, for the rules


@dataclass(frozen=True, config=STRICT)
class FacesParams:
    """Predictors that learn from faces, faces that people rated, and faces that are moved."""

    rated: tuple[str, ...] = ()  # folders of rated faces; those of the first are moved and shown as averages
    train: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # faces to learn from, by name: folders
    steps: Count = 1600  # of a predictor that learns from them
    moved: Count = 24  # faces that are moved
    move_steps: Count = 120  # of the descent that moves one


Shown = Annotated[tuple[str, ...], Field(min_length=1)]  # improvers


@dataclass(frozen=True, config=STRICT)
class BookParams:
    """Which improvers are shown where room is short; everywhere else all are, in the order of params.yaml."""

    page: tuple[str, ...] = ()  # the page "Try it": each is some hundred kilobytes to fetch
    blind: Shown = ()  # the page of blind choices, and the headline metrics
    # the figure of the front page: a label for each
    teaser: Annotated[dict[str, str], Field(min_length=1)] = Field(default_factory=dict)
    film: Shown = ()  # the moving picture of improvers applied many times


@dataclass(frozen=True, config=STRICT)
class Params:
    """The whole of params.yaml."""

    predictors: dict[str, PredictorParams]
    improvers: dict[str, ImproverParams]
    seed: Seed = 2023
    run: Run = 'env PYTHONPATH="$PWD/src" python -m abstract_beauty'  # how a stage is run, in a shell
    threads: Annotated[int, Field(ge=0, le=1024)] = 1  # of a stage; 0: as many as there are cores
    data: DataParams = DataParams()
    linear: LinearParams = LinearParams()
    training: TrainingParams = TrainingParams()
    evaluation: EvaluationParams = EvaluationParams()
    balance: BalanceParams = BalanceParams()
    pixels: PixelsParams = PixelsParams()
    moving: MovingParams = MovingParams()
    many: ManyParams = ManyParams()
    ratings: RatingsParams = RatingsParams()
    beauty: BeautyParams = BeautyParams()
    faces: FacesParams = FacesParams()
    book: BookParams = BookParams()

    def __post_init__(self) -> None:
        if missing := [name for name in NEEDED if name not in self.predictors]:
            needs = f"predictors needs {', '.join(missing)}"
            raise ValueError(f"{needs}: stages train, judge and compare with them")
        if "linear" in self.predictors:
            raise ValueError("predictors.linear is the linear fill's own name; call that predictor otherwise")
        known = ["linear", *self.predictors]
        for name, row in self.improvers.items():
            if row.bad is not None and row.bad not in known:
                wrong = f"improvers.{name}.bad: there is no predictor {row.bad!r}"
                raise ValueError(f"{wrong}; there are {', '.join(known)}")
        for field in dataclasses.fields(self.book):
            if odd := [name for name in getattr(self.book, field.name) if name not in self.improvers]:
                raise ValueError(f"book.{field.name}: there is no improver {odd[0]!r}")

    def titles(self, kind: str) -> dict[str, str]:
        """What the "predictors" or the "improvers" are called, in the order of the file."""
        return {name: row.title or name.replace("_", " ") for name, row in getattr(self, kind).items()}
