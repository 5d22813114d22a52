"""The article's ratio loss as its formula has it."""

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.prediction.predictability import progress


def ratio_as_written(
    y: Float[Tensor, "b 3 h w"], z_bad: Float[Tensor, "b 3 h w"], z: Float[Tensor, "b 3 h w"]
) -> Float[Tensor, ""]:
    """MAE(y, z_bad) / MAE(y, z), averaged over the batch: the article's ratio loss as its formula has it.

    Minimised, it asks for images that the bad predictor predicts better than the good one: the least progress.
    """
    return progress(y, z_bad, z).mean()


ratio_as_written.divides_by = "mae_yz"  # where that is next to 0, the ratio says nothing
