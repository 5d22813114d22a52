"""The Makefile is the front door: what it promises is there, and it fails in one clear line."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def make(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    # A make that runs these tests must not hand its own flags to the one under test.
    inherited = {
        k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PROFILE"}
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={**inherited, **environment},
        text=True,
        capture_output=True,
        timeout=60,
    )


def targets() -> set[str]:
    return set(TARGET.findall((ROOT / "Makefile").read_text()))


def test_help_is_the_default_and_lists_every_target() -> None:
    result = make()
    assert result.returncode == 0
    listed = set(re.findall(r"^  ([a-z-]+) ", result.stdout, re.MULTILINE))
    assert listed == targets()
    assert {"repro", "test", "lab", "book", "serve", "clean"} <= listed


def test_unknown_profile_is_refused() -> None:
    result = make("repro", "PROFILE=huge")
    assert result.returncode != 0
    assert "PROFILE=huge is unknown; choose one of: default reference smoke" in result.stderr


def test_old_python_is_refused_in_one_line(tmp_path: Path) -> None:
    """Candidates that do not start, or are too old, are passed over; nothing is left behind."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    fakes = tmp_path / "fakes"
    fakes.mkdir()
    for name in ("python3.11", "python3", "python"):
        (fakes / name).write_text("#!/bin/sh\nexit 1\n")
        (fakes / name).chmod(0o755)
    for name in (
        "requirements.lock",
        "requirements.hashes",
        "pyproject.toml",
        "package.json",
        "package-lock.json",
        ".npmrc",
    ):
        (tmp_path / name).touch()
    result = make("env", folder=tmp_path, PATH=f"{fakes}:{os.environ['PATH']}", PYTHON="")
    assert result.returncode == 2
    assert "error: Python 3.11 or later is needed" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_serve_without_a_book_says_what_to_do(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    result = make("serve", folder=tmp_path)
    assert result.returncode == 2
    assert "run 'make repro' first" in result.stderr


@pytest.mark.parametrize("port", ["taken", "eighty"])
def test_serve_on_a_port_that_is_none_to_be_had_says_so(tmp_path: Path, port: str) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "book/_build/html").mkdir(parents=True)
    (tmp_path / "book/_build/html/index.html").touch()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1]) if port == "taken" else port
        result = make("serve", f"PORT={port}", folder=tmp_path)
    assert result.returncode == 2
    said, made = result.stderr.splitlines()
    assert said == f"error: port {port} is taken, or is none; name another: make serve PORT=8001"
    assert made.startswith("make: ")


PROSE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "book").glob("*.md"))]


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_prose_names_only_targets_that_exist(path: Path) -> None:
    text = re.sub(r"\{[a-z:]+\}`[^`]+`", "", path.read_text())  # {doc}`make the book <run>` is not
    code = re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL)
    named = {name for piece in code for name in re.findall(r"\bmake ([a-z][a-z-]*)", piece)}
    assert named <= targets()
