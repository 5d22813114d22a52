"""Publishing the reference run: what is copied, what is refused, and that the loaders take what was published."""

import csv
import hashlib
import json
import shutil

import pytest
import torch
from PIL import Image
from ruamel.yaml import YAML

import abstract_beauty as ab
from abstract_beauty import weights
from abstract_beauty.cli import main as cli
from abstract_beauty.commands import publish
from abstract_beauty.experiments import improver_run, predictor_run
from abstract_beauty.files import write_json
from abstract_beauty.params import load_params
from abstract_beauty.project import Project, find_project

SHA = "0123456789abcdef0123456789abcdef01234567"
FILLS = {
    "mean": 0.2,
    "ring_mean": 0.15,
    "telea": 0.08,
    "navier_stokes": 0.0812,
    "biharmonic": 0.0888,
    "linear": 0.0744,
}
ERRORS = {"article": 0.0777, "good": 0.0688, "bad": 0.0741, "judge": 0.0733}
RECORD = {
    "seconds": 4980.4,  # 1:23
    "precision": "bf16-mixed",
    "device": "Some Processor 9000",
    "kind": "cpu",
    "threads": 2,
    "processes": 1,
    "torch": "2.13.0",
    "python": "3.11.9",
    "system": "Linux",
}
SETTINGS = {
    "seed": 2023,
    "data": {
        "source": "folder",
        "train": ["../../../shared/data/bsds500/train", "../../../shared/data/imagenet_samples/"],
        "test": ["/somebody/bsds500/test"],
        "short_side": 512,
    },
    "predictors": {
        "article": {"network": "context_encoder", "width": 4, "steps": 40, "batch": 32},
        "good": {"network": "four_sides", "width": 8, "steps": 1000, "crop": 192, "optimizer": "muon"},
        "bad": {"network": "four_sides", "width": 8, "steps": 20, "crop": 192, "optimizer": "muon"},
        "judge": {"network": "context_unet", "width": 4, "steps": 40, "seed": 1, "learning_rate": 0.0013},
    },
    "improvers": {
        "smoothing": {"network": "plain", "width": 4, "k1": 0.5, "k2": 0.5, "steps": 40, "crop": 256},
        "ratio_progress": {"network": "unet", "width": 4, "loss": "ratio_progress", "steps": 40},
    },
    "evaluation": {"elsewhere": ["../../../shared/data/faces_london/neutral", "/somebody/savoias/scenes/"]},
}
ELSEWHERE = {
    "faces_london/neutral": {
        "pictures": 102,
        "errors": {"good": 0.0211, "telea": 0.0300},
        "of_telea": {"good": 0.7033, "telea": 1.0},
    }
}
PICTURES = {"one-0a": 0.05, "two-0b": 0.09}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with no results of its own, and in it a reference run in which everything is finished."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(find_project().root / name, root / name)
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(root))
    profile = Project(root / ".profiles" / "reference")
    write_settings(profile, SETTINGS)
    write_json(profile.data / "manifest.json", {"source": "folder", "seed": 0, "pictures": [], "skipped": []})
    data = {"train": {"pictures": 1252}, "test": {"pictures": 200}, "skipped": 0, "sha256": "5" * 64}
    write_json(profile.results / "data.json", data)
    write_json(
        profile.results / "fills.json",
        {name: {"mae": mae, "pictures": PICTURES} for name, mae in FILLS.items()},
    )
    write_json(profile.results / "filters.json", {"original": []})
    write_json(profile.results / "elsewhere.json", {"sets": ELSEWHERE})
    params = load_params(profile.params)
    for (kind, name), config in publish.configs(profile, params).items():
        finish(profile, kind, name, config)
    # What must never be copied.
    for name in ("figures/04/plain.jpg", "figures/table.json", "predictors/map.png", "improvers/run.ipynb"):
        path = profile.results / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a licensed photograph")
    (profile.results / ".half.1.partial.json").write_text("{")
    write_json(
        profile.results / "attempts.json", {}
    )  # the repository's own, which the profile's book shows too
    return find_project()


