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

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
PROSE = sorted(BOOK.glob("*.md"))
SOURCES = [*PROSE, *sorted((ROOT / "notebooks").glob("*.py"))]


def extension(name: str) -> ModuleType:
    """A module of book/_ext, which is not on the path outside Sphinx."""
    spec = importlib.util.spec_from_file_location(f"book_{name}", BOOK / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


results = extension("results")


# --- sources -------------------------------------------------------------------------------------------


def test_every_page_of_the_contents_exists_and_every_page_is_in_the_contents() -> None:
    pages = build_book.pages(BOOK)
    prose = {page for page in pages if not page.startswith("notebooks/")}
    assert prose == {path.stem for path in PROSE}
    assert len(pages) == len(set(pages))
    for page in set(pages) - prose:
        assert (ROOT / f"{page}.py").is_file(), f"book/_toc.yml names {page}, but there is no {page}.py"


def test_citations_and_references_match() -> None:
    cited = set()
    for path in SOURCES:
        for keys in re.findall(r"\{cite(?::[a-z]+)?\}`([^`]+)`", path.read_text()):
            cited |= {key.strip() for key in keys.split(",")}
    assert cited == set(parse_file(BOOK / "references.bib").entries)


def test_references_say_who_what_and_when() -> None:
    for key, entry in parse_file(BOOK / "references.bib").entries.items():
        assert entry.persons.get("author"), key
        assert entry.fields.get("title") and re.fullmatch(r"\d{4}", entry.fields["year"]), key


def test_every_prose_page_opens_with_its_question() -> None:
    for path in PROSE:
        opening = re.match(r"# .+\n\n\*\*(?P<question>[^*]+(?:\*[^*]+\*[^*]*)?)\*\*", path.read_text())
        assert opening and opening["question"].rstrip().endswith("?"), path.name


def test_no_result_is_typed() -> None:
    """A decimal with three or more places in a page's prose is a measurement, and must come from results/."""
    for path in PROSE:
        text = re.sub(r"```.*?```|`[^`]*`|https?://\S+", "", path.read_text(), flags=re.DOTALL)
        assert not re.findall(r"\b\d\.\d{3,}\b", text), path.name


def test_every_result_named_in_the_sources_is_there() -> None:
    if not (ROOT / "results").is_dir():
        pytest.skip("no results yet; run `make repro`")
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
    assert results.evaluate(root, expression)[0] == text


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
    with pytest.raises(results.ResultError, match=re.escape(named)):
        results.evaluate(root, expression)


def test_a_page_depends_on_the_files_it_reads(root: Path) -> None:
    files = results.evaluate(root, "predictors/good.json:test.mae / fills.json:telea.mae")[1]
    assert files == {"predictors/good.json", "fills.json"}


def sphinx(folder: Path, page: str) -> tuple[int, str, str]:
    """Build one page that may show results and a drawing: exit status, log, HTML."""
    (folder / "source").mkdir(exist_ok=True)
    (folder / "source" / "drawing.svg").write_text('<svg role="img"><title>A line</title></svg>')
    return build_page(folder, page, ["results", "drawing"])


PAGE = """# Title

Error {result}`predictors/good.json:test.mae:.3f`.

```{results-table} fills.json
:first: Fill
:columns: Error = mae : .2f; Time = seconds : .1f
:sort: mae
:blank:
How well *fills* do, to {result}`predictors/good.json:test.mae:.2f`.
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


def test_a_page_shows_its_results(root: Path) -> None:
    status, log, html = sphinx(root.parent, PAGE)
    assert status == 0, log
    page = BeautifulSoup(html, "html.parser")
    assert page.select_one("span.result").text == "0.075"
    rows = [[cell.text.strip() for cell in row.select("td, th")] for row in page.select("table tr")]
    assert rows == [["Fill", "Error", "Time"], ["linear", "0.05", "–"], ["telea", "0.10", "2.0"]]
    assert "How well fills do, to 0.07" in page.select_one("caption").text
    assert "Present." in page.text and "Absent." not in page.text
    assert page.select_one("figure svg title").text == "A line"


@pytest.mark.parametrize(
    ("good", "broken", "named"),
    [
        ("good.json:test.mae:.3f", "good.json:test.absent:.3f", "no key 'test.absent'"),
        ("= mae :", "= absent :", "no key 'absent'"),
        (":blank:\n", "", "seconds: the value is None"),
        ("results-table} fills.json", "results-table} absent.json", "results/absent.json: no such file"),
        ("drawing.svg", "absent.svg", "no such file"),
    ],
)
def test_a_page_with_a_missing_result_fails_the_build(root: Path, good: str, broken: str, named: str) -> None:
    assert good in PAGE
    status, log, _ = sphinx(root.parent, PAGE.replace(good, broken))
    assert status != 0
    assert named in log and "index.md" in log


def test_only_columns_of_numbers_stand_to_the_right() -> None:
    assert results.are_numbers(["0.05", "–", "1,234", "12%", "3.1 MB"])
    assert not results.are_numbers(["0.05", "four sides"])
    assert not results.are_numbers(["AMD EPYC"])


# --- the build -----------------------------------------------------------------------------------------


def test_a_missing_notebook_is_named_with_the_command_that_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "book").mkdir()
    shutil.copy(BOOK / "_toc.yml", tmp_path / "book")
    monkeypatch.chdir(tmp_path)
    assert build_book.main() == 2
    message = capsys.readouterr().err
    assert "book/notebooks/01_data.ipynb" in message and "make repro" in message


def test_outside_a_repository_the_build_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run this from the root"):
        build_book.build(tmp_path)


def test_without_mathjax_the_build_names_the_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="npm ci"):
        build_book.check_mathjax(tmp_path)


def test_a_failed_build_shows_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    script = "for i in range(90): print(f'\\x1b[91mline {i}\\x1b[0m')\nraise SystemExit(1)"
    monkeypatch.setattr(build_book, "jupyter_book", lambda: [sys.executable, "-c", script])
    with pytest.raises(UserError, match="build failed"):
        build_book.render(tmp_path)
    shown = capsys.readouterr().err.splitlines()
    assert shown[-1] == "line 89" and len(shown) == build_book.TAIL


# --- buttons -------------------------------------------------------------------------------------------


repository = extension("repository")


def config(options: dict) -> SimpleNamespace:
    return SimpleNamespace(html_theme_options=options)


def test_without_an_address_there_are_no_buttons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(repository.VARIABLE, raising=False)
    options = config({"repository_url": "", "repository_branch": "main"})
    repository.configure(None, options)
    assert options.html_theme_options == {"repository_url": "", "repository_branch": "main"}


@pytest.mark.parametrize(
    "address", ["https://github.com/someone/beauty", "https://github.com/someone/beauty.git"]
)
@pytest.mark.parametrize("place", ["config", "variable"])
def test_one_setting_makes_all_buttons(monkeypatch: pytest.MonkeyPatch, address: str, place: str) -> None:
    monkeypatch.setenv(repository.VARIABLE, address if place == "variable" else "")
    given = {"repository_url": address if place == "config" else "", "repository_branch": "trunk"}
    options = config(given)
    repository.configure(None, options)
    found = options.html_theme_options
    assert found["repository_url"] == "https://github.com/someone/beauty"
    assert found["repository_branch"] == "trunk" and found["use_repository_button"]
    assert set(found["launch_buttons"]) == {"notebook_interface", "binderhub_url", "colab_url"}


def test_colab_opens_only_what_is_on_github() -> None:
    assert "colab_url" not in repository.buttons("https://gitlab.com/someone/beauty")["launch_buttons"]


@pytest.mark.parametrize(
    "address", ["someone/beauty", "http://github.com/a/b", "https://github.com/a", "git@x:a/b"]
)
def test_what_is_no_address_is_named(address: str) -> None:
    with pytest.raises(ConfigError, match=r"repository\.url .* is not https://HOST/OWNER/NAME"):
        repository.buttons(address)


@pytest.mark.slow
def test_the_buttons_of_a_built_book_lead_to_the_notebook(tmp_path: Path) -> None:
    """A book of two pages with this book's own theme, by Jupyter Book: prose, and a chapter at its path in git."""
    book = tmp_path / "book"
    (book / "notebooks").mkdir(parents=True)
    (book / "index.md").write_text("# Title\n\nText.\n")
    shutil.copy(ROOT / "notebooks" / "01_data.ipynb", book / "notebooks")
    (book / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters: [{file: notebooks/01_data}]\n")
    ours = yaml.safe_load((BOOK / "_config.yml").read_text())
    settings = {
        "repository": ours["repository"],
        "execute": ours["execute"],
        "sphinx": {
            "recursive_update": True,
            "local_extensions": {"repository": str(BOOK / "_ext")},
            "config": {"suppress_warnings": ["*"]},
        },
    }
    (book / "_config.yml").write_text(yaml.safe_dump(settings))
    found = {}
    for address in ("", "https://github.com/someone/beauty"):
        made = subprocess.run(
            [*build_book.jupyter_book(), "build", str(book), "--all", "-q"],
            env={**os.environ, repository.VARIABLE: address},
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr[-2000:]
        html = book / "_build" / "html"
        for page in ("index", "notebooks/01_data"):
            text = BeautifulSoup((html / f"{page}.html").read_text(), "html.parser")
            links = [link["href"] for link in text.select(".article-header-buttons a[href^='https:']")]
            found[page, bool(address)] = sorted(links)
    assert found["index", False] == found["notebooks/01_data", False] == []
    assert found["index", True] == ["https://github.com/someone/beauty"]
    assert found["notebooks/01_data", True] == [
        "https://colab.research.google.com/github/someone/beauty/blob/main/notebooks/01_data.ipynb",
        "https://github.com/someone/beauty",
        "https://mybinder.org/v2/gh/someone/beauty/main?urlpath=lab/tree/notebooks/01_data.ipynb",
    ]
