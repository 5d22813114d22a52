"""Adding is one file and one row: a loss, a network and a chapter that nobody knows of go through the whole."""

import json
import shutil

import pytest

from abstract_beauty.commands import repro
from abstract_beauty.project import find_project

LOSS = '''"""Stay near the original, and be predictable for one's contrast."""

from abstract_beauty.prediction.predictability import mae, predictability


def newcomer(x, y, z, *, k1, k7):
    """k1 MAE(x, y) + k7 MAE(y, z) / std(y), the mean over the pictures."""
    return k1 * mae(x, y) + k7 * (predictability(y, z) / y.std(dim=(1, 2, 3))).mean()
'''
NETWORK = '''"""One convolution, added to the picture."""

from torch import nn


class OneConvolution(nn.Module):
    grain, reach = 1, 1

    def __init__(self, width):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        return (x + self.layer(x - 0.5)).clamp(0, 1)
'''
ROW = """  newcomer:
    title: a newcomer's idea
    network: newcomer
    loss: newcomer
    k1: 0.5
    k7: 0.1
    steps: 12
    crop: 128
    batch: 1
"""
CHAPTER = """# %% [markdown]
# # What does a newcomer add?

# %% tags=["parameters"]
newcomer = {}

# %%
from abstract_beauty.chapter import Chapter

chapter = Chapter("16_newcomer", newcomer=newcomer)
print(chapter.table("newcomer"))
"""
# Of the stages that are out of date then, those that make its numbers or tell of it, and what they need.
STAGES = (
    "train-improver@newcomer", "measure-improver@newcomer", "many", "notebook@09_many_times", "notebook@10_beyond",
    "notebook@16_newcomer", "book",
)  # fmt: skip


@pytest.fixture
def copy():
    """The smoke run's working copy once more, with all that it has made."""
    folders = find_project().root / ".profiles"
    shutil.rmtree(folders / "newcomer", ignore_errors=True)  # of a run that was killed
    shutil.copytree(folders / "smoke", folders / "newcomer", symlinks=True)
    made = repro.make_copy(find_project(), "smoke", "newcomer")
    yield made
    shutil.rmtree(made.root)


@pytest.mark.slow
def test_a_newcomer_needs_its_file_its_row_and_its_line(copy):
    package = copy.root / "src" / "abstract_beauty"
    (package / "losses" / "newcomer.py").write_text(LOSS)
    (package / "improvers" / "newcomer.py").write_text(NETWORK)
    text = copy.params.read_text()
    copy.params.write_text(text.replace("improvers:\n", f"improvers:\n{ROW}", 1))
    (copy.root / "notebooks" / "16_newcomer.py").write_text(CHAPTER)
    contents = copy.root / "book" / "contents.yml"
    contents.write_text(
        contents.read_text().replace("  - 15_your_idea\n", "  - 15_your_idea\n  - 16_newcomer\n")
    )
    changed = json.loads(_dvc(copy, "status", "--json")).keys()
    assert [name for name in changed if name.startswith("train-")] == ["train-improver@newcomer"]
    for stage in STAGES:
        assert stage in changed
        _dvc(copy, "repro", "--single-item", stage)
    assert "train-" not in _dvc(copy, "status", "--json"), "no other is trained for it"
    row = json.loads((copy.results / "improvers" / "newcomer.json").read_text())
    assert row["test"]["change"] > 0 and row["best_filter"]
    assert "newcomer" in json.loads((copy.results / "many.json").read_text())
    html = copy.root / "book" / "_build" / "html"
    for page in (
        "notebooks/10_beyond.html",
        "notebooks/09_many_times.html",
        "failed.html",
        "notebooks/16_newcomer.html",
    ):
        assert "a newcomer’s idea" in _plain(html / page), page


def _dvc(copy, *arguments):
    """What a DVC command prints in a working copy."""
    return repro._dvc(copy, repro.environment_of(copy), *arguments)


def _plain(page):
    return page.read_text().replace("&#39;", "’").replace("&#x27;", "’").replace("'", "’")
