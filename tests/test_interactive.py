"""What a person types: own losses and networks are trained anew, judged beside the others, and overwrite nothing."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

import abstract_beauty as ab
from abstract_beauty.data.images import write_image
from abstract_beauty.experiments.pictures import prepare_data
from abstract_beauty.params import load_params
from abstract_beauty.project import Project, find_project

ROOT = find_project().root
PAGES = {name: (ROOT / name).read_text() for name in ("README.md", "book/yours.md")}
BLOCKS = [
    pytest.param(block, id=f"{name} {number}")
    for name, text in PAGES.items()
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Project:
    """A project with a few small pictures, the reference weights, and the results of the pipeline."""
    project = Project(tmp_path_factory.mktemp("project"))
    text = (ROOT / "params.yaml").read_text().replace("generated: 240", "generated: 5")
    project.params.write_text(text.replace("short_side: 256", "short_side: 128"))
    (project.root / "dvc.yaml").write_text("stages: {}\n")
    prepare_data(project, load_params(project.params), progress=False)
    (project.root / "models").mkdir()
    (project.root / "models" / "reference").symlink_to(find_project().reference)
    shutil.copytree(find_project().results / "improvers", project.results / "improvers")
    shutil.copy(find_project().results / "filters.json", project.results)
    for name in ("garden.png", "photo.jpg"):
        write_image(project.root / name, torch.rand(3, 96, 128, generator=torch.Generator().manual_seed(0)))
    return project


@pytest.fixture
def here(prepared, monkeypatch) -> Path:
    """That project as the working folder."""
    monkeypatch.chdir(prepared.root)
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(prepared.root))
    return prepared.root


def files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("block", BLOCKS)
def test_what_the_pages_say_to_type_runs_in_few_lines(here, block):
    lines = [line for line in block.splitlines() if line]
    assert len(lines) - lines.index("import abstract_beauty as ab") <= 8
    exec(block.replace("steps=100", "steps=2"), {})


def test_the_readme_s_lines_give_what_the_command_line_gives(here, capsys):
    from abstract_beauty.cli import main

    write_image("large.png", torch.rand(3, 600, 700, generator=torch.Generator().manual_seed(0)))
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGES["README.md"], re.MULTILINE | re.DOTALL)
    names = {}
    exec(block.replace("photo.jpg", "large.png"), names)
    capsys.readouterr()
    assert main(["score", "large.png", "--json"]) == 0
    found = float(ab.predictability(names["y"], names["z"]))
    assert f'"predictability": {found:.6g}'[:26] in capsys.readouterr().out


def mean_change(x, y, *, k):
    return k * (x - y).abs().mean()


def test_a_loss_is_trained_anew_each_time_and_leaves_no_file(here):
    before = files(here)
    runs = [ab.train_improver(mean_change, steps=2, width=4, k=1.0) for _ in range(2)]
    first, second = (run.network.state_dict() for run in runs)
    assert all(torch.equal(first[key], second[key]) for key in first)
    other = ab.train_improver(mean_change, steps=3, width=4, k=1.0).network.state_dict()
    assert any(not torch.equal(first[key], other[key]) for key in first)
    assert list(runs[0].curve["step"]) == [2] and files(here) == before


@pytest.mark.parametrize(
    ("loss", "weights", "said"),
    [
        (lambda x, q: x.mean(), {}, "'q'"),
        (mean_change, {}, "'k'"),
        (mean_change, {"k": 1, "j": 2}, "'j'"),
        ("smothing", {}, "'smothing'"),
        ("smoothing", {"k1": 1.0}, "'k2'"),
    ],
)
def test_what_does_not_fit_is_named_before_anything_is_trained(here, loss, weights, said):
    with pytest.raises(ab.UserError, match=said):
        ab.train_improver(loss, steps=1, **weights)


def test_a_network_without_weights_is_refused_and_an_unknown_one_named(here):
    with pytest.raises(ab.UserError, match="nothing to train"):
        ab.train_improver("smoothing", nn.Identity(), k1=1.0, k2=1.0)
    with pytest.raises(ab.UserError, match="crop"):
        ab.train_improver("smoothing", crop=64, k1=1.0, k2=1.0)
    with pytest.raises(ab.UserError, match="'unit'"):
        ab.train_improver("smoothing", "unit", k1=1.0, k2=1.0)


@pytest.mark.parametrize("network", ["four_sides", "context_encoder"])
def test_a_predictor_is_trained_and_may_stand_for_the_good_one(here, network):
    f = ab.train_predictor(network, steps=2, width=12, batch=1, crop=128 if network == "four_sides" else 0)
    assert list(f.curve["step"]) == [2] and not any(p.requires_grad for p in f.network.parameters())
    ab.train_improver("smoothing", steps=1, width=4, good=f.network, k1=0.5, k2=0.5)


def test_a_row_of_a_judge_stands_in_the_table_with_filters_that_change_as_much(here):
    darker = ab.judge(lambda x: x * 0.97, "darker")
    table = ab.judged(darker)
    assert table.columns.equals(darker.index) and table.index[0] == "original"
    assert "smoothing, plain" in table.index and pd.Series(table.loc["darker"]).equals(darker)
    beside = table[table.index.str.endswith("as far as darker")]
    assert len(beside) and ((beside["MAE(x,y)"] - darker["MAE(x,y)"]).abs() < 2e-4).all()


def test_crops_of_one_seed_are_one_sequence(here):
    first, second = ab.crops(batch=1, side=64, seed=3), ab.crops(batch=1, side=64, seed=3)
    for _ in range(3):
        x = next(first)
        assert x.shape == (1, 3, 64, 64) and torch.equal(x, next(second))
    assert not torch.equal(next(first), next(ab.crops(batch=1, side=64, seed=4)))
