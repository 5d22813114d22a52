"""The two forms of a notebook: a disagreement is named with its mend, and either form can be made from the other."""

import os
import shutil

import nbformat
import pytest

from abstract_beauty.commands import pairs
from abstract_beauty.project import find_project

NAME = "01_data"


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A project of one notebook, its two forms in step."""
    here = find_project().root
    (tmp_path / "notebooks").mkdir()
    for name in ("params.yaml", "dvc.yaml", f"notebooks/{NAME}.py"):
        shutil.copyfile(here / name, tmp_path / name)
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(tmp_path))
    assert pairs.main(["--write"]) == 0
    return tmp_path / "notebooks" / f"{NAME}.py"


def complaint(capsys) -> str:
    assert pairs.main(["--check"]) == 1
    return capsys.readouterr().err


def run_and_add(path) -> None:
    """As Jupyter would: one cell has an output, and there is one more."""
    notebook = nbformat.read(path, as_version=4)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.outputs = [nbformat.v4.new_output("stream", text="a line")]
    notebook.cells.append(nbformat.v4.new_markdown_cell("From Jupyter.", id="added"))
    nbformat.write(notebook, path)


def test_a_pair_in_step_says_nothing_and_is_not_written_again(script, capsys):
    before = {path: path.stat().st_mtime_ns for path in script.parent.iterdir()}
    for flag in ("--check", "--write", "--pull"):
        assert pairs.main([flag]) == 0
    assert {path: path.stat().st_mtime_ns for path in script.parent.iterdir()} == before
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_an_edited_script_is_named_and_written_into_its_pair(script, capsys):
    script.write_text(script.read_text() + "\n# %% [markdown]\n# One more.\n")
    os.utime(script.with_suffix(".ipynb"), (0, 0))
    said = complaint(capsys)
    assert f"{NAME}.py and {NAME}.ipynb differ" in said and f"--write {NAME}" in said and "--pull" not in said
    assert pairs.main(["--write", NAME]) == pairs.main(["--check"]) == 0
    assert nbformat.read(script.with_suffix(".ipynb"), as_version=4).cells[-1].source == "One more."


def test_an_edited_notebook_is_pulled_into_its_script_without_outputs(script, capsys):
    run_and_add(script.with_suffix(".ipynb"))
    os.utime(script, (0, 0))
    said = complaint(capsys)
    assert f"{NAME}.ipynb, which is newer" in said and f"--pull {NAME}" in said and "--write" not in said
    assert pairs.main(["--pull", f"notebooks/{NAME}.ipynb"]) == pairs.main(["--check"]) == 0
    text = script.read_text()
    assert text.endswith("# From Jupyter.\n") and "a line" not in text


def test_outputs_alone_are_taken_out(script, capsys):
    run_and_add(script.with_suffix(".ipynb"))
    script.write_text(script.read_text() + "\n# %% [markdown]\n# From Jupyter.\n")
    assert "carries outputs" in complaint(capsys)
    assert pairs.main(["--write"]) == pairs.main(["--check"]) == 0


@pytest.mark.parametrize("content", ["", "{", '{"cells": 3}', "[]"])
def test_a_notebook_that_is_none_is_named(script, content, capsys):
    script.with_suffix(".ipynb").write_text(content)
    assert f"{NAME}.ipynb cannot be read" in complaint(capsys)
    assert pairs.main(["--pull"]) == 2


def test_a_missing_pair_is_named(script, capsys):
    script.with_suffix(".ipynb").unlink()
    assert f"{NAME}.ipynb is missing" in complaint(capsys)
    assert pairs.main(["--check", "no_such"]) == 1 and "no_such.ipynb is missing" in capsys.readouterr().err
    assert pairs.main(["--write", "no_such"]) == 2
