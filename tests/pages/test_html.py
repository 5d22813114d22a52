"""The built book as files: what it links to, and whether everyone can read it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(html: Path) -> dict[Path, BeautifulSoup]:
    paths = [path for path in html.rglob("*.html") if "_static" not in path.parts]
    assert len(paths) > 10
    return {path: BeautifulSoup(path.read_text(), "html.parser") for path in paths}


def articles(pages: dict[Path, BeautifulSoup]) -> Iterator[tuple[str, BeautifulSoup]]:
    """The written part of each page; search and index have none."""
    for path, page in pages.items():
        if path.stem not in ("search", "genindex") and (article := page.select_one("article.bd-article")):
            yield path.stem, article


def test_nothing_is_loaded_from_outside(pages: dict[Path, BeautifulSoup], html: Path) -> None:
    outside = re.compile(r"^(https?:)?//")
    for path, page in pages.items():
        for tag in page.select("script[src], img[src], iframe[src], link[href], source[src], video[src]"):
            address = tag.get("src") or tag.get("href")
            assert not outside.match(address) or tag.get("rel") == ["canonical"], f"{path.name}: {address}"
        for script in page.select("script:not([src])"):
            assert "https://" not in script.text, f"{path.name}: {script.text[:100]}"
    for sheet in html.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(https?:)?//|@import\s+['\"]?http", sheet.read_text()), (
            sheet.name
        )


def test_links_and_pictures_inside_the_book_lead_somewhere(pages: dict[Path, BeautifulSoup]) -> None:
    anchors = {path.resolve(): {tag["id"] for tag in page.select("[id]")} for path, page in pages.items()}
    for path, page in pages.items():
        for tag in page.select("[href], [src]"):
            address = tag.get("href") or tag.get("src")
            if not address or re.match(r"^[a-z]+:|^//", address):
                continue
            file, _, anchor = address.partition("#")
            target = (path.parent / file.partition("?")[0]).resolve() if file else path.resolve()
            assert target.is_file(), f"{path.name}: {address}"
            if anchor and target in anchors:
                assert anchor in anchors[target], f"{path.name}: {address}"


def test_every_picture_has_a_description(pages: dict[Path, BeautifulSoup]) -> None:
    for name, article in articles(pages):
        for image in article.select("img"):
            alt = image.get("alt", "")
            assert len(alt) > 8 and not alt.endswith((".png", ".svg")), (
                f"{name}: {image.get('src')}: alt={alt!r}"
            )


def test_pages_say_nothing_of_the_machine_that_built_them(pages: dict[Path, BeautifulSoup]) -> None:
    for name, article in articles(pages):
        assert not re.search(r"/home/\w|/root/|/tmp/\w|0x[0-9a-f]{8}", article.text), name
