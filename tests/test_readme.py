"""The README says what results/ say."""

import pytest

from abstract_beauty.commands.readme import BEGIN, END, block, filled, reference
from abstract_beauty.errors import UserError
from abstract_beauty.files import write_json
from abstract_beauty.project import Project, find_project

PROJECT = find_project()


def test_the_readme_s_numbers_are_those_of_results():
    path = PROJECT.root / "README.md"
    assert filled(path.read_text(), block(PROJECT), path) == path.read_text()


def test_the_published_weights_are_named_with_their_error(tmp_path):
    project = Project(tmp_path)
    assert reference(project) == []
    good = {"test": {"mae": 0.0612}, "of_telea": 0.765}
    data = {"pictures": {"train": 1252, "test": 200}, "test": ["bsds500/test"]}
    folder = project.results / "reference"
    write_json(folder / "fills.json", {"telea": {"mae": 0.08}})
    write_json(folder / "record.json", {"predictors": {}, "data": data})
    assert reference(project) == []
    write_json(folder / "record.json", {"predictors": {"good": good}, "data": data})
    text = "".join(reference(project))
    assert (
        "1,252 photographs" in text and "0.0612 on 200 others (bsds500/test), 0.77 of Telea's 0.0800" in text
    )


def test_only_the_block_is_replaced():
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert filled(text, "new", PROJECT.root) == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    with pytest.raises(UserError, match="results:start"):
        filled("nothing here", "new", PROJECT.root)
