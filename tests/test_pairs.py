"""The two forms of a notebook: the .ipynb is made from the .py, and a disagreement is named with its mend."""

import shutil
import subprocess
import sys

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


def edit(pair, text):
    notebook = nbformat.read(pair, as_version=4)
    notebook.cells[-1].source += text
    nbformat.write(notebook, pair)


def test_an_edit_of_the_notebook_alone_is_not_lost(script, capsys):
    pair, other = script.with_suffix(".ipynb"), script.with_name("02_more.py")
    edit(pair, "\nAn afterthought.")
    shutil.copyfile(script, other)
    edited = pair.read_bytes()
    assert main(["pairs"]) == 2
    said = capsys.readouterr().err
    back = f"jupytext --to py:percent notebooks/{NAME}.ipynb"
    assert back in said and "pairs --force" in said and len(said.splitlines()) == 1
    assert pair.read_bytes() == edited and not other.with_suffix(".ipynb").exists()
    assert main(["pairs", "--check"]) == 1
    assert back in capsys.readouterr().err
    subprocess.run(
        [sys.executable, "-m", *back.split()], cwd=script.parents[1], check=True, capture_output=True
    )
    assert main(["pairs"]) == main(["pairs", "--check"]) == 0
    assert "An afterthought." in script.read_text()
    assert "An afterthought." in nbformat.read(pair, as_version=4).cells[-1].source


def test_an_edit_of_both_forms_is_not_lost_and_can_be_dropped(script):
    pair = script.with_suffix(".ipynb")
    edit(pair, "\nAn afterthought.")
    script.write_text(script.read_text() + "\n# %% [markdown]\n# One more.\n")
    assert main(["pairs"]) == 2
    assert main(["pairs", "--force"]) == main(["pairs", "--check"]) == 0
    assert nbformat.read(pair, as_version=4).cells[-1].source == "One more."


def test_what_git_has_committed_is_no_edit(script):
    """In a fresh clone nothing says what was written last."""
    root = script.parents[1]
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    for command in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "as it was")):
        subprocess.run(["git", *command], cwd=root, check=True)
    shutil.rmtree(root / ".scratch")
    script.write_text(script.read_text() + "\n# %% [markdown]\n# One more.\n")
    assert main(["pairs"]) == main(["pairs", "--check"]) == 0
    shutil.rmtree(root / ".scratch")
    edit(script.with_suffix(".ipynb"), "\nAn afterthought.")
    assert main(["pairs"]) == 2
