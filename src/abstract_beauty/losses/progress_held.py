from abstract_beauty.losses._contrast import contrast_lost
from abstract_beauty.prediction.predictability import Images, Number, mae, progress


def progress_held(
    x: Images, y: Images, z_bad: Images, z: Images, *, k1: float, k2: float, k3: float
) -> Number:
    """k1 MAE(x, y) + k2 MAE(y, z) / MAE(y, z_bad) + k3 contrast_lost(x, y): progress, held to the original."""
    return k1 * mae(x, y) + k2 * progress(y, z, z_bad).mean() + k3 * contrast_lost(x, y)
