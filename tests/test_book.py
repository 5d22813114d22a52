"""The book: its sources, its extensions, and how it is built. The built pages are tested in tests/pages."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import yaml
from bs4 import BeautifulSoup
from pybtex.database import parse_file
from sphinx.errors import ConfigError
from sphinx_page import build_page

from abstract_beauty.errors import UserError
from abstract_beauty.experiments import build_book
from abstract_beauty.params import load_params
from abstract_beauty.project import Project

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
PROSE = sorted(BOOK.glob("*.md"))
CHAPTERS = sorted((ROOT / "notebooks").glob("*.py"))
SOURCES = [*PROSE, *CHAPTERS]


def extension(name: str) -> ModuleType:
    """A module of book/_ext, which is not on the path outside Sphinx."""
    spec = importlib.util.spec_from_file_location(f"book_{name}", BOOK / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


results = extension("results")


# --- sources -------------------------------------------------------------------------------------------


def test_every_page_of_the_contents_exists_and_every_page_is_in_the_contents() -> None:
    pages = ["index", *(page for part in build_book.read_contents(BOOK).values() for page in part)]
    there = [path.stem for path in PROSE] + [f"notebooks/{path.stem}" for path in CHAPTERS]
    assert sorted(pages) == sorted(there)


def test_citations_and_references_match_and_say_who_what_and_when() -> None:
    cited = set()
    for path in SOURCES:
        for keys in re.findall(r"\{cite(?::[a-z]+)?\}`([^`]+)`", path.read_text()):
            cited |= {key.strip() for key in keys.split(",")}
    entries = parse_file(BOOK / "references.bib").entries
    assert cited == set(entries)
    for key, entry in entries.items():
        assert entry.persons.get("author"), key
        assert entry.fields.get("title") and re.fullmatch(r"\d{4}", entry.fields["year"]), key


def test_every_prose_page_opens_with_its_question_and_no_result_is_typed() -> None:
    for path in PROSE:
        opening = re.match(r"# .+\n\n\*\*(?P<question>[^*]+(?:\*[^*]+\*[^*]*)?)\*\*", path.read_text())
        assert opening and opening["question"].rstrip().endswith("?"), path.name
        # A decimal with three or more places in a page's prose is a measurement, and must come from results/.
        text = re.sub(r"```.*?```|`[^`]*`|https?://\S+", "", path.read_text(), flags=re.DOTALL)
        assert not re.findall(r"\b\d\.\d{3,}\b", text), path.name


def test_every_result_named_in_the_sources_is_there() -> None:
    for path in SOURCES:
        text = re.sub(r"```\{when-results\}.*?```", "", path.read_text(), flags=re.DOTALL)
        for expression in re.findall(r"\{result\}`([^`]+)`", text):
            results.evaluate(ROOT / "results", expression)


def test_drawings_say_what_they_show() -> None:
    for path in [*(BOOK / "drawings").glob("*.svg"), BOOK / "_static/logo.svg"]:
        assert re.search(r"<title[^>]*>\S", path.read_text()), path.name
        assert not re.search(r"(href|src)=|<script", path.read_text()), path.name


# --- the role and the directives -----------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A results folder."""
    tree = {
        "test": {"mae": 0.075, "worse": -0.5, "count": 1234, "none": None},
        "sweep": {"0.55": {"mae": 0.03}},
        "l": [1, 2],
    }
    (tmp_path / "results" / "predictors").mkdir(parents=True)
    (tmp_path / "results" / "predictors" / "good.json").write_text(json.dumps(tree))
    rows = {"telea": {"mae": 0.1, "seconds": 2.0}, "linear": {"mae": 0.05, "seconds": None}}
    (tmp_path / "results" / "fills.json").write_text(json.dumps(rows))
    return tmp_path / "results"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("predictors/good.json:test.mae:.4f", "0.0750"),
        ("predictors/good.json:test.mae", "0.075"),
        ("predictors/good.json:test.mae:.1%", "7.5%"),
        ("predictors/good.json:test.count:,d", "1,234"),
        ("predictors/good.json:test.worse:.1f", "\N{MINUS SIGN}0.5"),
        ("predictors/good.json:sweep.0.55.mae:.2f", "0.03"),
        ("predictors/good.json:l.-1:d", "2"),
        ("predictors/good.json:test.mae / fills.json:telea.mae:.2f", "0.75"),
        ("predictors/good.json:test.mae / fills.json:telea.mae - 1:+.0%", "\N{MINUS SIGN}25%"),
        ("predictors/good.json:test.mae * 255:.0f", "19"),
        ("predictors/good.json:test.none:.2f | none", "none"),
        ("predictors/good.json:test.mae:.2f | none", "0.07"),
    ],
)
def test_a_result_is_looked_up_calculated_and_formatted(root: Path, expression: str, text: str) -> None:
    shown, files = results.evaluate(root, expression)
    assert shown == text
    assert files == set(re.findall(r"[\w/]+\.json", expression))  # what the page depends on


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("predictors/bad.json:test.mae:.2f", "results/predictors/bad.json: no such file"),
        ("predictors/good.json:test.mea:.2f", "results/predictors/good.json: no key 'test.mea'"),
        ("predictors/good.json:test.mea:.2f | none", "no key 'test.mea'"),
        ("predictors/good.json:test.mae.x:.2f", "no key 'test.mae.x'"),
        ("predictors/good.json:l.2:d", "no key 'l.2'"),
        ("predictors/good.json:test:.2f", "a group of values"),
        ("predictors/good.json:test.none:.2f", "None"),
        ("predictors/good.json:test.mae:d", "does not take the format 'd'"),
        ("predictors/good.json:test.mae / 0:.2f", "division by zero"),
        ("predictors/good.json:test.none / 2:.2f", "cannot calculate"),
        ("predictors/good:test.mae:.2f", "expected FILE.json:KEY"),
    ],
)
def test_a_result_that_cannot_be_shown_is_an_error_that_names_it(
    root: Path, expression: str, named: str
) -> None:
    with pytest.raises(UserError, match=re.escape(named)):
        results.evaluate(root, expression)


