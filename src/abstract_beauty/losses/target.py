from abstract_beauty.prediction.predictability import Images, Number, mae, predictability


def target(x: Images, y: Images, z: Images, z_x: Images, *, k1: float, k2: float, share: float) -> Number:
    """k1 MAE(x, y) + k2 mean |MAE(y, z) - share MAE(x, z_x)|: predictable to a set degree, not to the end.

    An inverted U (Berlyne 1971): less than everything is wanted. `share` above 1 asks for a less predictable image.
    """
    wanted = share * predictability(x, z_x)
    return k1 * mae(x, y) + k2 * (predictability(y, z) - wanted).abs().mean()
