"""params.yaml: every mistake is one line that names the key."""

import dataclasses

import pytest

from abstract_beauty.errors import UserError
from abstract_beauty.params import as_tree, load_params, merge, parse_params, read_yaml, with_profile
from abstract_beauty.project import find_project
from abstract_beauty.sections import NEEDED


@pytest.fixture
def tree() -> dict:
    return read_yaml(find_project().params)


def test_the_repository_s_own_parameters_are_valid(tree):
    params = parse_params(tree)
    assert {"good", "bad", "judge"} <= set(params.predictors)
    assert params.predictors["good"].seed == params.predictors["bad"].seed, "they begin alike"
    assert {"smoothing", "ratio_as_written", "ratio_progress", "deeper"} <= set(params.improvers)


@pytest.mark.parametrize("profile", ["smoke", "reference"])
def test_profiles_are_valid_and_change_something(tree, profile):
    changed = with_profile(tree, read_yaml(find_project().root / "profiles" / f"{profile}.yaml"))
    assert parse_params(changed) != parse_params(tree)
    assert parse_params(changed).improvers.keys() == parse_params(tree).improvers.keys()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"improvers": {"smoothing": {"k9": 1.0}}},
            ["improvers.smoothing", "k9 cannot be given", "'smoothing'"],
        ),
        (
            {"improvers": {"smoothing": {"k3": 1.0}}},
            ["improvers.smoothing", "k3 cannot be given", "'smoothing'"],
        ),
        (
            {
                "improvers": {
                    "flow": {
                        "loss": "moving",
                        "k_area": 0.5,
                        "k_detail": 0.3,
                        "k_coarse": 0.0,
                        "k_stiff": 0.1,
                    }
                }
            },
            ["improvers.flow", "ab.move"],
        ),
        ({"improvers": {"held": {"k3": None}}}, ["improvers.held.k3", "number"]),
        ({"improvers": {"held": {"loss": "target"}}}, ["improvers.held", "needs share"]),
        ({"improvers": {"held": {"bad": "linear"}}}, ["improvers.held", "bad cannot be given"]),
        ({"improvers": {"held": {"network": "oracle"}}}, ["improvers.held", "oracle", "unet"]),
        ({"predictors": {"good": {"network": "oracle"}}}, ["predictors.good", "oracle", "four_sides"]),
        ({"book": {"page": ["hold"]}}, ["book.page", "hold"]),
        (
            {"improvers": {"progress_held": {"bad": "worst"}}},
            ["improvers.progress_held.bad", "worst", "linear"],
        ),
        ({"improvers": {"smoothing": {"k2": "0.7"}}}, ["improvers.smoothing.k2", "number", '"0.7"']),
        ({"improvers": {"smoothing": {"k2": -1}}}, ["improvers.smoothing.k2", "greater than or equal to 0"]),
        ({"improvers": {"smoothing": {"k1": 0, "k2": 0}}}, ["improvers.smoothing", "both 0"]),
        (
            {"improvers": {"ratio_progress": {"k1": 0.5}}},
            ["improvers.ratio_progress", "k1 cannot be given", "ratio_progress"],
        ),
        (
            {"improvers": {"smoothing": {"loss": "beauty"}}},
            ["improvers.smoothing", "beauty", "ratio_as_written"],
        ),
        ({"improvers": {"smoothing": {"steps": 1.5}}}, ["improvers.smoothing.steps", "integer"]),
        ({"improvers": {"smoothing": {"steps": True}}}, ["improvers.smoothing.steps", "integer"]),
        ({"improvers": {"smoothing": {"steps": 10**30}}}, ["improvers.smoothing.steps"]),
        ({"predictors": {"good": {"learning_rate": 0}}}, ["predictors.good.learning_rate", "greater than 0"]),
        ({"predictors": {"good": None}}, ["predictors.good"]),
        ({"data": {"source": "folder"}}, ["data", "data.train"]),
        ({"data": {"generated_size": 64}}, ["data.generated_size", "128"]),
        ({"data": {"colour": 1}}, ["data.colour", "unknown key", "short_side"]),
        ({"seed": -1}, ["seed"]),
        ({"speed": 1}, ["speed", "unknown key", "seed"]),
        ({"training": {"precision": "bf16"}}, ["training.precision", "bf16-mixed"]),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(tree, changes, words):
    with pytest.raises(UserError) as caught:
        parse_params(merge(tree, changes))
    message = str(caught.value)
    assert message.startswith("params.yaml: ")
    for word in words:
        assert word in message


def test_a_missing_section_is_named(tree):
    del tree["improvers"]
    with pytest.raises(UserError, match="improvers: is required"):
        parse_params(tree)


@pytest.mark.parametrize("name", NEEDED)
def test_predictors_that_stages_ask_for_are_required(tree, name):
    del tree["predictors"][name]
    with pytest.raises(UserError, match=f"predictors needs {name}"):
        parse_params(tree)


def test_numbers_are_read_as_dvc_reads_them(tmp_path):
    path = tmp_path / "numbers.yaml"
    path.write_text("rate: 1e-3\non: yes\n")
    assert read_yaml(path) == {"rate": 0.001, "on": "yes"}  # YAML 1.2: PyYAML would give "1e-3" and True


def test_changes_are_laid_over_the_file_and_leave_it_alone(tree):
    before = load_params()
    after = load_params(changes={"improvers": {"smoothing": {"k2": 0.75}}})
    assert after.improvers["smoothing"] == dataclasses.replace(
        before.improvers["smoothing"], weights={"k1": 0.5, "k2": 0.75}
    )
    assert load_params() == before


def test_a_section_survives_the_round_trip(tree):
    assert parse_params(as_tree(parse_params(tree))) == parse_params(tree)


def test_a_profile_s_row_for_all_lies_under_its_own_rows(tree):
    profile = {"improvers": {"each": {"steps": 7, "width": 8}, "held": {"width": 9}}}
    rows = parse_params(with_profile(tree, profile)).improvers
    assert {row.steps for row in rows.values()} == {7}
    assert {name: row.width for name, row in rows.items()} == dict.fromkeys(rows, 8) | {"held": 9}


def test_titles_come_in_the_order_of_the_file(tree):
    titles = parse_params(tree).titles("improvers")
    assert list(titles) == list(tree["improvers"])
    assert titles["black_square"] == "Black Square"
    del tree["improvers"]["black_square"]["title"]
    assert parse_params(tree).titles("improvers")["black_square"] == "black square"
