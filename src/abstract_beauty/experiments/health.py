"""What may be wrong with an improver although all of its numbers are finite."""

from abstract_beauty.params import ImproverParams
from abstract_beauty.predictability import SMALLEST_ERROR
from abstract_beauty.training import Row

FLAT = (
    1 / 256
)  # standard deviation of an image's pixels: below one step of an 8-bit picture there is nothing to see
# The errors that stand below the line in the losses that are ratios.
_DENOMINATORS = {
    "ratio_as_written": ("MAE(y, z)", "mae_yz"),
    "ratio_progress": ("MAE(y, z_bad)", "mae_yz_bad"),
    "progress_held": ("MAE(y, z_bad)", "mae_yz_bad"),
}


def warnings(section: ImproverParams, row: Row) -> list[str]:
    """What is odd about a row of an improver's curve; empty where nothing is.

    Args:
        section: the improver's; a plain network is flat while it has learnt nothing, so the first half of the training
            says nothing.
        row: with "step", "deviation" and the losses' parts, as `improver_run` writes it.
    """
    if row["step"] * 2 < section.steps:
        return []
    found = []
    if row["deviation"] < FLAT:
        found.append("its output is one flat colour")
    name, key = _DENOMINATORS.get(section.loss, ("", ""))
    if key and row[key] < 2 * SMALLEST_ERROR:
        found.append(
            f"its ratio divides by {name}, which is next to 0: both predictors know its pictures by heart"
        )
    return found
