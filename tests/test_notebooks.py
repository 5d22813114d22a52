"""The notebooks: their two forms, their shape, the form in which results are kept, and the runner."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from abstract_beauty.book.notebooks import dumps, normalised, read_script
from abstract_beauty.errors import UserError
from abstract_beauty.experiments import notebook as run_notebook
from abstract_beauty.params import load_params
from abstract_beauty.project import Project

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "notebooks").glob("*.py"))
LONGEST = 20  # lines of code in a cell: what a reader takes in
WIDEST = 88  # characters in a line of code: what the book's column holds
HIDDEN = {"hide-input", "remove-input", "remove-cell", "hide-cell"}
TRAINING = ("02_predictor", "04_smoothing", "05_ratio", "06_deeper")  # the article's experiments
OPEN = ("15_your_idea",)  # where everything is there to be changed
FIRST_SCREEN = 6  # cells within which a figure must come
HEADER = """\
# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

"""

every_notebook = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)


def code(notebook: nbformat.NotebookNode, visible: bool = False) -> list[str]:
    """The sources of the code cells, or of those that a reader of the book sees at once."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell.source for cell in cells if not (visible and HIDDEN & set(cell.metadata.get("tags", [])))]


def shown(script: Path) -> list[tuple[str, set[str]]]:
    """The file of each `chapter.show`, and what else it is given by name."""
    calls = [
        node
        for source in code(read_script(script))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "chapter.show"
    ]
    return [(ast.unparse(call.args[1]), {keyword.arg for keyword in call.keywords}) for call in calls]


@every_notebook
def test_it_begins_with_a_question(script):
    first = read_script(script).cells[0]
    title, _, rest = first.source.partition("\n")
    assert first.cell_type == "markdown"
    assert title.startswith("# ") and title.endswith("?")
    assert rest.strip(), "the title alone is no beginning"


@every_notebook
def test_it_has_one_cell_of_parameters_each_a_section_and_empty(script):
    notebook = read_script(script)
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == (script.stem not in OPEN)
    if not tagged:
        return
    names = [statement.targets[0].id for statement in ast.parse(tagged[0].source).body]
    assert names
    assert run_notebook.values_for(names, load_params(ROOT / "params.yaml"), script).keys() == set(names)
    values = [statement.value for statement in ast.parse(tagged[0].source).body]
    assert all(ast.literal_eval(value) == {} for value in values)


@every_notebook
def test_a_figure_comes_within_the_first_screen_and_no_folded_code_before_it(script):
    if script.stem in OPEN:
        return
    cells = read_script(script).cells[:FIRST_SCREEN]
    first = next(index for index, cell in enumerate(cells) if "chapter.show(" in cell.source)
    assert not any("hide-input" in cell.metadata.get("tags", []) for cell in cells[: first + 1])


@every_notebook
def test_everything_shown_has_a_caption_and_a_figure_an_alternative_text(script):
    for file, given in shown(script):
        assert "caption" in given and ("alt" in given or ".csv" in file), file


@every_notebook
def test_nothing_shown_is_kept_twice_under_one_name(script):
    files = [file for file, _ in shown(script)]
    assert len(files) == len(set(files)) >= 3
    assert f'Chapter("{script.stem}"' in re.sub(r"\s+", "", script.read_text())


@every_notebook
def test_its_experiment_is_read_and_only_drawing_is_folded_away(script):
    notebook = read_script(script)
    cells, visible = code(notebook), code(notebook, visible=True)
    assert len(visible) * 3 >= len(cells) * 2
    assert all("chapter.show(" in source for source in set(cells) - set(visible))
    lengths = {source.splitlines()[0]: len(source.splitlines()) for source in cells}
    assert {first: length for first, length in lengths.items() if length > LONGEST} == {}
    assert [line for source in cells for line in source.splitlines() if len(line) > WIDEST] == []


@pytest.mark.parametrize("name", TRAINING)
def test_the_article_s_experiments_are_trained_where_it_can_be_read(name):
    cells = code(read_script(ROOT / "notebooks" / f"{name}.py"), visible=True)
    loops = [cell for cell in cells if ".backward()" in cell and "optimizer.step()" in cell]
    assert loops and all("ab.crops(" in loop for loop in loops)


