"""Judge a network or any function from pictures to pictures beside all others."""

from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor

from abstract_beauty.book.tables import HEADINGS, filters_beside, judges_table
from abstract_beauty.errors import UserError
from abstract_beauty.files import read_json
from abstract_beauty.interactive.given import own_predictor, photographs, same_size
from abstract_beauty.measures.judging import judge_picture, mean_of
from abstract_beauty.params import load_params
from abstract_beauty.project import find_project


def judge(g: Callable[[Tensor], Tensor], name: str = "yours", *, times: int = 1) -> pd.Series:
    """What g does to the test photographs: a row that goes into one table with those of `judged`.

    Args:
        g: from (1, 3, h, w) in [0, 1] to the same: an improver, a filter, or any function.
        name: of the row.
        times: how often g is applied.

    Raises:
        UserError: the pipeline, whose networks judge, has not run; or g is no function or returns another size.
    """
    if not callable(g):
        raise UserError(f"judge: {type(g).__name__} is no network or function from pictures to pictures")
    f = {part: own_predictor(part) for part in ("good", "bad", "judge")}
    if None in f.values():
        raise UserError(
            "judge: the networks that judge are the pipeline's; run `make repro` first (ten minutes)"
        )
    rows = []
    for x in photographs().values():
        y = x
        with torch.no_grad():
            for _ in range(times):
                y = same_size("judge", x, g(y.clone())).clamp(0, 1)
        rows.append(judge_picture(x, y, f))
    return judges_table({name: mean_of(rows)}).iloc[0]


def judged(*rows: pd.Series) -> pd.DataFrame:
    """The judges' table: the photographs untouched, all improvers of the pipeline, then `rows` of `judge`.

    Below each of the rows stand the plain filters, each as strong as changes the photographs as much; those that
    cannot change them so much are left out.

    Raises:
        UserError: the pipeline has not run.
    """
    project, params = find_project(), load_params()
    curves = read_json(project.results / "filters.json")
    found = {"original": curves["original"][0]}
    for name, title in params.titles("improvers").items():
        file = project.results / "improvers" / f"{name}.json"
        if file.is_file():
            found[title] = read_json(file)["test"]
    change = HEADINGS["change"]
    parts = [judges_table(found)]
    for row in rows:
        beside = filters_beside(curves, row[change], row.name)
        parts += [row.to_frame().T, *([judges_table(beside)] if beside else [])]
    return pd.concat(parts)
