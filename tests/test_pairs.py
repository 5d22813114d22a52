"""The two forms of a notebook: the .ipynb is made from the .py, and a disagreement is named with its mend."""

import shutil

import nbformat
import pytest

from abstract_beauty.cli import main
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
    assert main(["pairs"]) == 0
    return tmp_path / "notebooks" / f"{NAME}.py"


def test_a_pair_in_step_says_nothing_and_is_not_written_again(script, capsys):
    before = {path: path.stat().st_mtime_ns for path in script.parent.iterdir()}
    assert main(["pairs", "--check"]) == main(["pairs"]) == 0
    assert {path: path.stat().st_mtime_ns for path in script.parent.iterdir()} == before
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def add_outputs(pair):
    notebook = nbformat.read(pair, as_version=4)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.outputs = [nbformat.v4.new_output("stream", text="a line")]
    nbformat.write(notebook, pair)


@pytest.mark.parametrize(
    "changed",
    [lambda pair: pair.unlink(), lambda pair: pair.write_bytes(b"\xff{"), add_outputs],
    ids=["missing", "damaged", "outputs"],
)
def test_a_notebook_that_differs_is_named_and_made_anew(script, changed, capsys):
    pair = script.with_suffix(".ipynb")
    content = pair.read_bytes()
    changed(pair)
    assert main(["pairs", "--check"]) == 1
    assert f"{NAME}.ipynb is not what {NAME}.py makes; run `make pairs`" in capsys.readouterr().err
    assert main(["pairs"]) == main(["pairs", "--check"]) == 0
    assert pair.read_bytes() == content


def test_an_edited_script_is_written_into_its_pair(script):
    script.write_text(script.read_text() + "\n# %% [markdown]\n# One more.\n")
    assert main(["pairs", "--check"]) == 1
    assert main(["pairs"]) == main(["pairs", "--check"]) == 0
    assert nbformat.read(script.with_suffix(".ipynb"), as_version=4).cells[-1].source == "One more."
