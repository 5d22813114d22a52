"""The command line: what it prints, what it writes, and how it refuses."""

import csv
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import abstract_beauty as ab
from abstract_beauty import parallel, weights
from abstract_beauty.cli import main
from abstract_beauty.commands import score as score_module
from abstract_beauty.files import sha256, write_json
from abstract_beauty.project import find_project
from abstract_beauty.scores.scores import WORKING_SIDE


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project with untrained weights, of its own run and published."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copyfile(find_project().root / name, root / name)
    linear = find_project().reference / "predictors" / "linear.safetensors"
    (root / "models" / "run" / "predictors").mkdir(parents=True)
    shutil.copyfile(linear, root / "models" / "run" / "predictors" / "linear.safetensors")
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(root))
    for index, (kind, name, network) in enumerate(
        [
            ("predictors", "good", "context_encoder"),
            ("predictors", "bad", "context_encoder"),
            ("improvers", "smoothing", "unet"),
        ]
    ):
        torch.manual_seed(index)
        path = root / "models" / "run" / kind / f"{name}.safetensors"
        weights.save(path, weights.build(kind, network, 4), weights.Description(kind, name, network, 4, {}))
    own, reference = root / "models" / "run", root / "models" / "reference"
    shutil.copytree(own, reference)
    hashes = {str(path.relative_to(own)): sha256(path) for path in own.rglob("*.safetensors")}
    write_json(reference / weights.HASHES, hashes)
    return find_project()


@pytest.fixture
def picture(tmp_path):
    """A photograph-like picture of 90x70 pixels."""
    path = tmp_path / "picture one.png"
    pixels = np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_help_and_mistyped_arguments_are_answered_without_torch():
    program = "import sys\nfrom abstract_beauty.cli import main\ntry: main({})\nexcept SystemExit: pass\n"
    for arguments in (["--help"], ["score", "--help"], ["scores"], ["improve", "a.png", "--strength", "9"]):
        asked = program.format(arguments) + "assert 'torch' not in sys.modules"
        subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True)


def test_what_libraries_warn_of_is_not_said():
    program = """if True:
        import warnings
        from abstract_beauty import cli
        def noisy(_):
            warnings.simplefilter("always")  # as some libraries do when they are loaded
            warnings.warn("old")
        cli._later = noisy
        cli.main(["score", "a.png"])
    """
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stderr == b""


def test_every_public_name_is_there():
    assert all(getattr(ab, name) is not None for name in ab.__all__)


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_score_agrees_with_the_library(project, picture, capsys):
    status, out, err = run(capsys, "score", picture, "--json")
    assert status == 0
    (row,) = json.loads(out)
    y = ab.read_image(picture)[None]
    good, bad = ab.load_predictor("run/good"), ab.load_predictor("run/bad")
    z = ab.full_prediction(good, y)
    assert row["image"] == str(picture)
    assert (row["width"], row["height"]) == (90, 70)
    assert row["predictability"] == pytest.approx(ab.predictability(y, z).item(), rel=1e-4)
    assert row["progress"] == pytest.approx(ab.progress(y, ab.full_prediction(bad, y), z).item(), rel=1e-4)
    linear = ab.load_predictor("run/linear")
    assert row["complexity"] == pytest.approx(ab.complexity(y[0], good, linear), rel=1e-4)
    assert row["structure"] == pytest.approx(
        1 - row["predictability"] / ab.predictability(y, ab.full_prediction(linear, y)).item(), rel=1e-3
    )
    assert row["predictability_64"] == pytest.approx(
        ab.phase_averaged(good, ab.resize_short_side(y[0], 64)[None]).item(), rel=1e-4
    )
    assert row["predictor"] == "reference/good"
    assert err == ""


