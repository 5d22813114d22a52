"""Hypotheses on beauty: the analysis finds rules that are known and nothing else; what it is given is checked."""

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import abstract_beauty as ab
from abstract_beauty.experiments import beauty
from abstract_beauty.scores import correlation, fitting
from abstract_beauty.scores.guesses import GUESSES, Guesses
from abstract_beauty.scores.plain import PLAIN, Seen

FILE = Path(beauty.HYPOTHESES)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr(correlation, "RESAMPLES", 200)


@pytest.fixture(scope="module")
def f():
    return {name: ab.load_predictor(f"reference/{name}") for name in ("linear", "bad", "good")}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame({name: rng.normal(size=300) for name in [*PLAIN, *GUESSES]})


def made(table, rating):
    [row] = beauty.study({"set": (table, {"beauty": rating})}, beauty.read_hypotheses(FILE), 0).values()
    return row


def test_a_rule_is_found_and_nothing_else(table):
    noise = np.random.default_rng(1).normal(size=len(table))
    row = made(table, noise - table["error_whole"].to_numpy())
    verdicts = {key: found["verdict"] for key, found in row["hypotheses"].items()}
    assert verdicts == {"H1": "supported"} | dict.fromkeys(("H2", "H3", "H4", "H5"), "open")
    assert row["foretold"]["gained"]["low"] > 0.4 < row["foretold"]["scores"]["low"]
    against = made(table, noise + table["error_whole"].to_numpy())["hypotheses"]["H1"]
    assert against["verdict"] == "against" and against["low"] > 0
    hill = made(table, 0.3 * noise - table["error_whole"].to_numpy() ** 2)["hypotheses"]
    assert hill["H2"]["verdict"] == "supported" and hill["H1"]["verdict"] == "open"
    nothing = made(table, noise)
    assert {found["verdict"] for found in nothing["hypotheses"].values()} == {"open"}
    assert nothing["foretold"]["gained"]["low"] < 0 < nothing["foretold"]["gained"]["high"]


def test_what_is_held_fixed_explains_nothing(table):
    surprise = beauty.Hypothesis("", "", "", "spread_whole", given=["error_whole"], expected=1)
    plain = beauty.Hypothesis("", "", "", "spread_whole", expected=1)
    spread = table["error_whole"] + 0.1 * table["spread_whole"]
    both = table.assign(spread_whole=spread)
    rating = table["error_whole"].to_numpy()
    rating = rating + 0.3 * np.random.default_rng(2).normal(size=len(rating))
    assert beauty.tested(plain, both, rating, 0)["value"] > 0.9
    assert abs(beauty.tested(surprise, both, rating, 0)["value"]) < 0.15


def test_a_correction_for_many_tests():
    assert correlation.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert correlation.holm([0.5, 0.9]) == [1.0, 1.0]
    assert correlation.p_value(0.3, 100) == pytest.approx(0.00243, rel=0.01)  # as scipy's pearsonr
    assert correlation.p_value(0.3, 100, held=5) > correlation.p_value(0.3, 100)


def test_ratings_are_foretold_from_other_pictures_only():
    by_chance = []
    for seed in range(12):
        columns, noise = (np.random.default_rng([seed, k]).normal(size=(100, k)) for k in (12, 1))
        by_chance.append(correlation.pearson_r(fitting.foretold(columns, noise[:, 0], seed), noise[:, 0]))
    assert abs(np.mean(by_chance)) < 0.08 and np.max(by_chance) < 0.35, (
        "12 columns would fit themselves to .35"
    )
    rng = np.random.default_rng(0)
    design = rng.normal(size=(120, 40))
    rating = design[:, 0] + 0.5 * rng.normal(size=120)
    assert correlation.pearson_r(fitting.foretold(design, rating), rating) > 0.75
    constant = np.column_stack([design[:, 0], np.ones(120)])
    assert np.isfinite(fitting.foretold(constant, rating)).all()


def test_a_picture_is_not_foretold_from_its_kin():
    rng = np.random.default_rng(3)
    kinds = [f"Kind {chr(65 + at)}{chr(65 + number)}" for at in range(2) for number in range(20)]
    names = [f"{kind} {number}" for number in range(5) for kind in kinds]
    of_kind = rng.normal(
        size=(40, 9)
    )  # what is on a picture and how it is rated have nothing to do with each other
    table = np.tile(of_kind[:, :8], (5, 1)) + 0.1 * rng.normal(size=(200, 8))
    rating = np.tile(of_kind[:, 8], 5)
    kin = fitting.kin_of(names)
    assert len(set(kin)) == 40 and kin[0] == kin[40]
    alone, apart = (
        correlation.pearson_r(fitting.foretold(table, rating, 0, of), rating) for of in (None, kin)
    )
    assert alone > 0.3 > 0.1 > apart
    assert (
        fitting.foretold(table, rating, 0, list(map(str, range(200)))) == fitting.foretold(table, rating)
    ).all()


def test_names_that_hold_no_kinds_leave_each_picture_alone():
    assert len(set(fitting.kin_of([f"img_{number:03d}" for number in range(50)]))) == 50
    assert len(set(fitting.kin_of([""] * 50))) == 50


def test_names_of_kinds_are_compared_however_their_accents_are_written():
    kinds = [f"Fée {chr(65 + number)}" for number in range(25)]
    assert len(set(fitting.kin_of(kinds + [unicodedata.normalize("NFD", kind) for kind in kinds]))) == 25


