from abstract_beauty.prediction.predictability import Images, Number, progress


def ratio_as_written(y: Images, z_bad: Images, z: Images) -> Number:
    """MAE(y, z_bad) / MAE(y, z), averaged over the batch: the article's ratio loss as its formula has it.

    Minimised, it asks for images that the bad predictor predicts better than the good one: the least progress.
    """
    return progress(y, z_bad, z).mean()


ratio_as_written.divides_by = "mae_yz"  # where that is next to 0, the ratio says nothing
