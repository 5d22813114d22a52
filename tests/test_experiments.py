"""Runs: loaded when their configuration matches, trained when not, never mixed up."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from abstract_beauty.data.images import read_image, write_image
from abstract_beauty.errors import UserError
from abstract_beauty.experiments import balance, elsewhere, fills, filters, many, pixels
from abstract_beauty.experiments.improver import improver_run, measure_improver, warnings
from abstract_beauty.experiments.linear import linear_run
from abstract_beauty.experiments.many import ending
from abstract_beauty.experiments.pictures import judged_images, pictures, prepare_data, squares
from abstract_beauty.experiments.pictures import test_images as photographs
from abstract_beauty.experiments.pixels import (
    descend,
    descend_freely,
    pull,
    stationary,
    weak_predictors,
)
from abstract_beauty.experiments.predictor import networks, predictor_run
from abstract_beauty.params import as_tree, load_params, merge, parse_params, read_yaml
from abstract_beauty.prediction.full_prediction import full_prediction
from abstract_beauty.prediction.predictability import SMALLEST_ERROR, predictability
from abstract_beauty.project import Project, find_project
from abstract_beauty.sections import ImproverParams
from abstract_beauty.training import runs
from abstract_beauty.training.batches import Crops, Tiles
from abstract_beauty.training.runs import record_path, scratch

TINY = {
    "data": {"generated": 5, "generated_size": 128, "short_side": 128},
    "linear": {"crops": 250},
    "predictors": {
        **{name: {"width": 4, "steps": 4, "batch": 2} for name in ("article", "judge")},
        **{
            name: {"width": 12, "steps": 4, "batch": 1, "crop": 128}
            for name in ("good", "bad", "bad_again", "small")
        },
    },
    "training": {"log_every": 2, "checkpoint_every": 2, "accelerator": "cpu"},
}


@pytest.fixture(scope="module")
def tiny():
    root = find_project().root
    tree = merge(read_yaml(root / "params.yaml"), TINY)
    small = {"width": 4, "steps": 2, "crop": 128, "batch": 1}
    tree["improvers"] = {name: {**section, **small} for name, section in tree["improvers"].items()}
    tree["predictors"]["bad"]["steps"] = 2
    return parse_params(tree)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, tiny):
    project = Project(tmp_path_factory.mktemp("project"))
    prepare_data(project, tiny, progress=False)
    return project


@pytest.fixture
def project(prepared, tmp_path):
    shutil.copytree(prepared.root, tmp_path / "copy")
    return Project(tmp_path / "copy")


def same(a, b):
    return all(torch.equal(one, other) for one, other in zip(a.parameters(), b.parameters(), strict=True))


def test_a_published_run_is_loaded_and_another_configuration_trained(project, tiny):
    published = predictor_run(project, tiny, "good", publish=True, progress=False)
    assert published.path == project.run / "predictors" / "good.safetensors"
    again = predictor_run(project, tiny, "good", progress=False)
    assert again.path == published.path
    assert same(again.network, published.network)
    assert again.curve == published.curve
    changed = parse_params(merge(as_tree(tiny), {"predictors": {"good": {"steps": 6}}}))
    other = predictor_run(project, changed, "good", progress=False)
    assert project.scratch in other.path.parents  # the pipeline's own weights are not overwritten
    assert not same(other.network, published.network)
    assert same(predictor_run(project, tiny, "good", progress=False).network, published.network)


def test_a_train_stage_really_trains_and_gives_the_same_bytes(project, tiny):
    run = predictor_run(project, tiny, "good", publish=True, progress=False)
    first = run.path.read_bytes()
    assert not any(project.scratch.glob("predictors-good-*"))
    run.path.unlink()
    assert predictor_run(project, tiny, "good", publish=True, progress=False).path.read_bytes() == first


def test_what_a_reader_trains_is_trained_every_time(project, tiny):
    first = predictor_run(project, tiny, "article", progress=False)
    before = first.path.stat().st_mtime_ns
    again = predictor_run(project, tiny, "article", progress=False)
    assert again.path == first.path and again.path.stat().st_mtime_ns > before
    assert same(again.network, first.network)


def test_an_unfinished_training_of_other_code_is_left_alone(project, tiny, monkeypatch, tmp_path):
    """Its folder is named after the code of whole folders: a changed line anywhere in them is another training."""
    here = scratch(project, "improvers", "coarse", {"k": 1})
    assert scratch(project, "improvers", "coarse", {"k": 1}) == here
    assert scratch(project, "improvers", "coarse", {"k": 2}) != here
    package = Path(runs.__file__).parents[1]
    for changed in ("losses/_contrast.py", "improvers/unet.py", "training/batches.py"):
        copy = tmp_path / changed.replace("/", "-")
        shutil.copytree(package, copy)
        (copy / changed).write_text((copy / changed).read_text() + "# changed\n")
        monkeypatch.setattr(runs, "__file__", str(copy / "training" / "runs.py"))
        assert scratch(project, "improvers", "coarse", {"k": 1}) != here


def test_the_linear_fill_is_read_where_the_stage_put_it_and_begins_the_one_pass_predictor(project, tiny):
    linear = linear_run(project, tiny, publish=True)
    assert linear.path == project.run / "predictors" / "linear.safetensors" == linear_run(project, tiny).path
    run = predictor_run(project, tiny, "good", progress=False)
    assert torch.equal(run.network.matrix, linear.network.matrix)
    assert linear.network.matrix.abs().max() > 0
    other = parse_params(merge(as_tree(tiny), {"linear": {"ridge": 0.1}}))
    fitted = linear_run(project, other)
    assert fitted.path != linear.path and not torch.equal(fitted.network.matrix, linear.network.matrix)
    again = predictor_run(project, other, "good", progress=False)
    assert again.path != run.path  # another linear fill, another predictor
    article = predictor_run(project, tiny, "article", progress=False)
    assert predictor_run(project, other, "article", progress=False).path == article.path


def test_a_published_run_says_what_it_was_made_on(project, tiny):
    run = predictor_run(project, tiny, "good", publish=True, progress=False)
    record = json.loads(record_path(run.path).read_text())
    assert record["seconds"] > 0
    assert record["torch"] == torch.__version__
    assert record["kind"] == "cpu"


def test_crops_are_turned_and_shaded_only_where_asked(prepared):
    images = tuple(picture.image for picture in pictures(prepared, "train"))
    plain, varied = Crops(images, 4, 7, 64), Crops(images, 4, 7, 64, varied=True)
    batches = [(plain(i), varied(i)) for i in range(6)]
    darker = [bool((v.mean((1, 2, 3)) <= p.mean((1, 2, 3)) + 1e-6).all()) for p, v in batches]
    assert all(darker)
    assert any((v.mean((1, 2, 3)) < 0.95 * p.mean((1, 2, 3))).any() for p, v in batches)
    assert torch.equal(varied(3), Crops(images, 4, 7, 64, varied=True)(3))


def test_half_of_the_grids_are_the_article_s(prepared):
    images = tuple(picture.image for picture in pictures(prepared, "train"))
    phases = [Crops(images, 1, 7, 64).phase(i) for i in range(40)]
    assert all(phase == (0, 0) for phase in phases[::2])
    assert len(set(phases[1::2])) > 15
    assert all(0 <= k < 32 for phase in phases for k in phase)


@pytest.mark.parametrize("name", ["smoothing", "ratio_progress"])
def test_an_improver_is_retrained_when_its_predictor_changes(project, tiny, name):
    first = improver_run(project, tiny, name, progress=False)
    changed = parse_params(merge(as_tree(tiny), {"predictors": {"good": {"steps": 6}}}))
    second = improver_run(project, changed, name, progress=False)
    assert first.path != second.path
    assert first.config["through"] != second.config["through"]


def test_the_judges_table(project, tiny):
    networks = {
        name: predictor_run(project, tiny, name, progress=False).network for name in ("good", "bad", "judge")
    }
    run = improver_run(project, tiny, "smoothing", progress=False)
    small = parse_params(merge(as_tree(tiny), {"evaluation": {"filter_strengths": 2}}))
    curves = filters.stage(project, small, networks)
    table = measure_improver(project, small, run, networks, curves)
    json.dumps(table)
    reached = {name: error for name, error in table["filters_at_same_change"].items() if error is not None}
    best = min(reached, key=reached.get, default=None)
    assert table["best_filter"] == {"name": best, "error_judge": reached.get(best)}
    assert "original" not in reached
    assert 0 < table["test"]["change"] < 1
    assert curves["original"][0]["change"] == 0
    assert curves["original"][0]["contrast_kept"] == pytest.approx(1)
    fidelities = [point["change"] for point in curves["gaussian"]]
    assert fidelities == sorted(fidelities)
    assert fidelities[0] == 0


@pytest.mark.parametrize(("wanted", "judged"), [(0, 6), (2, 2), (4, 4), (6, 6), (20, 6)])
def test_as_many_test_pictures_are_judged_as_are_wanted_and_there(prepared, tiny, wanted, judged):
    params = parse_params(merge(as_tree(tiny), {"evaluation": {"pictures": wanted}}))
    assert len(judged_images(prepared, params)) == judged


def test_fills_are_measured_on_every_test_picture(project, tiny):
    small = parse_params(merge(as_tree(tiny), {"linear": {"crops": 250}}))
    table = fills.stage(project, small, networks(project, small, "linear"))
    assert {"mean", "ring_mean", "telea", "navier_stokes", "biharmonic", "linear"} == set(table)
    assert set(table["linear"]["pictures"]) == set(photographs(project))
    assert table["linear"]["mae"] < table["ring_mean"]["mae"] < table["mean"]["mae"]


def test_unknown_names_and_missing_pictures_are_one_line(tmp_path, tiny):
    with pytest.raises(UserError, match="there is no 'best'"):
        predictor_run(Project(tmp_path), tiny, "best")
    with pytest.raises(UserError, match="no prepared pictures"):
        predictor_run(Project(tmp_path), load_params(), "good")


IMAGES = tuple(torch.randint(0, 256, (3, h, w), dtype=torch.uint8) for h, w in ((140, 200), (128, 131)))


@pytest.mark.parametrize("world", [2, 4])
@pytest.mark.parametrize("batches", [Crops(IMAGES, 8, 1, size=128), Tiles(IMAGES, 8, seed=1)])
def test_processes_share_the_batch_that_one_process_has(batches, world):
    whole = batches(3)
    parts = [batches(3, rank, world) for rank in range(world)]
    if isinstance(whole, tuple):
        whole, parts = whole[0], [part[0] for part in parts]
    for rank, part in enumerate(parts):
        assert torch.equal(part, whole[rank::world])
    assert not torch.equal(whole, batches(4)[0] if isinstance(batches, Tiles) else batches(4))


def test_a_tile_s_own_pixels_are_hidden_wherever_it_lies():
    context, hidden = Tiles(IMAGES, 64, seed=2)(0)
    assert context.shape == (64, 3, 128, 128)
    assert hidden[..., 48:80, 48:80].all()
    assert (hidden.sum(dim=(1, 2, 3)) > 32 * 32).any()  # some lie at a border and have mirror copies
    assert context.min() >= 0 and context.max() <= 1


def test_predictors_are_measured_on_other_folders(project, tiny, tmp_path):
    folder = tmp_path / "sets" / "squares"
    for index in range(3):
        noise = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(index))
        large = torch.nn.functional.interpolate(noise[None], size=(128, 160), mode="bilinear")[0]
        write_image(folder / f"{index}.png", large)
    write_image(folder / "too-small.png", torch.rand(3, 20, 200))
    changes = {"evaluation": {"elsewhere": [str(folder)], "elsewhere_pictures": 4}}
    params = parse_params(merge(as_tree(tiny), changes))
    fill = linear_run(project, params).network
    found = elsewhere.stage(project, params, {"same": fill})["sets"]["sets/squares"]
    assert found["pictures"] == 3
    assert found["errors"]["same"] == found["errors"]["linear"]
    y = [read_image(folder / f"{index}.png")[None] for index in range(3)]
    expected = sum(float(predictability(one, full_prediction(fill, one))) for one in y) / 3
    assert found["errors"]["linear"] == pytest.approx(expected, rel=1e-5)
    assert found["of_telea"]["linear"] == pytest.approx(found["errors"]["linear"] / found["errors"]["telea"])
    assert elsewhere.stage(project, tiny, {}) == {"sets": {}}
    for index in range(3):
        (folder / f"{index}.png").unlink()
    with pytest.raises(UserError, match="holds no picture of 32 pixels"):
        elsewhere.stage(project, params, {"same": fill})


# --- the experiments that the later chapters are made of ------------------------------------------------


SMALL = {
    "balance": {
        "ratios": [0.0, 0.6], "networks": ["unet"], "width": 4, "seeds": 1, "steps": 2, "lengths": [2],
        "pictures": 1, "side": 128,
    },
    "pixels": {"ratios": [0.0, 0.7], "grid_ratio": 0.7, "steps": 3, "pictures": 1, "side": 128},
    "many": {"times": 2, "pictures": 1, "side": 128},
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tiny):
    return parse_params(merge(as_tree(tiny), SMALL))


def test_the_squares_are_the_pictures_centres(prepared):
    images, found = photographs(prepared), squares(prepared, 2, 64)
    assert len(found) == 2
    for name, square in found.items():
        h, w = images[name].shape[2:]
        top, left = (h - 64) // 2, (w - 64) // 2
        assert torch.equal(square, images[name][..., top : top + 64, left : left + 64])


def test_descent_finds_the_minimum_and_leaves_alone_what_has_no_reason_to_move():
    x = torch.full((1, 3, 32, 32), 0.5)
    wanted = x.clone()
    wanted[..., :16] = 0.4
    near = descend(x, lambda y, i: 0.7 * (y - wanted).abs().mean(), steps=60, anchor=0.3)
    assert (near - wanted).abs().max() < 0.01
    assert torch.equal(descend(x, lambda y, i: 0.3 * (y - wanted).abs().mean(), steps=5, anchor=0.7), x)
    free = descend_freely(x, lambda y, i: (y - wanted).square().mean(), steps=120)
    assert (free - wanted).abs().max() < 0.02


def test_a_pixel_stays_where_its_subgradient_allows_it(project, tiny):
    f = networks(project, tiny, "good")["good"]
    x = torch.cat(list(squares(project, 1, 128).values()))
    theory = stationary(f, x, [0.0, 0.3, 0.5, 0.7, 1.0])
    assert theory["stays"] == sorted(theory["stays"], reverse=True)
    assert theory["stays"][0] == 1 and theory["stays"][-1] == pytest.approx(0, abs=0.05)
    # By hand: move single pixels by a little; where the loss falls in neither direction, the pixel stays.
    g = pull(f, x)
    for k1, k2 in ((0.5, 0.5), (0.4, 0.6)):
        share = float((k2 * g.abs() <= k1).float().mean())
        assert stationary(f, x, [k2])["stays"] == [pytest.approx(share)]


def test_the_pull_is_the_slope_of_the_error(project, tiny):
    f = networks(project, tiny, "good")["good"].double()
    x = torch.cat(list(squares(project, 1, 128).values())).double()
    g = pull(f, x)
    for place in ((0, 0, 5, 7), (0, 1, 64, 40), (0, 2, 100, 100)):
        moved = x.clone()
        moved[place] += 1e-6
        errors = [float((y - full_prediction(f, y)).abs().sum()) for y in (x, moved)]
        assert (errors[1] - errors[0]) / 1e-6 == pytest.approx(float(g[place]), rel=1e-3, abs=1e-3)


def test_the_experiments_on_pixels(project, small):
    f = networks(project, small, "good", "bad", "bad_again", "small", "judge", "linear")
    numbers, pictures = pixels.stage(project, small, f)
    json.dumps(numbers)
    still, moved = numbers["balance"]
    assert still["change"] == 0 and torch.equal(pictures["balance 0.0"], pictures["x"])
    assert moved["change"] > 0
    assert [row["random"] for row in numbers["grid"]] == [False, True]
    assert {row["bad"] for row in numbers["weak"]} == set(weak_predictors(f))
    assert len(numbers["weak"]) == len(weak_predictors(f))
    assert all(torch.isfinite(one).all() and 0 <= one.min() <= one.max() <= 1 for one in pictures.values())
    more, less = (next(r for r in numbers["exaggerate"] if r["a"] == a) for a in (0.5, -0.5))
    assert more["error"] > numbers["original"]["error"] > less["error"]


def test_the_phase_diagram_trains_each_point(project, small):
    found = balance.stage(project, small, networks(project, small, "good", "bad", "judge"))
    rows = found["points"]
    assert [(row["series"], row["network"], row["ratio"]) for row in rows] == [
        ("ratio", "unet", 0.0), ("ratio", "unet", 0.6), ("length", "plain", 0.0), ("length", "plain", 0.5),
    ]  # fmt: skip
    assert found["original"]["change"] == 0
    assert all(row["change"] > 0 and row["gradient_norm"] >= 0 for row in rows)
    assert not list(project.run.glob("improvers/*"))


def test_many_times_over(project, small):
    tree = as_tree(small)
    tree["improvers"] = {"smoothing": tree["improvers"]["smoothing"]}
    one = parse_params({**tree, "book": {}})
    g = improver_run(project, one, "smoothing", progress=False).network
    numbers, pictures = many.stage(project, one, networks(project, one, "good"), {"smoothing": g})
    x = pictures["x/0"]
    torch.testing.assert_close(pictures["smoothing/2"], g(g(x)))
    curves = numbers["smoothing"]
    assert curves["moved"][0] == curves["step"][0] == 0
    assert curves["step"][2] == pytest.approx(float((g(g(x)) - g(x)).abs().mean()))
    assert {key: len(values) for key, values in curves.items() if key != "ends"} == dict.fromkeys(
        ("moved", "step", "flat", "error"), 3
    )


@pytest.mark.parametrize(
    ("flat", "step", "end"),
    [
        ([0.2, 0.01], [0, 0.1], "flat colour"),
        ([0.2, 0.1], [0, 1e-5], "stands still"),
        ([0.2, 0.1], [0, 0.1], "goes on"),
    ],
)
def test_the_ends_of_many_times(flat, step, end):
    assert ending({"flat": flat, "step": step}) == end


# --- what may be wrong with an improver although its numbers are finite ------------------------------------


SMOOTHING = ImproverParams(loss="smoothing", weights={"k1": 0.5, "k2": 0.5}, steps=100)
HEALTHY = {"step": 100, "deviation": 0.2, "mae_yz": 0.05, "mae_yz_bad": 0.06}


@pytest.mark.parametrize(("step", "deviation", "found"), [(100, 0.2, 0), (100, 0.003, 1), (49, 0.003, 0)])
def test_a_flat_output_is_named_once_there_was_time_to_learn(step, deviation, found):
    row = {**HEALTHY, "step": step, "deviation": deviation}
    assert len(warnings(SMOOTHING, row)) == found


@pytest.mark.parametrize(
    ("loss", "key", "name"),
    [("ratio_as_written", "mae_yz", "MAE(y, z)"), ("ratio_progress", "mae_yz_bad", "MAE(y, z_bad)")],
)
def test_a_ratio_that_divides_by_next_to_nothing_is_named(loss, key, name):
    section = ImproverParams(loss=loss, steps=100)
    assert warnings(section, HEALTHY) == []
    (line,) = warnings(section, {**HEALTHY, key: SMALLEST_ERROR})
    assert name in line
    assert warnings(SMOOTHING, {**HEALTHY, key: SMALLEST_ERROR}) == []


@pytest.mark.parametrize(
    "make", [lambda images: Crops(images, 3, 5, 128), lambda images: Tiles(images, 3, 5)]
)
def test_the_pictures_of_a_batch_are_those_it_is_cut_from(make):
    images = tuple(torch.full((3, 160, 160), 40 * shade, dtype=torch.uint8) for shade in range(1, 7))
    batches = make(images)
    # Crops are of one shade each, so that they say whence they are; tiles are darkened by up to 40 %.
    for step in range(4):
        batch = batches(step)
        seen = (batch if isinstance(batch, torch.Tensor) else batch[0]).amax(dim=(1, 2, 3)) * 255
        for value, index in zip(seen.tolist(), batches.pictures(step), strict=True):
            assert 0.6 * 40 * (index + 1) - 0.01 <= value <= 40 * (index + 1) + 0.01
            if isinstance(batches, Crops):
                assert value == pytest.approx(40 * (index + 1))