def test_guesses_are_their_formulas(f):
    picture = ab.resize_short_side(ab.photographs()["chelsea"][0], 128)
    guesses = Guesses(picture, f)
    error = {name: float(ab.phase_averaged(f[name], picture[None])) for name in f}
    assert GUESSES["error_whole"].of(guesses) == pytest.approx(np.log(error["good"]), rel=1e-4)
    assert GUESSES["progress_whole"].of(guesses) == pytest.approx(
        np.log(error["bad"] / error["good"]), abs=1e-4
    )
    lesson = np.log(error["linear"] / error["bad"])
    assert GUESSES["first_lesson_whole"].of(guesses) == pytest.approx(lesson, abs=1e-4)


def waves(angle, side=128):
    rows, columns = np.mgrid[:side, :side] / side
    wave = 0.5 + 0.4 * np.sin(40 * (np.cos(angle) * rows + np.sin(angle) * columns))
    return np.repeat(wave[..., None], 3, 2).astype(np.float32)


def test_plain_statistics_say_what_they_are_called():
    def of(name, picture):
        return PLAIN[name].of(Seen(picture.astype(np.float32)))

    grey, red = np.full((64, 64, 3), 0.25), np.full((64, 64, 3), (0.8, 0.2, 0.2))
    assert of("lightness", grey) == pytest.approx(0.25) and of("contrast", grey) == pytest.approx(0, abs=1e-6)
    assert of("saturation", red) == pytest.approx(0.75) and of("saturation", grey) == 0
    assert of("colourfulness", red) > 0.1 > of("colourfulness", grey)
    one = waves(0.0)
    all_ways = np.concatenate([np.concatenate([waves(a) for a in row]) for row in ((0, 0.8), (1.6, 2.4))], 1)
    assert of("orientation_entropy", one) < of("orientation_entropy", all_ways)
    shaken = one + np.random.default_rng(0).normal(size=one.shape) * 1e-6
    assert of("orientation_entropy", shaken) == pytest.approx(of("orientation_entropy", one), abs=0.01)
    assert of("self_similarity", one) > 0.8 > of("self_similarity", all_ways)
    mirrored = np.concatenate([waves(0.7), waves(0.7)[:, ::-1]], 1)
    assert of("symmetry", mirrored) > 0.99 > of("symmetry", waves(0.7))
    corner = np.zeros((64, 64, 3))
    corner[:8, :8] = 1
    assert of("balance", corner) > 0.2 > of("balance", one)
    smooth = np.random.default_rng(0).normal(size=(64, 64)).cumsum(0).cumsum(1)
    rough = np.random.default_rng(0).uniform(size=(64, 64, 3))
    smooth = np.repeat(((smooth - smooth.min()) / np.ptp(smooth))[..., None], 3, 2)
    assert of("fourier_slope", smooth) < -1 < of("fourier_slope", rough)
    flat = np.ones((64, 64, 3))
    assert all(np.isfinite(of(name, flat)) for name in PLAIN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("H1: {title: a}", "H1|missing|required"),
        ("H1: 3", "H1: Input should be an object"),
        ("H1:", "H1: Input should be an object"),
        ("", "the file: .*object"),
        ("{}", "at least 1"),
        ("[" * 5000, "is not valid YAML"),
        ("H1: !!bool x", "is not valid YAML"),
        ("{[1]: 2}", "holds what no hypothesis does"),
        ("- 1", "the file: .*object"),
        ("H1: {title: a, says: b, source: c, score: beauty, expected: 1}", "H1: .*no score 'beauty'"),
        ("H1: {title: a, says: b, source: c, score: error_whole}", "either a sign"),
        ("H1: {title: a, says: b, source: c, score: error_whole, expected: 2, hill: true}", "either a sign"),
        (
            "H1: {title: a, says: b, source: c, score: error_whole, given: [error_whole], expected: 1}",
            "itself",
        ),
    ],
)
def test_a_malformed_hypothesis_is_named(tmp_path, text, said):
    path = tmp_path / "hypotheses.yml"
    path.write_text(text)
    with pytest.raises(ab.UserError, match=said):
        beauty.read_hypotheses(path)
    with pytest.raises(ab.UserError, match="cannot be read"):
        beauty.read_hypotheses(tmp_path / "none.yml")


@pytest.mark.parametrize("seed", [0, 1])
def test_each_rule_is_found_on_drawn_pictures(f, table, monkeypatch, seed):
    monkeypatch.setattr(beauty, "numbers_of", lambda *_, **__: table.iloc[:96])  # not to wait for them
    tables = beauty.by_rules(f, 1, seed)
    found = beauty.study(tables, beauty.read_hypotheses(FILE), seed)
    for rule, true in beauty.RULES.items():
        verdicts = {key: row["verdict"] for key, row in found[rule]["hypotheses"].items()}
        assert {key for key, said in verdicts.items() if said != "open"} == {true} - {None}, rule


def test_a_constant_score_says_nothing(table):
    row = made(table.assign(error_whole=0.5), np.random.default_rng(0).normal(size=len(table)))
    assert {found["verdict"] for found in row["hypotheses"].values()} == {"open"}
    assert row["scores"]["error_whole"]["beside"] == {"value": 0.0, "p": 1.0}