def write_settings(profile, settings):
    profile.root.mkdir(parents=True, exist_ok=True)
    with open(profile.params, "w") as file:
        YAML().dump(settings, file)


def finish(profile, kind, name, config):
    """The files that a finished training and its measurement leave, with an untrained network."""
    section = config["section"]
    network, width = section.get("network", "linear_fill"), section.get("width", 0)
    torch.manual_seed(len(name))
    path = profile.run / kind / f"{name}.safetensors"
    weights.save(
        path, weights.build(kind, network, width), weights.Description(kind, name, network, width, config)
    )
    if name == "linear":
        return
    write_json(path.with_suffix(".record.json"), RECORD)
    curve = profile.results / kind / f"{name}.csv"
    curve.parent.mkdir(parents=True, exist_ok=True)
    steps = range(10, section["steps"] + 1, 10)
    with open(curve, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("step", "loss"), *((step, round(0.06 + 1 / step, 6)) for step in steps)])
    loss = round(0.06 + 1 / section["steps"], 6)
    if kind == "predictors":
        test = {"mae": ERRORS[name], "mae_phase_averaged": ERRORS[name] - 0.001}
        table = {"test": test, "train_loss": loss, "parameters": 123456, "pictures": PICTURES}
    else:
        test = {"change": 0.0456, "error_judge": 0.0321, "contrast_kept": 0.83}
        original = {"change": 0.0, "error_judge": 0.0711, "contrast_kept": 1.0}
        best = {"name": "total_variation", "error_judge": 0.0299}
        table = {"test": test, "original": original, "best_filter": best, "final_loss": loss, "parameters": 9}
    write_json(curve.with_suffix(".json"), table)


def profile_of(project):
    return Project(project.root / ".profiles" / "reference")


def published(project):
    """Every file of the repository outside the profile, with its bytes."""
    files = (path for path in project.root.rglob("*") if path.is_file())
    return {
        path.relative_to(project.root).as_posix(): path.read_bytes()
        for path in files
        if ".profiles" not in path.parts
    }


def run(*arguments):
    return publish.main(list(arguments) or ["--commit", SHA])


def refused(project, capsys, *words, arguments=()):
    """It ends with status 2 and one line that holds the words, and writes nothing."""
    before = published(project)
    assert run(*arguments) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    for word in words:
        assert word in line
    assert published(project) == before


def test_numbers_weights_and_cards_are_copied_and_nothing_else(project):
    before = set(published(project))
    assert run() == 0
    networks = {f"predictors/{name}" for name in (*ERRORS, "linear")}
    networks |= {f"improvers/{name}" for name in SETTINGS["improvers"]}
    wanted = {
        f"models/reference/{network}{suffix}" for network in networks for suffix in (".safetensors", ".md")
    }
    wanted |= {
        f"results/reference/{name}.json" for name in ("data", "elsewhere", "fills", "filters", "record")
    }
    wanted |= {
        f"results/reference/{network}{suffix}"
        for network in networks - {"predictors/linear"}
        for suffix in (".json", ".csv")
    }
    files = published(project)
    assert set(files) - before == {*wanted, "models/reference/hashes.json"}
    assert not any(b"a licensed photograph" in content for content in files.values())
    profile = profile_of(project)
    for name in ("predictors/good.json", "improvers/smoothing.csv", "fills.json"):
        assert files[f"results/reference/{name}"] == (profile.results / name).read_bytes()


def test_the_same_run_gives_the_same_bytes(project):
    assert run() == 0
    first = published(project)
    assert run() == 0
    assert published(project) == first
    for folder in (project.root / "models", project.root / "results"):
        shutil.rmtree(folder)
    assert run() == 0
    assert published(project) == first


