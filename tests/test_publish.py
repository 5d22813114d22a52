"""Publishing the reference run: what is copied, what is refused, and what the cards beside the weights say."""

import json
import shutil

import pytest
import torch
from ruamel.yaml import YAML

import abstract_beauty as ab
from abstract_beauty import weights
from abstract_beauty.cli import main
from abstract_beauty.commands import publish
from abstract_beauty.experiments.improver import improver_run
from abstract_beauty.experiments.predictor import predictor_run
from abstract_beauty.files import read_json, sha256, write_json
from abstract_beauty.params import load_params, merge
from abstract_beauty.project import Project, find_project
from abstract_beauty.training.runs import curve_path, record_path, write_curve

SHA = "0123456789abcdef0123456789abcdef01234567"
FILLS = {"telea": 0.08, "biharmonic": 0.0888, "linear": 0.0744}
RECORD = {"seconds": 4980.4, "precision": "bf16-mixed", "device": "Some Processor 9000"}
BRIEF = {"network": "four_sides", "width": 4, "steps": 20, "crop": 192, "optimizer": "muon"}
SETTINGS = {
    "data": {
        "source": "folder",
        "train": ["../../../shared/data/bsds500/train", "../../../shared/data/imagenet_samples/"],
        "test": ["/somebody/bsds500/test"],
    },
    "predictors": {
        "article": {"network": "context_encoder", "width": 4, "steps": 40},
        "good": {**BRIEF, "title": "the best one", "steps": 1000},
        **{name: BRIEF for name in ("bad", "bad_again", "small")},
        "judge": {"network": "context_unet", "width": 4, "steps": 40, "seed": 1},
    },
    "improvers": {
        "smoothing": {"network": "plain", "width": 4, "k1": 0.5, "k2": 0.5, "steps": 40},
        "ratio_progress": {"network": "unet", "width": 4, "loss": "ratio_progress", "steps": 40},
    },
    "evaluation": {"elsewhere": ["../../../shared/data/faces_london/neutral", "/somebody/savoias/scenes/"]},
}
FACES = {"pictures": 102, "errors": {"good": 0.0211}, "of_telea": {"good": 0.7033}}
PICTURES = {"one-0a": 0.05, "two-0b": 0.09}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with no results of its own, and in it a reference run in which everything is finished."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(find_project().root / name, tmp_path / name)
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(tmp_path))
    profile = profile_of(Project(tmp_path))
    write_settings(profile, SETTINGS)
    (profile.root / ".commit").write_text(f"{SHA}\n")
    write_json(profile.data / "manifest.json", {"source": "folder", "seed": 0, "pictures": [], "skipped": []})
    for name, tree in {
        "data": {"train": {"pictures": 1252}, "test": {"pictures": 200}, "sha256": "5" * 64},
        "fills": {name: {"mae": mae, "pictures": PICTURES} for name, mae in FILLS.items()},
        "elsewhere": {"sets": {"faces_london/neutral": FACES}},
        "bench-page": {},
        "attempts": {},  # the repository's own, which the profile's book shows too
    }.items():
        write_json(profile.results / f"{name}.json", tree)
    for (kind, name), config in publish.configs(profile, load_params(profile.params)).items():
        finish(profile, kind, name, config)
    for name in ("figures/04/plain.jpg", "figures/table.json", "improvers/run.ipynb", ".half.1.partial.json"):
        path = profile.results / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a licensed photograph")
    return find_project()


def profile_of(project):
    return Project(project.root / ".profiles" / "reference")


def write_settings(profile, settings):
    profile.root.mkdir(parents=True, exist_ok=True)
    with open(profile.params, "w") as file:
        YAML().dump(settings, file)


