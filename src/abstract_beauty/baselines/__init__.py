"""What needs no training to speak of: fills that predict a tile, and filters that smooth a picture.

A result only counts beside these. A predictor has to beat the fills; an improver has to beat the filter that
changes the picture by the same amount (`at_fidelity`).
"""

from abstract_beauty.baselines.fills import (
    FILLS,
    BiharmonicFill,
    MeanFill,
    NavierStokesFill,
    RingMeanFill,
    TeleaFill,
)
from abstract_beauty.baselines.filters import FILTERS, Filter, at_fidelity
from abstract_beauty.baselines.linear import LinearFill

__all__ = [
    "FILLS",
    "FILTERS",
    "BiharmonicFill",
    "Filter",
    "LinearFill",
    "MeanFill",
    "NavierStokesFill",
    "RingMeanFill",
    "TeleaFill",
    "at_fidelity",
]
