"""One page built by Sphinx with the book's extensions, for the tests of these."""

import subprocess
import sys
from pathlib import Path

BOOK = Path(__file__).parents[1] / "book"


def build_page(folder: Path, page: str, extensions: list[str], settings: str = "") -> tuple[int, str, str]:
    """Build FOLDER/source/index.md, warnings as errors, into FOLDER/html.

    Args:
        folder: where; files that the page needs may lie in its `source` already.
        page: the page's text.
        extensions: of Sphinx, the book's own by their names in book/_ext.
        settings: more lines of conf.py.

    Returns:
        Exit status, log, and the HTML; "" where there is none.
    """
    source = folder / "source"
    source.mkdir(exist_ok=True)
    (source / "index.md").write_text(page)
    path = str(BOOK / "_ext")
    conf = f"import sys; sys.path.append({path!r}); extensions = {['myst_parser', *extensions]!r}\n{settings}"
    (source / "conf.py").write_text(conf)
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-E", "--keep-going"]
    run = subprocess.run([*command, source, folder / "html"], capture_output=True, text=True, check=False)
    html = folder / "html" / "index.html"
    return run.returncode, run.stderr, html.read_text() if html.is_file() else ""
