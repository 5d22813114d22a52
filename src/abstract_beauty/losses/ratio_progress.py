from abstract_beauty.prediction.predictability import Images, Number, progress


def ratio_progress(y: Images, z_bad: Images, z: Images) -> Number:
    """MAE(y, z) / MAE(y, z_bad), averaged over the batch: the article's ratio loss as its words have it.

    Minimised, it asks for images that the good predictor predicts better than the bad one: the most progress.
    """
    return progress(y, z, z_bad).mean()
