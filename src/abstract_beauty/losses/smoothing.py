from abstract_beauty.prediction.predictability import Images, Number, mae


def smoothing(x: Images, y: Images, z: Images, *, k1: float, k2: float) -> Number:
    """k1 MAE(x, y) + k2 MAE(y, z): stay near the original and become predictable.

    The article's first loss, with k1 = k2 = 0.5. With k1 = 0 nothing holds the image and it goes flat.
    """
    return k1 * mae(x, y) + k2 * mae(y, z)
