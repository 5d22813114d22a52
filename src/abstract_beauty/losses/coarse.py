from abstract_beauty.losses._contrast import low_pass
from abstract_beauty.prediction.predictability import Images, Number, mae


def coarse(x: Images, y: Images, z: Images, *, k1: float, k2: float) -> Number:
    """k1 MAE(low(x), low(y)) + k2 MAE(y, z): only what is coarse has to stay, the rest may be drawn anew.

    low keeps waves longer than about 16 pixels.
    """
    return k1 * mae(low_pass(x), low_pass(y)) + k2 * mae(y, z)