@every_notebook
def test_its_prose_is_text_and_no_sentence_is_woven_by_code(script):
    cells = read_script(script).cells
    assert not any("Markdown(" in source for source in code(read_script(script)))
    headings = [line for cell in cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    headings = [line for line in headings if line.startswith("## ")]
    assert headings[-1] == "## What failed"
    assert cells[-1].cell_type == "markdown"


@every_notebook
def test_code_is_imported_not_reached_for(script):
    text = script.read_text()
    for trick in ("sys.path", "os.chdir", "%pip", "!pip", "exec(", "importlib"):
        assert trick not in text


# ---- the kept form


BAR = {"application/vnd.jupyter.widget-view+json": {"model_id": "6690e83a"}, "text/plain": "  0%|   | 0/30"}


def executed(text: str = "1") -> nbformat.NotebookNode:
    """A notebook as Jupyter leaves it behind, with one of everything that changes from run to run."""
    cell = nbformat.v4.new_code_cell("x", metadata={"papermill": {"duration": 0.1}, "tags": ["b", "a"]})
    cell.execution_count = 7
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=text),
        nbformat.v4.new_output("stream", name="stderr", text="warning at 0x7f0000000000"),
        nbformat.v4.new_output(
            "execute_result",
            data={"text/plain": f"<Line2D at 0x7fabcdef0123> {text}"},
            metadata={"needs": 1},
            execution_count=7,
        ),
        nbformat.v4.new_output("display_data", data=BAR),
    ]
    markdown = nbformat.v4.new_markdown_cell("# Why?")
    notebook = nbformat.v4.new_notebook(cells=[markdown, cell])
    notebook.metadata = {"papermill": {"start_time": "now"}, "language_info": {"version": "3.11.2"}}
    return notebook


def test_ids_counts_notes_warnings_and_progress_bars_are_taken_out():
    notebook = normalised(executed())
    assert [cell.id for cell in notebook.cells] == ["cell-000", "cell-001"]
    cell = notebook.cells[1]
    assert cell.execution_count is None and cell.metadata == {"tags": ["a", "b"]}
    assert [output.output_type for output in cell.outputs] == ["stream", "execute_result"]
    assert cell.outputs[1].execution_count is None and cell.outputs[1].metadata == {}
    assert "papermill" not in notebook.metadata
    assert notebook.metadata.language_info == {"name": "python"}


def test_addresses_and_the_absolute_path_are_taken_out_and_an_address_in_prose_stays(tmp_path):
    notebook = normalised(executed(f"{tmp_path}/data 0xff 0xdeadbeef"), tmp_path)
    stream, result = notebook.cells[1].outputs
    assert stream.text == "./data 0xff 0xdeadbeef"
    assert result.data["text/plain"] == "<Line2D at 0x0> ./data 0xff 0xdeadbeef"


def test_two_runs_of_the_same_notebook_are_the_same_text():
    first, second = executed(), executed()
    assert first.cells[0].id != second.cells[0].id
    second.cells[1].execution_count = 1
    assert dumps(normalised(first)) == dumps(normalised(second))


# ---- the runner


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the repository's params.yaml, where notebooks can be run."""
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("ABSTRACT_BEAUTY_ROOT", str(tmp_path))
    return tmp_path


def run(root: Path) -> None:
    """The stage `notebook.tiny` of the project."""
    run_notebook.stage(Project(root), load_params(root / "params.yaml"), "tiny")


def write(project: Path, body: str) -> tuple[Path, Path]:
    """A script in the project, and where it is to be executed to."""
    script = project / "notebooks" / "tiny.py"
    script.write_text(HEADER + body)
    return script, project / "book" / "notebooks" / "tiny.ipynb"


def test_an_unknown_parameter_is_named_and_nothing_is_written(project):
    _, out = write(project, '# %% tags=["parameters"]\nsmothing = {}\n')
    with pytest.raises(UserError, match=r"'smothing'.*smoothing"):
        run(project)
    assert not out.exists()


def test_values_that_are_not_set_are_left_out(project):
    values = run_notebook.values_for(
        ["ratio_progress", "smoothing"], load_params(ROOT / "params.yaml"), Path("n.py")
    )
    assert "k1" not in values["ratio_progress"]
    assert values["smoothing"]["k1"] == load_params(ROOT / "params.yaml").improvers["smoothing"].weights["k1"]


@pytest.mark.slow
def test_a_notebook_gets_its_sections_and_runs_to_the_same_bytes(project):
    body = '# %% tags=["parameters"]\ngood = {}\n\n# %%\nimport os\n\nprint(good["width"], os.getcwd())\nobject()\n'
    _, out = write(project, body)
    run(project)
    first = out.read_bytes()
    run(project)
    assert out.read_bytes() == first
    notebook = nbformat.read(out, as_version=4)
    width = load_params(ROOT / "params.yaml").predictors["good"].width
    assert notebook.cells[2].outputs[0].text == f"{width} ./notebooks\n"
    assert "remove-input" in notebook.cells[1].metadata.tags


@pytest.mark.slow
def test_a_failing_cell_is_named_and_leaves_nothing_behind(project, capsys):
    _, out = write(project, '# %%\nprint("fine")\n\n# %%\nraise ValueError("the reason")\n')
    with pytest.raises(UserError, match="the reason"):
        run(project)
    assert "ValueError: the reason" in capsys.readouterr().err
    assert not out.exists() and list(out.parent.glob("*") if out.parent.is_dir() else []) == []
    assert (project / ".scratch" / "failed" / "tiny.ipynb").is_file()
