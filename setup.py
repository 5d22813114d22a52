"""Beside pyproject.toml: the published weights travel in the wheel, from where they are in the repository."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithWeights(build_py):
    """The package and models/reference in it; an editable install needs none, it reads the clone's."""

    def _get_data_files(self):
        files = [str(path) for path in Path("models/reference").rglob("[!.]*.*")]
        return [
            *super()._get_data_files(),
            ("abstract_beauty", ".", f"{self.build_lib}/abstract_beauty", files),
        ]


setup(cmdclass={"build_py": WithWeights})