def finish(profile, kind, name, config):
    """The files that a finished training and its measurement leave, with an untrained network."""
    section, path = config["section"], profile.run / kind / f"{name}.safetensors"
    network, width = section.get("network", "linear_fill"), section.get("width", 0)
    described = weights.Description(kind, name, network, width, config)
    torch.manual_seed(0)
    weights.save(path, weights.build(kind, network, width), described)
    if name == "linear":
        return
    write_json(record_path(path), RECORD)
    curve = [
        {"step": step, "loss": round(0.06 + 1 / step, 6)} for step in range(10, section["steps"] + 1, 10)
    ]
    write_curve(curve_path(profile, kind, name), curve)
    table = {
        "test": {"mae": 0.0688 if name == "good" else 0.0733},
        "parameters": 123456,
        "pictures": PICTURES,
    }
    table |= {"train_loss": curve[-1]["loss"], "final_loss": curve[-1]["loss"]}
    if kind == "improvers":
        table |= {"test": {"change": 0.0456, "error_judge": 0.0321}, "original": {"error_judge": 0.0711}}
        table["best_filter"] = {"name": "total_variation", "error_judge": 0.0299}
    write_json(profile.results / kind / f"{name}.json", table)


def published(project):
    """Every file of the repository outside the profile, with its bytes."""
    files = [path for path in project.root.rglob("*") if path.is_file() and ".profiles" not in path.parts]
    return {path.relative_to(project.root).as_posix(): path.read_bytes() for path in files}


def run():
    return main(["publish"])


def refused(project, capsys, *words):
    """It ends with status 2 and one line that holds the words, and writes nothing."""
    before = published(project)
    assert run() == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert all(word in line for word in words), line
    assert published(project) == before


def test_numbers_weights_and_cards_are_copied_and_nothing_else(project):
    before = set(published(project))
    assert run() == 0
    trained = {f"{kind}/{name}" for kind in ("predictors", "improvers") for name in SETTINGS[kind]}
    files, networks = published(project), trained | {"predictors/linear"}
    assert set(files) - before == {
        "models/reference/hashes.json",
        *(
            f"models/reference/{network}{suffix}"
            for network in networks
            for suffix in (".safetensors", ".md")
        ),
        *(f"results/reference/{network}{suffix}" for network in trained for suffix in (".json", ".csv")),
        *(f"results/reference/{name}.json" for name in ("data", "elsewhere", "fills", "record")),
    }
    for name in ("predictors/good.json", "improvers/smoothing.csv", "fills.json"):
        assert files[f"results/reference/{name}"] == (profile_of(project).results / name).read_bytes()
    hashes = read_json(project.reference / "hashes.json")
    assert hashes == {
        f"{network}.safetensors": sha256(project.reference / f"{network}.safetensors") for network in networks
    }
    assert not ab.load_predictor().training and not ab.load_improver().training
    for folder in ("models", "results"):
        shutil.rmtree(project.root / folder)
    assert run() == 0
    assert published(project) == files


def test_what_is_finished_here_is_what_the_experiments_would_load(project):
    """If these disagreed, a run would be trained, and there are no pictures here to train on."""
    profile = profile_of(project)
    params = load_params(profile.params)
    for kind, name in publish.configs(profile, params):
        load = predictor_run if kind == "predictors" else improver_run
        assert load(profile, params, name, progress=False).path == profile.run / kind / f"{name}.safetensors"


def test_the_record(project):
    assert run() == 0
    record = read_json(project.results / "reference" / "record.json")
    data, good = record["data"], record["predictors"]["good"]
    assert record["commit"] == SHA
    assert (data["train"], data["test"]) == (["bsds500/train", "imagenet_samples"], ["bsds500/test"])
    assert data["elsewhere"] == ["faces_london/neutral", "savoias/scenes"]
    assert data["pictures"] == {"train": 1252, "test": 200}
    assert set(data["terms"]) == {"bsds500", "imagenet_samples"}
    assert set(data["terms_elsewhere"]) == {"faces_london", "savoias"}
    assert (good["of_telea"], good["time"]) == (0.86, "1:23")
    assert record["improvers"]["smoothing"]["device"] == "Some Processor 9000"
    assert "somebody" not in json.dumps(record)


