"""The page on trust shows what the checks recorded, and says of each that it has not been run."""

import json
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sphinx_page import BOOK, build_page

KINDS = {"files": 9, "identical": 8, "within": 1, "different": 0, "tolerance": "every byte"}
VERIFIED = {
    "files": 1234,
    "identical": 1233,
    "date": "2026-01-02",
    "second": {"device": "A processor", "threads": 2, "torch": "2.13.0"},
    "kinds": {"data": KINDS, "weights": KINDS},
}
KILLED = {
    "seed": 3,
    "at": [0.1, 0.5],
    "same_bytes": True,
    "note": None,
    "stages": {"train": {"kills": 4, "resumed": 4}, "data": {"kills": 2, "resumed": 2}},
}


def page(folder: Path, records: dict[str, object]) -> tuple[int, str, BeautifulSoup]:
    """book/trust.md built by itself, warnings as errors: exit status, log, the page."""
    (folder / "results" / "trust").mkdir(parents=True)
    for name, record in records.items():
        text = record if isinstance(record, str) else json.dumps(record)
        (folder / "results" / "trust" / name).write_text(text)
    fences = "myst_enable_extensions = ['colon_fence']\n"
    status, log, html = build_page(folder, (BOOK / "trust.md").read_text(), ["results", "trust"], fences)
    return status, log, BeautifulSoup(html, "html.parser")


def rows(table) -> list[list[str]]:
    return [[cell.text.strip() for cell in row.select("td, th")] for row in table.select("tr")]


def test_without_records_the_page_says_that_nothing_was_run(tmp_path: Path) -> None:
    status, log, found = page(tmp_path, {})
    assert status == 0, log
    assert found.text.count("This check has not been run yet.") == 2
    assert "has not been recorded yet" in found.text and not found.select("table")


def test_records_are_shown_whatever_keys_they_have(tmp_path: Path) -> None:
    status, log, found = page(
        tmp_path, {"verify.json": VERIFIED, "kills.json": KILLED, "fuzz.json": {"inputs": 5000}}
    )
    assert status == 0, log
    assert "1,233 are the same to the byte" in found.text and "has not been" not in found.text
    verified, single, stages, fuzz = (rows(table) for table in found.select("table"))
    assert verified[1] == ["data", "9", "8", "1", "0", "every byte"]
    assert single == [["seed", "3"], ["at", "2"], ["same bytes", "yes"], ["note", "–"]]
    assert stages == [["stages", "kills", "resumed"], ["train", "4", "4"], ["data", "2", "2"]]
    assert fuzz == [["inputs", "5,000"]]


@pytest.mark.parametrize("damaged", ["{", "[1]"])
def test_a_damaged_record_fails_the_build_and_is_named(tmp_path: Path, damaged: str) -> None:
    status, log, _ = page(tmp_path, {"kills.json": damaged})
    assert status != 0 and "results/trust/kills.json: cannot be read" in log