def test_what_is_finished_here_is_what_the_experiments_would_load(project):
    """If these disagreed, a run would be trained, and there are no pictures here to train on."""
    profile = profile_of(project)
    params = load_params(profile.params)
    for name in params.predictors:
        loaded = predictor_run(profile, params, name, progress=False)
        assert loaded.path == profile.run / "predictors" / f"{name}.safetensors"
    for name in params.improvers:
        loaded = improver_run(profile, params, name, progress=False)
        assert loaded.path == profile.run / "improvers" / f"{name}.safetensors"


def test_hashes_and_record(project):
    assert run() == 0
    hashes = json.loads((project.reference / "hashes.json").read_text())
    files = sorted(project.reference.glob("*/*.safetensors"))
    assert hashes == {
        f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }
    record = json.loads((project.results / "reference" / "record.json").read_text())
    assert record["commit"] == SHA
    assert record["data"]["train"] == ["bsds500/train", "imagenet_samples"]
    assert record["data"]["test"] == ["bsds500/test"]
    assert record["data"]["elsewhere"] == ["faces_london/neutral", "savoias/scenes"]
    assert record["data"]["pictures"] == {"train": 1252, "test": 200}
    assert record["data"]["sha256"] == "5" * 64
    assert set(record["data"]["terms"]) == {"bsds500", "imagenet_samples"}
    assert set(record["data"]["terms_elsewhere"]) == {"faces_london", "savoias"}
    assert record["predictors"]["good"]["of_telea"] == pytest.approx(0.0688 / 0.08, rel=1e-5)
    assert record["predictors"]["good"]["time"] == "1:23"
    assert {key: record["improvers"]["smoothing"][key] for key in RECORD} == RECORD
    assert "somebody" not in json.dumps(record)


def test_a_card_carries_the_numbers_of_the_files(project):
    assert run() == 0
    card = (project.reference / "predictors" / "good.md").read_text()
    for line in (
        "| reference/good | 0.0688 | 0.86 |",
        "| the same, averaged over positions of the grid | 0.0678 |  |",
        "| OpenCV inpainting, Telea | 0.0800 | 1.00 |",
        "| biharmonic inpainting | 0.0888 | 1.11 |",
        "| OpenCV inpainting, Navier-Stokes | 0.0812 | 1.01 |",
        "| linear regression from the border | 0.0744 | 0.93 |",
        "| faces_london/neutral | 102 | 0.0211 | 0.70 |",
        "| network | four_sides |",
        "| trained parameters | 123456 |",
        "| steps | 1000 |",
        "| optimizer | muon |",
        "| precision | bf16-mixed |",
        "| device | Some Processor 9000 |",
        "| time (hours:minutes) | 1:23 |",
        "| pictures | 1252: bsds500/train, imagenet_samples |",
        f"| commit | {SHA} |",
        "| 500 | 0.0620 |",
        "| 1000 | 0.0610 |",
    ):
        assert line in card.splitlines()
    assert "## On 200 pictures of bsds500/test, never trained on" in card
    assert "non-commercial research and education. Arbeláez" in card
    front = YAML(typ="safe").load(card.split("---\n")[1])
    assert front["license"] == "other"
    assert front["datasets"] == ["bsds500", "imagenet_samples"]
    curve = card.split("## How the loss fell")[1].split("##")[0].strip().splitlines()[2:]
    assert len(curve) == 8
    judge = (project.reference / "predictors" / "judge.md").read_text()
    assert "other sets" not in judge  # it was measured on none
    assert "| learning rate | 0.0013 |" in judge and "0.0733" in judge and "0.0688" not in judge


