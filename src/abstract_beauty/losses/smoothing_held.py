from abstract_beauty.losses._contrast import contrast_lost
from abstract_beauty.prediction.predictability import Images, Number, mae


def smoothing_held(x: Images, y: Images, z: Images, *, k1: float, k2: float, k3: float) -> Number:
    """k1 MAE(x, y) + k2 MAE(y, z) + k3 contrast_lost(x, y): predictable, but lost contrast and detail are paid for."""
    return k1 * mae(x, y) + k2 * mae(y, z) + k3 * contrast_lost(x, y)
