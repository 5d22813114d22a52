"""The README says what results/ say."""

import pytest

from abstract_beauty.errors import UserError
from abstract_beauty.pipeline.readme import BEGIN, END, block, filled
from abstract_beauty.project import find_project

PROJECT = find_project()


def test_the_readme_s_numbers_are_those_of_results():
    path = PROJECT.root / "README.md"
    assert filled(path.read_text(), block(PROJECT), path) == path.read_text()


def test_only_the_block_is_replaced():
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert filled(text, "new", PROJECT.root) == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    with pytest.raises(UserError, match="results:start"):
        filled("nothing here", "new", PROJECT.root)