def test_cards_of_the_others(project):
    assert run() == 0
    improver = (project.reference / "improvers" / "smoothing.md").read_text()
    assert "k1 MAE(x, y) + k2 MAE(y, z)" in improver
    assert "| predictability judge | 0.0321 | 0.0711 |" in improver
    assert "0.0299 (total variation)" in improver
    linear = (project.reference / "predictors" / "linear.md").read_text()
    assert "| reference/linear | 0.0744 | 0.93 |" in linear
    assert "| crops | 20000 |" in linear
    assert "How the loss fell" not in linear and "optimizer" not in linear and "hours" not in linear
    for path in project.reference.glob("*/*.md"):
        text = path.read_text()
        assert "None" not in text and "nan" not in text and "{" not in text, path
        assert "\n\n\n" not in text, path


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (
            lambda tree: tree["predictors"]["judge"].update(steps=50),
            "judge.safetensors: is stale: its section",
        ),
        (lambda tree: tree.update(seed=1), "is stale: its seed"),
        (lambda tree: tree.update(linear={"crops": 250}), "linear.safetensors: is stale: its section"),
        (lambda tree: tree.update(training={"clip": 0.5}), "is stale: its training"),
    ],
)
def test_weights_of_other_settings_are_refused(project, capsys, change, key):
    settings = json.loads(json.dumps(SETTINGS))
    change(settings)
    write_settings(profile_of(project), settings)
    refused(project, capsys, key, "make repro PROFILE=reference")


def test_weights_of_other_pictures_are_refused(project, capsys):
    path = profile_of(project).data / "manifest.json"
    picture = {
        "name": "a",
        "split": "train",
        "source": "x",
        "kind": "x",
        "width": 64,
        "height": 64,
        "sha256": "6" * 64,
    }
    write_json(path, {**json.loads(path.read_text()), "pictures": [picture]})
    refused(project, capsys, "is stale: its data")


def test_an_improver_of_other_predictors_is_refused(project, capsys):
    """The improvers say through which predictors they were trained; here the good one was trained anew since."""
    profile = profile_of(project)
    settings = json.loads(json.dumps(SETTINGS))
    settings["predictors"]["good"]["steps"] = 1100
    write_settings(profile, settings)
    config = publish.configs(profile, load_params(profile.params))["predictors", "good"]
    finish(profile, "predictors", "good", config)
    refused(project, capsys, "smoothing.safetensors: is stale: its through")


def test_weights_of_another_name_are_refused(project, capsys):
    folder = profile_of(project).run / "predictors"
    path = folder / "judge.safetensors"
    description = weights.describe(path)
    changed = {**vars(description), "name": "other"}
    weights.save(path, weights.load(path, "predictors"), weights.Description(**changed))
    refused(project, capsys, "judge.safetensors", "name")


def test_large_weights_are_refused(project, capsys):
    profile = profile_of(project)
    settings = json.loads(json.dumps(SETTINGS))
    settings["improvers"]["smoothing"]["width"] = 400  # four layers of 400 x 400 x 9 numbers: 16 MiB
    write_settings(profile, settings)
    config = publish.configs(profile, load_params(profile.params))["improvers", "smoothing"]
    finish(profile, "improvers", "smoothing", config)
    assert (profile.run / "improvers" / "smoothing.safetensors").stat().st_size > 12 * 2**20
    refused(project, capsys, "smoothing.safetensors: is larger than the 12 MiB")


def test_results_of_another_training_are_refused(project, capsys):
    path = profile_of(project).results / "predictors" / "judge.json"
    table = json.loads(path.read_text())
    write_json(path, {**table, "train_loss": 0.5})
    refused(project, capsys, "judge.csv: does not end as judge.json")
    write_json(path, {**table, "pictures": {"three": 0.1}})
    refused(project, capsys, "judge.json: was measured on other pictures")


def test_what_is_not_finished_is_left_out(project, capsys):
    profile = profile_of(project)
    (profile.results / "improvers" / "smoothing.json").unlink()
    (profile.run / "predictors" / "article.safetensors").unlink()
    assert run() == 0
    said = capsys.readouterr().out
    assert "improvers/smoothing, not measured yet" in said
    assert "predictors/article, not trained yet" in said
    assert not [name for name in published(project) if "/smoothing." in name or "/article." in name]
    assert "smoothing" not in (project.reference / "hashes.json").read_text()


def test_nothing_finished(project, capsys):
    shutil.rmtree(profile_of(project).run)
    refused(project, capsys, "no network is finished yet")
    shutil.rmtree(profile_of(project).root)
    refused(project, capsys, "params.yaml: no such file; run `make repro PROFILE=reference`")


