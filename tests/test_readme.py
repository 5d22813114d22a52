"""The README says what results/ say. After a run with other numbers: python tests/test_readme.py puts them in."""

import re

from abstract_beauty.files import read_json
from abstract_beauty.project import find_project

ROOT, RESULTS = find_project().root, find_project().results
README = ROOT / "README.md"
ROW = re.compile(r"^(\| [^|`]*`(\w+)`[^|]*\|).*$", re.MULTILINE)  # a row says in code what it is about


def error(folder, name):
    """Mean absolute error of a predictor, or of a fill in its place."""
    fills = read_json(folder / "fills.json")
    return (fills[name] if name in fills else read_json(folder / "predictors" / f"{name}.json")["test"])[
        "mae"
    ]


def row(match):
    """The row of a table, its numbers as results/ have them."""
    begin, name = match.groups()
    improver = RESULTS / "improvers" / f"{name}.json"
    if name == "original":
        table = {"test": read_json(RESULTS / "filters.json")["original"][0]}
    elif improver.is_file():
        table = read_json(improver)
    else:
        return f"{begin} {error(RESULTS, name):.4f} | {error(RESULTS / 'reference', name):.4f} |"
    test, best = table["test"], table.get("best_filter")
    rival = best and (
        f"{best['error_judge']:.4f}, {best['name']}" if best["name"] else "none changes so much"
    )
    return f"{begin} {test['change']:.4f} | {test['error_judge']:.4f} | {rival or ''} | {test['contrast_kept']:.2f} |"


def filled(text):
    """The README with the numbers of results/ between its two markers."""
    head, tables, tail = re.split(r"(?<=<!-- results:start -->)|(?=<!-- results:end -->)", text)
    return head + ROW.sub(row, tables) + tail


def test_the_readme_s_numbers_are_those_of_results():
    assert filled(README.read_text()) == README.read_text(), "run `python tests/test_readme.py`"


def test_a_wrong_number_is_found():
    text = README.read_text()
    good = f"{error(RESULTS, 'good'):.4f}"
    assert good in text and filled(text.replace(good, "0.0000")) == text


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
