"""The page on trust shows what the checks recorded, and says of each that it has not been run."""

import json
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx_page import BOOK, build_page

MACHINE = {"device": "A processor", "instructions": "AVX2", "precision": "32-true", "torch": "2.13.0"}
KINDS = {"data": {"files": 9, "identical": 8, "different": 1}}
VERIFIED = {
    "files": 1234,
    "identical": 1233,
    "date": "2026-01-02",
    "seconds": 754,
    "first": MACHINE,
    "second": MACHINE,
}
COUNT = {"kills": 4, "in_a_write": 1, "ended": 2, "identical": 2, "leftovers": 0}
FED = {"bomb": {"opened": 1, "refused": 7}}
RECORDS = {
    **{f"verify{suffix}.json": {**VERIFIED, "kinds": KINDS} for suffix in ("", "-smoke", "-elsewhere")},
    "kills.json": {"seed": 3, "seconds": 200, **COUNT, "victims": {"data": COUNT}},
    "fuzz.json": {"files": 5000, "most_memory_mib": 1500, "seconds": 14, "read": FED},
    "processes.json": {
        "processes": 2, "seconds": 70, "networks": {"good": {"steps": 50, "largest_difference": 1.5e-7}},
    },
    "mutants.json": {
        "seconds": 600, "modules": {"losses": {"mutants": 9, "caught": 8, "equivalent": 1, "survived": 0}},
    },
    "devices.json": {
        "machine": {"device": "A card"}, "pictures": 4,
        "networks": {"good": {"largest": 9e-7, "mean": 4e-8, "error": 1e-7, "gradient": 2e-4, "bfloat16_mean": 4e-4}},
    },
    "sources.json": {
        "machine": MACHINE, "operations": 27,
        "switches": {"MKL": {"set": "MKL_CBWR=COMPATIBLE", "differs": "PyTorch: exp"}},
        "common": {"differing": 0, "cost": {"predictor": 1.3, "improver": 1.1}},
    },
    "coverage.json": {"percent": 94},
}  # fmt: skip


def page(folder: Path, records: dict[str, object]) -> tuple[int, str, BeautifulSoup]:
    """book/trust.md built by itself, warnings as errors: exit status, log, the page."""
    (folder / "results" / "trust").mkdir(parents=True)
    for name, record in records.items():
        text = record if isinstance(record, str) else json.dumps(record)
        (folder / "results" / "trust" / name).write_text(text)
    fences = "myst_enable_extensions = ['colon_fence']\n"
    status, log, html = build_page(folder, (BOOK / "trust.md").read_text(), ["results"], fences)
    return status, log, BeautifulSoup(html, "html.parser")


def rows(table) -> list[list[str]]:
    return [[cell.text.strip() for cell in row.select("td, th")] for row in table.select("tr")]


def test_without_records_the_page_says_that_nothing_was_run(tmp_path: Path) -> None:
    status, log, found = page(tmp_path, {})
    assert status == 0, log
    assert found.text.count("This check has not been run yet.") == len(RECORDS) - 4
    assert "has not been recorded yet" in found.text and not found.select("table")


def test_every_record_has_its_table(tmp_path: Path) -> None:
    status, log, found = page(tmp_path, RECORDS)
    assert status == 0, log
    assert "has not been" not in found.text
    for said in (
        "1,233 are the same",
        "in 13 minutes",
        "Killed 4 times",
        "3 minutes.",
        "in 14 seconds",
        "1,500 MiB",
        "94%",
    ):
        assert said in found.text
    assert [rows(table)[1] for table in found.select("table")] == [
        ["data", "9", "8"],
        ["data", "9", "8"],
        ["MKL", "PyTorch: exp", "MKL_CBWR=COMPATIBLE"],
        ["data", "4", "1", "2", "2"],
        ["bomb", "1", "7"],
        ["good", "50", "1.5e-07"],
        ["good", "9.0e-07", "4.0e-08", "1.0e-07", "2.0e-04", "4.0e-04"],
        ["losses", "9", "0", "8", "1"],
    ]
