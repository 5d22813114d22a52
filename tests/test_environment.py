"""One list of versions: the lock. Everything else that installs something must agree with it."""

import ast
import json
import re
import sys
import sysconfig
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import torch
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
LOCK_LINE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.!+]+)")


def lock_lines() -> list[str]:
    """The lock without comments and empty lines."""
    lines = (line.split("#")[0].strip() for line in (ROOT / "requirements.lock").read_text().splitlines())
    return [line for line in lines if line]


def lock() -> dict[str, Version]:
    matches = [LOCK_LINE.fullmatch(line) for line in lock_lines()]
    return {canonicalize_name(m["name"]): Version(m["version"]) for m in matches if m}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def declared() -> list[str]:
    """Every requirement of pyproject.toml, those of all extras included."""
    extras = project()["optional-dependencies"]
    return [*project()["dependencies"], *(requirement for extra in extras.values() for requirement in extra)]


def test_lock_has_only_exact_pins() -> None:
    wrong = [line for line in lock_lines() if not LOCK_LINE.fullmatch(line)]
    assert not wrong, f"requirements.lock: not of the form name==version: {wrong}"
    assert len(lock_lines()) == len(lock()), "requirements.lock: a package is listed twice"


def test_lock_fits_every_machine() -> None:
    """No build of one kind of machine: neither a local version (+cpu) nor a CUDA package."""
    assert not [name for name, version in lock().items() if version.local]
    assert not [name for name in lock() if name.startswith(("nvidia", "cuda", "triton"))]


def hashes() -> dict[str, tuple[str, list[str]]]:
    """{package: (version, SHA-256 of each of its files)} of requirements.hashes."""
    text = (ROOT / "requirements.hashes").read_text().replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    for first, *rest in lines:
        assert LOCK_LINE.fullmatch(first), f"requirements.hashes: {first}"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", word) for word in rest), first
    return {canonicalize_name(first.split("==")[0]): (first.split("==")[1], rest) for first, *rest in lines}


def test_every_package_but_torch_is_checked_by_its_hash() -> None:
    """torch's build depends on the machine; a hash of it, or of what one build needs, would refuse the others."""
    assert {name: Version(version) for name, (version, _) in hashes().items()} == {
        name: version for name, version in lock().items() if name != "torch"
    }, "run 'make lock'"
    assert not [name for name, (_, files) in hashes().items() if not files]
    # pip checks them because the file has them; the flag says that one without would be an error.
    assert "--no-deps --require-hashes -r requirements.hashes" in (ROOT / "Makefile").read_text()


def test_actions_of_the_workflows_are_pinned_by_commit() -> None:
    """A tag can be moved to other code; a commit cannot. The version stands beside it for people."""
    found = [
        line.strip()
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert found
    pinned = re.compile(r"(- )?uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert not [line for line in found if not pinned.fullmatch(line)]


INSTALLING = (
    "requirements.lock requirements.hashes environment.yml pyproject.toml package-lock.json .npmrc Makefile"
)


@pytest.mark.parametrize("name", INSTALLING.split())
def test_no_registry_is_named(name: str) -> None:
    """A reader behind a mirror, or without the network, installs with the same files."""
    text = (ROOT / name).read_text()
    # Where a package's authors ask for money.
    text = re.sub(r'"funding": (\{[^}]*\}|\[[^\]]*\]|"[^"]*")', "", text)
    hosts = [h for h in re.findall(r"https?://[^\s\"')]+", text) if not h.startswith("http://127.0.0.1")]
    assert not hosts, f"{name} names {hosts}"
    assert "file://" not in text
    assert not re.search(r"--((extra-)?index-url|find-links|trusted-host)", text)


@pytest.mark.parametrize("text", declared())
def test_lock_satisfies_pyproject(text: str) -> None:
    requirement = Requirement(text)
    pinned = lock().get(canonicalize_name(requirement.name))
    assert pinned is not None, f"requirements.lock lacks {requirement.name}; run 'make lock'"
    assert requirement.specifier.contains(pinned, prereleases=True), (
        f"{text}, pinned {pinned}: run 'make lock'"
    )


def imported(path: Path) -> set[str]:
    """The top-level modules that a source file imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names - {"abstract_beauty"}


def test_every_import_is_declared() -> None:
    """A package that is there only because another one wants it may be gone with that one's next version."""
    providers = metadata.packages_distributions()
    names = {canonicalize_name(Requirement(text).name) for text in declared()}
    missing = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for module in imported(path)
        if not names & {canonicalize_name(name) for name in providers.get(module, [])}
    }
    assert not missing, f"pyproject.toml lacks what these import: {sorted(missing)}"


def test_conda_reads_the_same_lock() -> None:
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    plain = [entry for entry in dependencies if isinstance(entry, str)]
    by_pip = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    assert plain == ["python=3.11", "pip"], "environment.yml: a second list; it belongs into pyproject.toml"
    assert by_pip == [["-r requirements.lock", "-e ."]]


def test_running_environment_is_the_lock() -> None:
    if Path(sys.prefix).resolve() != (ROOT / ".venv").resolve():
        pytest.skip("not running in the repository's own .venv")
    # Its own folder: once setuptools is imported, sys.path has the copies of packages that setuptools carries as well.
    distributions = metadata.distributions(path=[sysconfig.get_path("purelib")])
    installed = {canonicalize_name(d.metadata["Name"]): Version(d.version) for d in distributions}
    different = {
        name: f"installed {installed.get(name)}, lock {pinned}"
        for name, pinned in lock().items()
        # A local version names the build (2.13.0+cpu), not the release.
        if name not in installed or Version(installed[name].public) != pinned
    }
    assert not different, f"run 'make env': {different}"


def test_citation_has_the_version_of_the_package() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == project()["version"] == metadata.version("abstract-beauty")
    assert citation["license"] == project()["license"]


def test_page_assets_are_pinned_and_hashed() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert locked[f"node_modules/{name}"]["version"] == version, f"package.json: {name} is not exact"
    for name, entry in locked.items():
        assert "resolved" not in entry, f"package-lock.json: {name} names a host"
        assert not name or entry["integrity"].startswith("sha512-"), f"package-lock.json: {name} has no hash"


def test_annotations_are_checked() -> None:
    """The hook of conftest.py is at work: a wrong number of axes is refused at the call."""
    from jaxtyping import TypeCheckError

    from abstract_beauty.prediction.predictability import predictability

    y = torch.zeros(1, 3, 32, 32)
    assert predictability(y, y).shape == (1,)
    with pytest.raises(TypeCheckError):
        predictability(y, y[0])
