"""The few numbers by which two runs are compared, results/headlines.json: `dvc metrics show`, `dvc exp show`."""

from abstract_beauty.files import read_json
from abstract_beauty.params import Params
from abstract_beauty.project import Project


def stage(project: Project, params: Params) -> dict[str, dict[str, float]]:
    """The good predictor's error, beside classical inpainting and the article's, and what some improvers do.

    The improvers are those of `book.blind`, with the judge's error and the fine detail kept.
    """
    fills, predictors = read_json(project.results / "fills.json"), project.results / "predictors"
    good, article = (read_json(predictors / f"{name}.json")["test"]["mae"] for name in ("good", "article"))
    telea = fills["telea"]["mae"]
    numbers = {"predictor": {"error": good, "of_telea": good / telea, "article_of_telea": article / telea}}
    for name in params.book.blind:
        test = read_json(project.results / "improvers" / f"{name}.json")["test"]
        numbers[name] = {"error": test["error_judge"], "detail": test["high_frequency_kept"]}
    return numbers
