"""The article's ratio loss as its words have it."""

from jaxtyping import Float
from torch import Tensor

from abstract_beauty.prediction.predictability import progress


def ratio_progress(
    y: Float[Tensor, "b 3 h w"], z_bad: Float[Tensor, "b 3 h w"], z: Float[Tensor, "b 3 h w"]
) -> Float[Tensor, ""]:
    """MAE(y, z) / MAE(y, z_bad), averaged over the batch: the article's ratio loss as its words have it.

    Minimised, it asks for images that the good predictor predicts better than the bad one: the most progress.
    """
    return progress(y, z, z_bad).mean()