def test_what_is_published_is_not_lost(project, capsys):
    """While one network is trained again, its weights are gone from the run; those in git stay."""
    assert run() == 0
    (profile_of(project).run / "predictors" / "judge.safetensors").unlink()
    refused(project, capsys, "judge.safetensors: is published, but not in the run")


def test_the_commit_is_named_or_written_in_the_profile(project, capsys):
    profile = profile_of(project)
    assert publish.main([]) == 2
    assert "--commit SHA" in capsys.readouterr().err
    refused(project, capsys, "40 hexadecimal digits", arguments=("--commit", "HEAD"))
    (profile.root / ".commit").write_text("f" * 40 + "+changes\n")
    assert publish.main([]) == 2
    assert "+changes': is not 40 hexadecimal digits" in capsys.readouterr().err
    (profile.root / ".commit").write_text("f" * 40 + "\n")
    assert publish.main([]) == 0
    record = project.results / "reference" / "record.json"
    assert json.loads(record.read_text())["commit"] == "f" * 40
    assert run() == 0
    assert json.loads(record.read_text())["commit"] == SHA


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ({"source": "folder", "train": ["../holiday"], "test": ["../bsds500/test"]}, "holiday"),
        ({"source": "folder", "train": ["../secret/train"]}, "secret"),
        ({"source": "embedded"}, "source embedded"),
    ],
)
def test_pictures_of_unknown_terms_are_refused(project, capsys, data, word):
    write_settings(profile_of(project), {**SETTINGS, "data": data})
    refused(project, capsys, "params.yaml: data: the terms of", word)


# --- what was published, loaded ------------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.linear_gradient("L").convert("RGB").resize((64, 64)).save(path)
    return path


def test_the_loaders_and_the_command_line_take_it(project, picture, capsys):
    assert run() == 0
    capsys.readouterr()
    f, g = ab.load_predictor(), ab.load_improver()
    assert not f.training and not g.training
    assert all(parameter.device.type == "cpu" for parameter in f.parameters())
    assert cli(["score", str(picture), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)[0]["predictor"] == "reference/good"
    assert err == ""


@pytest.mark.parametrize("name", ["good", "bad"])
def test_a_tampered_file_is_refused_on_the_command_line(project, picture, capsys, name):
    assert run() == 0
    capsys.readouterr()
    path = project.reference / "predictors" / f"{name}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # one bit of one number: still a network
    path.write_bytes(content)
    assert cli(["score", str(picture)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert f"{path}: is not the file that was published" in err
    assert "`git checkout -- models/reference`" in err
    # By its path, too; a copy elsewhere is anybody's own.
    assert cli(["score", str(picture), "--predictor", str(path)]) == 2
    shutil.copyfile(path, path.parents[3] / "mine.safetensors")
    assert isinstance(ab.load_predictor(path.parents[3] / "mine.safetensors"), torch.nn.Module)


def test_improvers_that_are_not_published_fall_back_to_the_own_run(project):
    profile = profile_of(project)
    shutil.rmtree(profile.run / "improvers")
    assert run() == 0
    with pytest.raises(ab.UserError, match="reference/smoothing: no such weights among the improvers"):
        ab.load_improver("reference/smoothing")
    path = project.run / "improvers" / "smoothing.safetensors"
    network = weights.build("improvers", "plain", 4)
    weights.save(path, network, weights.Description("improvers", "smoothing", "plain", 4, {}))
    with pytest.warns(UserWarning, match="no reference weights yet among the improvers"):
        ab.load_improver("reference/smoothing")
    # The predictors are published, so that none of them falls back.
    weights.save(
        project.run / "predictors" / "other.safetensors",
        weights.build("predictors", "context_encoder", 4),
        weights.Description("predictors", "other", "context_encoder", 4, {}),
    )
    with pytest.raises(ab.UserError, match="reference/good"):
        ab.load_predictor("reference/other")
