"""Buttons that open a chapter in Binder or Colab, and the repository: there when its public address is known.

The address is one setting: `repository.url` in book/_config.yml or, over that, the environment variable
BOOK_REPOSITORY when the book is built. Without it there is no button, hence no dead link. The buttons lead to the
notebooks as they are in git, notebooks/NAME.ipynb, on `repository.branch`.
"""

import os
import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.util.typing import ExtensionMetadata

VARIABLE = "BOOK_REPOSITORY"
ADDRESS = re.compile(r"https://(?P<host>[\w.-]+)/(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(\.git)?/?")


def buttons(url: str, branch: str = "main") -> dict[str, Any]:
    """Options of the theme for a repository's address; none for an empty one.

    Raises:
        ConfigError: it is no address of a repository.
    """
    if not url:
        return {}
    found = ADDRESS.fullmatch(url)
    if found is None:
        raise ConfigError(
            f"repository.url in book/_config.yml, or {VARIABLE}: {url!r} is not https://HOST/OWNER/NAME; "
            "mend or remove it"
        )
    launch = {"notebook_interface": "jupyterlab", "binderhub_url": "https://mybinder.org"}
    if found["host"] == "github.com":  # Colab opens no other
        launch["colab_url"] = "https://colab.research.google.com"
    return {
        "repository_url": f"https://{found['host']}/{found['owner']}/{found['name']}",
        "repository_branch": branch,
        "path_to_docs": "",  # a chapter is at the same path in the repository as in the book
        "use_repository_button": True,
        "launch_buttons": launch,
    }


def configure(_: Sphinx, config: Config) -> None:
    """Put the buttons into the theme's options."""
    options = config.html_theme_options
    url = os.environ.get(VARIABLE) or options.get("repository_url") or ""
    options.update(buttons(url, options.get("repository_branch") or "main"))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Before the theme reads its options."""
    app.connect("config-inited", configure, priority=1)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