def test_score_prints_a_row_a_picture_and_writes_maps(project, picture, tmp_path, capsys):
    other = tmp_path / "deeper" / picture.name
    other.parent.mkdir()
    shutil.copyfile(picture, other)
    status, out, _ = run(capsys, "score", picture, other, "--map", tmp_path / "maps")
    assert status == 0
    assert len(out.splitlines()) == 3
    maps = sorted(path.name for path in (tmp_path / "maps").iterdir())
    assert maps == ["picture one.map-2.png", "picture one.map.png"] or len(maps) == 2
    assert Image.open(tmp_path / "maps" / maps[0]).size == (90, 70)


def test_large_pictures_are_scored_at_the_working_size(project, tmp_path, capsys):
    path = tmp_path / "large.png"
    Image.fromarray(np.zeros((2 * WORKING_SIDE, 2 * WORKING_SIDE + 64, 3), dtype=np.uint8)).save(path)
    status, out, _ = run(capsys, "score", path, "--json", "--map", tmp_path)
    assert status == 0
    assert json.loads(out)[0]["width"] == 2 * WORKING_SIDE + 64
    assert Image.open(tmp_path / "large.map.png").size == (2 * WORKING_SIDE + 64, 2 * WORKING_SIDE)


@pytest.mark.parametrize(
    ("ended", "status_then", "said"),
    [(KeyboardInterrupt, 130, "kept: 3 of 6 pictures"), (MemoryError, 2, "memory")],
)
def test_a_table_that_was_ended_goes_on_where_it_was(
    project, picture, tmp_path, capsys, monkeypatch, ended, status_then, said
):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in "abcdef":
        shutil.copyfile(picture, folder / f"{name}.png")
    out, scored = tmp_path / "new" / "scores.csv", score_module.score
    calls = []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise ended
        return scored(*arguments)

    monkeypatch.setattr(score_module, "score", interrupted)
    monkeypatch.setattr(parallel, "cores", lambda: 1)
    status, _, err = run(capsys, "score", folder, "--csv", out)
    assert status == status_then and not out.exists() and said in err
    with open(tmp_path / "new" / "scores.csv.unfinished", "a") as file:
        file.write("[" * 10_000 + "\nhalf a ro")
    status, text, err = run(capsys, "score", folder, "--csv", out)
    assert status == 0 and "6 pictures" in text and "3 of 6 pictures were scored before" in err
    assert len(calls) <= 4 + 3 + parallel.AHEAD + 1
    rows = [row["image"].rpartition("/")[2] for row in csv.DictReader(out.read_text().splitlines())]
    assert rows == [f"{name}.png" for name in "abcdef"]
    first = out.read_bytes()
    assert list(out.parent.iterdir()) == [out]
    run(capsys, "score", folder, "--csv", out)
    assert out.read_bytes() == first


