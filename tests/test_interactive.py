"""What a person types: own losses and networks are trained anew, judged beside the others, and overwrite nothing."""

import dataclasses
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

import abstract_beauty as ab
from abstract_beauty import weights
from abstract_beauty.data.images import write_image
from abstract_beauty.experiments.pictures import prepare_data
from abstract_beauty.experiments.predictor import predictor_config
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
    text = re.sub(r"generated: \d+", "generated: 5", (ROOT / "params.yaml").read_text())
    project.params.write_text(text.replace("short_side: 256", "short_side: 128"))
    (project.root / "dvc.yaml").write_text("stages: {}\n")
    prepare_data(project, load_params(project.params), progress=False)
    (project.root / "models").mkdir()
    (project.root / "models" / "reference").symlink_to(find_project().reference)
    shutil.copytree(find_project().results / "improvers", project.results / "improvers")
    shutil.copy(find_project().results / "filters.json", project.results)
    params = load_params(project.params)
    for name in ("good", "bad", "judge"):  # as if the pipeline had trained them
        file = project.reference / "predictors" / f"{name}.safetensors"
        said = dataclasses.replace(weights.describe(file), config=predictor_config(project, params, name))
        weights.save(project.run / "predictors" / file.name, weights.load(file, "predictors"), said)
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


K = {"k1": 0.5, "k2": 0.5}
NO_NUMBERS = [
    lambda x, y: None,
    lambda x, y: 0.5,
    lambda x, y: (x - y).abs().mean((1, 2, 3)),
    lambda x, y: (x - y).abs().mean().detach(),
    lambda x, y: x.mean(),
]
IN_PLACE = nn.Sequential(nn.ReLU(inplace=True), nn.Hardtanh(-1, 0.5, inplace=True), nn.Conv2d(3, 3, 1))


@pytest.mark.parametrize(
    ("loss", "more", "said"),
    [
        (lambda x, q: x.mean(), {}, "'q'.* after a star"),
        (lambda x, y, *, width: x.mean(), {}, "'width' of its own"),
        (nn.L1Loss(), {}, "'input'"),
        (mean_change, {}, "'k'"),
        (mean_change, {"k": 1, "j": 2}, "'j'"),
        ("smothing", {}, "'smothing'"),
        ("smoothing", {"k1": 1.0}, "'k2'"),
        ("smoothing", {"network": nn.Identity(), **K}, "nothing to train"),
        ("smoothing", {"crop": 64, **K}, "crop"),
        ("smoothing", {"network": "unit", **K}, "'unit'"),
        ("smoothing", {"network": nn.Conv2d(3, 3, 3), **K}, "keep the size"),
        ("smoothing", {"network": IN_PLACE, **K}, "input"),
        *((loss, {"width": 4}, "one number that depends on y") for loss in NO_NUMBERS),
    ],
)
def test_what_does_not_fit_is_named_before_anything_is_trained(here, loss, more, said):
    with pytest.raises(ab.UserError, match=said):
        ab.train_improver(loss, steps=1, **more)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": 0}, "steps"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"seed": -1}, "seed"),
        ({"batch": 0}, "batch"),
        ({"width": 0}, "width"),
        ({"width": 10**6}, "width"),
    ],
)
def test_numbers_out_of_range_are_named(here, wrong, said):
    with pytest.raises(ab.UserError, match=said):
        ab.train_improver("smoothing", k1=0.5, k2=0.5, **wrong)
    with pytest.raises(ab.UserError, match=said):
        ab.train_predictor(**wrong)


class OfAll(nn.Module):
    """A predictor that looks at the hidden tile, or not, and has a layer of dropout."""

    def __init__(self, looks, side=32):
        super().__init__()
        self.side = side
        self.looks, self.layer = looks, nn.Sequential(nn.Conv2d(3, 3, 1), nn.Dropout())

    def forward(self, context, hidden):
        seen = context if self.looks else context * ~hidden
        begin = 48 if self.looks else 0
        return self.layer(seen)[..., begin : begin + self.side, begin : begin + self.side]


def test_a_predictor_that_looks_at_what_is_hidden_is_refused(here):
    with pytest.raises(ab.UserError, match="looks at what is hidden"):
        ab.train_predictor(OfAll(True), steps=1, batch=1)
    with pytest.raises(ab.UserError, match="returns"):
        ab.train_predictor(OfAll(False, side=16), steps=1, batch=1)


def test_a_module_that_is_given_stays_as_it_was(here):
    module = OfAll(False)
    module.layer[0].bias.requires_grad_(False)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    run = ab.train_predictor(module, steps=2, batch=1)
    ab.train_improver("smoothing", steps=1, width=4, good=module, k1=0.5, k2=0.5)
    assert module.training and module.layer[0].weight.requires_grad and not module.layer[0].bias.requires_grad
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    trained = run.network.state_dict()
    assert not torch.equal(trained["layer.0.weight"], before["layer.0.weight"])
    assert torch.equal(trained["layer.0.bias"], before["layer.0.bias"]), "what is frozen stays so"
    further = ab.train_predictor(run.network, steps=1, batch=1).network.state_dict()
    assert not torch.equal(further["layer.0.weight"], trained["layer.0.weight"])


def test_what_works_in_place_is_judged_like_what_does_not(here):
    assert ab.judge(lambda x: x.mul_(0.9)).equals(ab.judge(lambda x: x * 0.9))
    with pytest.raises(ab.UserError, match="keep the size"):
        ab.judge(lambda x: x[..., :64])


def test_a_pipeline_that_has_not_run_or_of_other_parameters_is_no_judge(here, tmp_path, monkeypatch):
    text = (here / "params.yaml").read_text()
    try:
        changed = text.replace("title: the one-pass predictor\n", "title: other\n    seed: 7\n")
        (here / "params.yaml").write_text(changed)
        assert (here / "params.yaml").read_text() != text
        with pytest.raises(ab.UserError, match="run `make repro`"):
            ab.judge(lambda x: x)
        (here / "params.yaml").write_text(text.replace("generated: 5", "generated: 6"))
        with pytest.raises(ab.UserError, match="other pictures"):
            ab.photographs()
    finally:
        (here / "params.yaml").write_text(text)
    (here / "models" / "run").rename(here / "models" / "away")
    try:
        with pytest.raises(ab.UserError, match="run `make repro` first"):
            ab.judge(lambda x: x)
        assert ab.predictor("good") is not None
    finally:
        (here / "models" / "away").rename(here / "models" / "run")
    assert ab.predictor("reference/good") is not None


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