CARDS = {
    "predictors/good": (
        "| reference/good, mae | 0.0688 |", "| telea | 0.0800 |", "| biharmonic | 0.0888 |",
        "| trained parameters | 123456 |", "| time | 1:23 |",
        "| network | four_sides |", "| optimizer | muon |", "| device | Some Processor 9000 |",
        "| pictures | 1252: bsds500/train, imagenet_samples |", f"| commit | {SHA} |",
        "A predictor (the best one): ", "## On 200 pictures of bsds500/test, never trained on",
        "non-commercial research and education. Arbeláez", "datasets: [bsds500, imagenet_samples]",
    ),
    "predictors/linear": ("| reference/linear, mae | 0.0744 |", "| crops | 20000 |"),
    "improvers/smoothing": (
        "k1 MAE(x, y) + k2 MAE(y, z)", "| k1 | 0.5 |", "| error judge | 0.0321 |",
        "| error judge of the originals | 0.0711 |",
        "0.0299 (total_variation)",
    ),
}  # fmt: skip


def test_cards_carry_the_numbers_of_the_files(project):
    assert run() == 0
    for name, lines in CARDS.items():
        text = (project.reference / f"{name}.md").read_text()
        assert not [line for line in lines if line not in text], text
        assert "None" not in text and "nan" not in text and "{" not in text and "\n\n\n" not in text


@pytest.mark.parametrize(
    ("changes", "file"),
    [
        ({"predictors": {"judge": {"steps": 50}}}, "judge.safetensors"),
        ({"linear": {"crops": 250}}, "linear.safetensors"),
        ({"training": {"clip": 0.5}}, "article.safetensors"),
        ({"predictors": {"good": {"steps": 1100}}}, "smoothing.safetensors"),  # good is trained anew below
    ],
)
def test_weights_of_other_settings_or_predictors_are_refused(project, capsys, changes, file):
    profile = profile_of(project)
    write_settings(profile, merge(SETTINGS, changes))
    if "smoothing" in file:
        config = publish.configs(profile, load_params(profile.params))["predictors", "good"]
        finish(profile, "predictors", "good", config)
    refused(project, capsys, f"{file}: was trained with other settings", "make repro PROFILE=reference")


def test_results_of_another_training_are_refused(project, capsys):
    path = profile_of(project).results / "predictors" / "judge.json"
    table = read_json(path)
    write_json(path, {**table, "train_loss": 0.5})
    refused(project, capsys, "judge.csv: does not end as judge.json")
    write_json(path, {**table, "pictures": {"three": 0.1}})
    refused(project, capsys, "judge.json: was measured on other pictures")


def test_what_is_not_finished_is_left_out_and_what_is_published_is_not_lost(project, capsys):
    profile = profile_of(project)
    (profile.results / "improvers" / "smoothing.json").unlink()
    (profile.run / "predictors" / "article.safetensors").unlink()
    assert run() == 0
    said = capsys.readouterr().out
    assert "improvers/smoothing, not measured yet" in said and "predictors/article, not trained yet" in said
    assert not [name for name in published(project) if "/smoothing." in name or "/article." in name]
    (profile.run / "predictors" / "judge.safetensors").unlink()
    refused(project, capsys, "judge.safetensors: is published, but not in the run")


def test_nothing_finished(project, capsys):
    shutil.rmtree(profile_of(project).run)
    refused(project, capsys, "no network is finished yet")
    shutil.rmtree(profile_of(project).root)
    refused(project, capsys, "params.yaml: no such file; run `make repro PROFILE=reference`")


@pytest.mark.parametrize("noted", ["", "f" * 40 + "+changes"])
def test_a_commit_that_is_not_known_is_asked_for(project, capsys, noted):
    (profile_of(project).root / ".commit").write_text(noted)
    refused(project, capsys, "name what was run: --commit SHA")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            {"source": "folder", "train": ["../holiday"], "test": ["../bsds500/test"]},
            "the terms of ../holiday",
        ),
        ({"source": "folder", "train": ["../bsds500/of/mine"]}, "bsds500/of/mine"),
        ({"source": "embedded"}, "source embedded"),
    ],
)
def test_pictures_of_unknown_terms_are_refused(project, capsys, data, words):
    write_settings(profile_of(project), {**SETTINGS, "data": data})
    refused(project, capsys, words)