@pytest.mark.parametrize(("changed", "kept"), [("nothing", 1), ("network", 0), ("picture", 0)])
def test_a_table_does_not_go_on_with_rows_of_another_network_or_picture(
    project, picture, tmp_path, capsys, monkeypatch, changed, kept
):
    network, out = tmp_path / "own.safetensors", tmp_path / "scores.csv"
    scored, calls = score_module.score, []
    shutil.copyfile(weights.find("predictors", "reference/good"), network)
    shutil.copyfile(picture, tmp_path / "other.png")
    command = ("score", picture, tmp_path / "other.png", "--csv", out, "--predictor", network)

    def ended(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return scored(*arguments)

    monkeypatch.setattr(parallel, "cores", lambda: 1)
    monkeypatch.setattr(score_module, "score", ended)
    assert run(capsys, *command)[0] == 2 and not out.exists()
    if changed == "network":
        shutil.copyfile(weights.find("predictors", "reference/bad"), network)
    if changed == "picture":
        Image.open(picture).transpose(Image.Transpose.ROTATE_90).save(picture)
    status, _, err = run(capsys, *command)
    assert status == 0 and f"{kept} of 2 pictures were scored before" in err
    resumed = out.read_bytes()
    run(capsys, *command)
    assert out.read_bytes() == resumed and not list(tmp_path.glob("*.unfinished"))


def test_a_table_or_page_takes_no_picture_s_place(project, picture, tmp_path, capsys):
    other = tmp_path / "other.png"
    shutil.copyfile(picture, other)
    for command, option in (("score", "--csv"), ("blind", "--out")):
        status, _, err = run(capsys, command, picture, option, other)
        assert status == 2 and "is the name of a picture" in err
    assert other.read_bytes() == picture.read_bytes()
    nowhere = picture / "scores.csv"
    status, _, err = run(capsys, "score", picture, "--csv", nowhere)
    assert status == 2 and "is no folder" in err


def test_with_a_closed_output_a_command_still_ends_well(picture, tmp_path):
    command = f'"{sys.executable}" -m abstract_beauty score "{picture}" --csv "{tmp_path}/a.csv" >&- 2>&-'
    assert subprocess.run(command, shell=True, check=False).returncode == 0
    assert (tmp_path / "a.csv").is_file()


def test_a_folder_is_scored_into_a_csv_and_what_cannot_be_read_is_named(
    project, picture, tmp_path, capsys, monkeypatch
):
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    shutil.copyfile(picture, folder / "a.png")
    shutil.copyfile(picture, folder / "deeper" / "b, with comma.png")
    (folder / "broken.png").write_text("not a picture")
    (folder / "notes.txt").write_text("not a picture, and not called one")
    (folder / "closed").mkdir()
    listed = os.listdir

    def closed(path):
        if os.path.basename(path) == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "listdir", closed)
    out = tmp_path / "scores.csv"
    status, text, err = run(capsys, "score", folder, "--csv", out)
    assert status == 0
    assert "broken.png" in err and "notes.txt" not in err
    assert "closed: folder cannot be read (Permission denied)" in err
    assert "2 pictures" in text
    with open(out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"].rpartition("/")[2] for row in rows] == ["a.png", "b, with comma.png"]
    assert len({row["complexity"] for row in rows}) == 1
    assert not list(tmp_path.glob(".*partial*"))


@pytest.fixture
def mixed(picture, tmp_path):
    """Arguments: two good pictures, one of them twice, and four that cannot be read."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    names = ["cut.png", "one.png", "empty.jpg", "round.png", "none.png", "two.png", "one.png", "cut.png"]
    for name in ("one.png", "two.png"):
        shutil.copyfile(picture, folder / name)
    (folder / "cut.png").write_bytes(picture.read_bytes()[:400])
    (folder / "empty.jpg").touch()
    (folder / "round.png").symlink_to("round.png")
    return [folder / name for name in names]


BAD = ["cut.png", "empty.jpg", "round.png", "none.png"]


@pytest.mark.parametrize("form", ["--csv", "--json", ""])
def test_the_good_among_pictures_that_are_named_are_scored(project, mixed, tmp_path, capsys, form):
    table = tmp_path / "scores.csv"
    status, out, err = run(capsys, "score", *mixed, *{"--csv": [form, table], "--json": [form]}.get(form, []))
    assert status == 2
    lines = err.splitlines()
    assert all(line.startswith("left out: ") and name in line for line, name in zip(lines, BAD, strict=True))
    if form == "--json":
        rows = [row["image"] for row in json.loads(out)]
    elif form == "--csv":
        rows = [row["image"] for row in csv.DictReader(table.read_text().splitlines())]
    else:
        rows = [line.split("  ")[-1] for line in out.splitlines()[1:]]
    assert rows == [str(mixed[1]), str(mixed[5])]


def test_a_page_is_made_of_the_good_among_pictures_that_are_named(project, mixed, tmp_path, capsys):
    page = tmp_path / "page.html"
    asked = ["--improver", "run/smoothing", "--out", page]
    status, out, err = run(capsys, "blind", *mixed, *asked)
    assert (status, len(err.splitlines())) == (2, len(BAD)) and "2 pictures" in out
    page.unlink()
    status, out, err = run(capsys, "blind", mixed[0], mixed[2], *asked)
    assert (status, out, len(err.splitlines())) == (2, "", 3) and not page.exists()
    status, out, err = run(capsys, "blind", mixed[0], *asked)
    assert (status, out, len(err.splitlines())) == (2, "", 1) and not page.exists()


def test_one_that_is_named_and_lies_in_the_folder_too_counts_as_named(project, mixed, capsys):
    folder = mixed[0].parent
    status, _, err = run(capsys, "score", folder)
    assert (status, len(err.splitlines())) == (0, 3)
    status, out, err = run(capsys, "score", folder, mixed[0], mixed[1])
    assert (status, len(out.splitlines()), len(err.splitlines())) == (2, 3, 3)


def test_what_lies_beside_photographs_is_named_and_takes_no_names(project, picture, tmp_path, capsys):
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copyfile(picture, folder / "a.png")
    for name in ("a.cr2", "a.heic", "a.xmp"):
        (folder / name).write_text("something")
    status, _, err = run(capsys, "score", folder, "--map", tmp_path / "maps")
    assert status == 0
    assert [line.split(": ")[1] for line in err.splitlines()] == [
        str(folder / "a.cr2"),
        str(folder / "a.heic"),
    ]
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["a.map.png"]


def test_ratings_prints_how_measures_go_with_them(project, tmp_path, capsys):
    folder = tmp_path / "rated"
    folder.mkdir()
    rows = ["image,liking"]
    for at in range(6):
        pixels = np.full((64, 80, 3), 128, dtype=np.uint8)
        pixels[:, : 10 * at] = np.random.default_rng(at).integers(0, 256, (64, 10 * at, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{at}.png")
        rows.append(f"{at}.png,{10 * at}")
    (folder / "ratings.csv").write_text("\n".join(rows))
    status, out, _ = run(capsys, "ratings", folder)
    assert status == 0
    assert "rated: liking of 6 pictures" in out
    line = next(line for line in out.splitlines() if line.startswith("jpeg_bits"))
    assert float(line.split()[1]) > 0.9
    status, out, _ = run(capsys, "ratings", folder, "--json")
    liking = json.loads(out)["rated"]["ratings"]["liking"]
    assert liking["measures"]["jpeg_bits"]["pearson"]["value"] > 0.9
    assert liking["points"]["rating"] == [0, 10, 20, 30, 40, 50]


def test_of_rated_pictures_a_broken_one_is_left_out_and_two_sets_need_two_names(project, tmp_path, capsys):
    folder = tmp_path / "rated"
    folder.mkdir()
    for at in range(6):
        pixels = np.random.default_rng(at).integers(0, 40 * at + 5, (64, 80, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{at}.png")
    (folder / "ratings.csv").write_text("image,liking\n" + "".join(f"{at}.png,{at}\n" for at in range(6)))
    (folder / "3.png").write_text("no picture")
    status, out, err = run(capsys, "ratings", folder, "--json")
    assert status == 2 and "3.png" in err
    assert json.loads(out)["rated"]["ratings"]["liking"]["points"]["rating"] == [0, 1, 2, 4, 5]
    sets = tmp_path / "sets"
    sets.mkdir()
    for name in ("one", "two"):
        (sets / name).symlink_to(folder, target_is_directory=True)
    status, _, err = run(capsys, "ratings", sets)
    assert status == 2 and "two sets are called 'rated'" in err


def test_no_improver_can_take_the_place_of_the_original(project, picture, tmp_path, capsys):
    page = tmp_path / "which.html"
    status, _, err = run(capsys, "blind", picture, "--improver", "original", "--out", page)
    assert status == 2 and err.count("\n") == 1 and not page.exists()


def test_blind_writes_a_page_and_preferences_reads_what_it_saves(project, picture, tmp_path, capsys):
    page, choices = tmp_path / "page.html", tmp_path / "choices.json"
    status, _, _ = run(capsys, "blind", picture, "--improver", "run/smoothing", "--out", page)
    assert status == 0
    assert "picture one" in page.read_text()
    entry = {"picture": "picture one", "winner": "run/smoothing", "loser": "original"}
    choices.write_text(json.dumps({"format": "abstract-beauty preferences 1", "choices": [entry] * 3}))
    status, out, _ = run(capsys, "preferences", choices)
    assert status == 0
    assert out.splitlines()[1].endswith("run/smoothing") and "3/3" in out


@pytest.mark.parametrize("times", [1, 3])
def test_improve_applies_the_improver_so_many_times(project, picture, tmp_path, capsys, times):
    out = tmp_path / "new" / "better.png"
    status, text, _ = run(
        capsys, "improve", picture, "--out", out, "--improver", "run/smoothing", "--times", times
    )
    assert status == 0
    assert "better.png" in text
    y = ab.improve(ab.load_improver("run/smoothing"), ab.read_image(picture)[None], times=times)[0]
    torch.testing.assert_close(ab.read_image(out), y, atol=0.51 / 255, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["score", "{folder}/none.png"], ["none.png"]),
        (["score", "{folder}/text.png"], ["text.png"]),
        (["score", "{folder}/small.png"], ["small.png", "at least 32"]),
        (["score", "{folder}/good.png", "--predictor", "run/best"], ["run/best", "run/good"]),
        (["improve", "{folder}/good.png", "--out", "{folder}/good.png"], ["is read by the same command"]),
        (["improve", "{folder}/good.png", "--out", "{folder}/better.xyz"], ["better.xyz"]),
        (["improve", "{folder}/text.png", "--out", "{folder}/better.png"], ["text.png"]),
        (
            ["improve", "{folder}/good.png", "--out", "{folder}/b.png", "--improver", "run/magic"],
            ["run/magic"],
        ),
        (["score", "{folder}/none"], ["none"]),
        (["score", "{folder}/hollow"], ["hollow", "no picture"]),
        (["score", "{folder}/good.png", "--csv", "{folder}"], ["is a folder"]),
        (
            ["score", "{folder}/good.png", "--csv", "{folder}/t.csv", "--predictor", "none.safetensors"],
            ["none.safetensors: no such file"],
        ),
        (["ratings", "{folder}/none"], ["no such folder"]),
        (["ratings", "{folder}/unrated"], ["unrated", "0 rated pictures"]),
        (["ratings", "{folder}/hollow"], ["ratings.csv"]),
        (["preferences", "{folder}/text.png"], ["text.png", "JSON"]),
        (["train", "predictor.best"], ["predictor.best", "predictor.good"]),
        (["train", "predictor.good"], ["no prepared pictures"]),
        (["stage", "flavour"], ["flavour: there is no such stage", "dvc.yaml"]),
    ],
)
def test_a_mistake_is_one_line_and_status_2(project, tmp_path, capsys, arguments, words):
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "hollow").mkdir()
    (tmp_path / "unrated").mkdir()
    (tmp_path / "unrated" / "ratings.csv").write_text("image,liking\n")
    Image.new("RGB", (20, 40)).save(tmp_path / "small.png")
    Image.new("RGB", (64, 64), "red").save(tmp_path / "good.png")
    before = {path: path.read_bytes() for path in tmp_path.glob("*.png")}
    status, out, err = run(capsys, *(argument.format(folder=tmp_path) for argument in arguments))
    lines = err.splitlines()
    assert status == 2
    assert len(lines) == 1
    assert out == ""
    for word in words:
        assert word in lines[0]
    assert {path: path.read_bytes() for path in tmp_path.glob("*.png")} == before
    assert not list(tmp_path.glob("*.partial*"))