PAGE = """# Title

Error {result}`predictors/good.json:test.mae:.3f`.

```{results-table} fills.json
:first: Fill
:columns: Error = mae : .2f; Time = seconds : .1f
:sort: mae
:blank:
How well *fills* do, to {result}`predictors/good.json:test.mae:.2f`.
```

```{results-table}
:params: predictors
:first: Predictor
:columns: Error = test.mae : .2f
```

```{results-table} record.json
:params: predictors
:columns: Device = device
```

```{when-results} fills.json
Present.
```

```{without-results} fills.json
Absent.
```

```{drawing} drawing.svg
A drawing.
```
"""


@pytest.fixture
def source(root: Path) -> Path:
    """Where a page may be built that shows results of a few predictors and a drawing."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    text = (root / "predictors" / "good.json").read_text()
    for name in params["predictors"]:
        (root / "predictors" / f"{name}.json").write_text(text)
    devices = {"old": "A", "judge": "B|C", "good": "D"}
    (root / "record.json").write_text(
        json.dumps({name: {"device": device} for name, device in devices.items()})
    )
    params["predictors"]["good"]["title"] = "the very good one"
    (root.parent / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (root.parent / "source").mkdir()
    (root.parent / "source" / "drawing.svg").write_text('<svg role="img"><title>A line</title></svg>')
    return root.parent


def test_a_page_shows_its_results(source: Path) -> None:
    status, log, html = build_page(source, PAGE, ["results", "drawing"])
    assert status == 0, log
    page = BeautifulSoup(html, "html.parser")
    assert page.select_one("span.result").text == "0.075"
    fills, predictors, record = (
        [[cell.text.replace("’", "'") for cell in row.select("td, th")] for row in table.select("tr")]
        for table in page.select("table.results-table")
    )
    assert fills == [["Fill", "Error", "Time"], ["linear", "0.05", "–"], ["telea", "0.10", "2.0"]]
    titles = load_params(source / "params.yaml").titles("predictors")
    assert [row[0] for row in predictors] == ["Predictor", *titles.values()]
    assert record[1:] == [["the very good one", "D"], [titles["judge"], "B|C"], ["old", "A"]]
    assert "How well fills do, to 0.07" in page.select_one("caption").text
    assert "Present." in page.text and "Absent." not in page.text
    assert page.select_one("figure svg title").text == "A line"
    assert page.select("td.text-right")


def test_a_page_with_missing_results_fails_the_build_and_every_one_is_named(source: Path) -> None:
    (source / "results" / "predictors" / "judge.json").unlink()
    table = PAGE[PAGE.index("```{results-table} fills") : PAGE.index("```{results-table}\n")]
    broken = [
        PAGE.replace("test.mae:.3f", "test.absent:.3f").replace("drawing.svg", "absent.svg"),
        table.replace("= mae :", "= absent :"),
        table.replace(":blank:\n", ""),
        table.replace("fills.json", "absent.json"),
    ]
    status, log, _ = build_page(source, "\n".join(broken), ["results", "drawing"])
    assert status != 0
    for named in (
        "no key 'test.absent'", "absent.svg: no such file", "predictors/judge.json: no such file", "no key 'absent'",
        "linear.seconds: the value is None", "results/absent.json: no such file",
    ):  # fmt: skip
        assert named in log
    assert log.count("index.md:") == 6


def test_only_columns_of_numbers_stand_to_the_right() -> None:
    assert results.are_numbers(["0.05", "–", "1,234", "12%", "3.1 MB"])
    assert not results.are_numbers(["0.05", "four sides"])
    assert not results.are_numbers(["AMD EPYC"])


# --- the build -----------------------------------------------------------------------------------------


def test_what_the_build_needs_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    project, params = Project(tmp_path), load_params(ROOT / "params.yaml")
    (tmp_path / "book" / "notebooks").mkdir(parents=True)
    with pytest.raises(UserError, match=r"contents\.yml"):
        build_book.stage(project, params)
    shutil.copy(BOOK / "contents.yml", tmp_path / "book")
    with pytest.raises(UserError, match=r"book/notebooks/01_data\.ipynb.*make repro"):
        build_book.stage(project, params)
    for script in CHAPTERS:
        (tmp_path / "book" / "notebooks" / f"{script.stem}.ipynb").touch()
    with pytest.raises(UserError, match="npm ci"):
        build_book.stage(project, params)
    (tmp_path / "book" / "contents.yml").write_text("chapters: 01_data")
    with pytest.raises(UserError, match="must hold the lists idea, chapters, outcome"):
        build_book.stage(project, params)


def test_a_failed_build_shows_the_end_of_its_log(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    command = tmp_path / "jupyter-book"
    command.write_text(
        f"#!{sys.executable}\nfor i in range(90): print(f'\\x1b[91mline {{i}}\\x1b[0m')\nexit(1)"
    )
    command.chmod(0o755)
    with pytest.raises(UserError, match="build failed"):
        build_book.render(tmp_path, {}, command)
    shown = capsys.readouterr().err.splitlines()
    assert shown[-1] == "line 89" and len(shown) == build_book.TAIL


# --- buttons -------------------------------------------------------------------------------------------


repository = extension("repository")


@pytest.mark.parametrize("place", ["config", "variable"])
@pytest.mark.parametrize("end", ["", ".git"])
def test_one_setting_makes_all_buttons(monkeypatch: pytest.MonkeyPatch, end: str, place: str) -> None:
    address = f"https://github.com/someone/beauty{end}"
    monkeypatch.setenv(repository.VARIABLE, address if place == "variable" else "")
    options = {"repository_url": address if place == "config" else "", "repository_branch": "trunk"}
    repository.configure(None, SimpleNamespace(html_theme_options=options))
    assert options["repository_url"] == "https://github.com/someone/beauty"
    assert options["repository_branch"] == "trunk" and options["use_repository_button"]
    assert set(options["launch_buttons"]) == {"notebook_interface", "binderhub_url", "colab_url"}


def test_what_is_no_address_is_named_and_colab_opens_only_what_is_on_github() -> None:
    assert repository.buttons("") == {}
    assert "colab_url" not in repository.buttons("https://gitlab.com/someone/beauty")["launch_buttons"]
    for address in ("someone/beauty", "http://github.com/a/b", "https://github.com/a", "git@x:a/b"):
        with pytest.raises(ConfigError, match=r"repository\.url .* is not https://HOST/OWNER/NAME"):
            repository.buttons(address)


@pytest.mark.slow
def test_the_buttons_of_a_built_book_lead_to_the_notebook(tmp_path: Path) -> None:
    """A book of two pages with this book's own theme, by Jupyter Book: prose, and a chapter at its path in git."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "index.md").write_text("# Title\n\nText.\n")
    shutil.copy(ROOT / "notebooks" / "01_data.ipynb", tmp_path / "notebooks")
    (tmp_path / "_toc.yml").write_text(
        "{format: jb-book, root: index, chapters: [{file: notebooks/01_data}]}"
    )
    settings = yaml.safe_load((BOOK / "_config.yml").read_text())
    settings["sphinx"] = {
        "recursive_update": True,
        "local_extensions": {"repository": str(BOOK / "_ext")},
        "config": {"suppress_warnings": ["*"]},
    }
    settings["html"] = settings["bibtex_bibfiles"] = settings["logo"] = None
    (tmp_path / "_config.yml").write_text(
        yaml.safe_dump({key: value for key, value in settings.items() if value})
    )
    command = [Path(sys.executable).with_name("jupyter-book"), "build", tmp_path, "--all", "-q"]
    for address in ("", "https://github.com/someone/beauty"):
        subprocess.run(
            command, env={**os.environ, repository.VARIABLE: address}, capture_output=True, check=True
        )
        found = {}
        for page in ("index", "notebooks/01_data"):
            text = BeautifulSoup((tmp_path / "_build" / "html" / f"{page}.html").read_text(), "html.parser")
            links = text.select(".article-header-buttons a[href^='https:']")
            found[page] = sorted(link["href"] for link in links)
        places = [
            f"https://colab.research.google.com/github/someone/beauty/blob/main/{page}.ipynb",
            address,
            f"https://mybinder.org/v2/gh/someone/beauty/main?urlpath=lab/tree/{page}.ipynb",
        ]
        assert found == {"index": [address], page: places} if address else {"index": [], page: []}
