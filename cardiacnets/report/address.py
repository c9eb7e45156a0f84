"""The repository's address: it stands in ``_config.yml``, under ``repository: url``, and nowhere else.

While it is empty, no page has a button that leads there. Once it is set, each page can be reported on, and
each chapter opens on Binder, on Colab and on a JupyterHub, as far as ``launch_buttons`` names them.
"""

from __future__ import annotations

import argparse
import copy
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat.v4 import new_code_cell

from cardiacnets.run import REPOSITORY

CONFIG = REPOSITORY / "_config.yml"
FORM = re.compile(r"https://[\w.-]+(/[\w.~-]+){2,}", re.ASCII)
"""A host, an owner, and the repository."""


def repository_url(config: Path = CONFIG) -> str:
    """The address, or empty; ``ValueError`` naming the file if it is no address of a repository."""
    address = (_read(config).get("repository") or {}).get("url") or ""
    if address and not FORM.fullmatch(str(address)):
        raise ValueError(
            f"{config}: repository: url: {address!r} is no address of a repository; "
            'write https://HOST/OWNER/NAME, or "" for none'
        )
    return address


def config_with_buttons(config: Path = CONFIG) -> dict[str, Any]:
    """Jupyter Book's configuration, with the theme's buttons if there is an address for them to lead to.

    Raises ``ValueError`` as :func:`repository_url`.
    """
    found = copy.deepcopy(_read(config))
    address = repository_url(config)
    repository, launch = found.pop("repository", None) or {}, found.pop("launch_buttons", None) or {}
    if not address:
        return found
    # under sphinx: config, which replaces what Jupyter Book would make of the two sections
    theme = found.setdefault("sphinx", {}).setdefault("config", {}).setdefault("html_theme_options", {})
    theme |= {
        "repository_url": address,
        "repository_branch": repository.get("branch", "main"),
        "path_to_docs": repository.get("path_to_book", ""),
        "use_repository_button": True,
        "use_issues_button": True,
        "launch_buttons": {name: value for name, value in launch.items() if value},
    }
    return found


def with_first_cell(notebook: nbformat.NotebookNode, address: str) -> nbformat.NotebookNode:
    """The notebook with a first cell that fetches and installs the book where it is not installed.

    That is so on Colab. Without an address there is nothing to fetch: the notebook as it is.
    """
    if not address:
        return notebook
    folder = address.rstrip("/").rpartition("/")[2]
    source = (
        "# Where the book is not installed, such as on Colab: fetch and install it (minutes).\n"
        "# A chapter needs what the chapters before it make; it says which is missing.\n"
        "import importlib.util\n\n"
        'if importlib.util.find_spec("cardiacnets") is None:\n'
        f"    !git clone --depth 1 {address} {folder}\n"
        f"    %pip install --quiet --editable ./{folder}"
    )
    cell = new_code_cell(source, id="install0", metadata={"tags": ["install"]})
    return nbformat.from_dict({**notebook, "cells": [cell, *notebook.cells]})


def main(arguments: Sequence[str] | None = None) -> int:
    """Give the notebooks of a folder their first cell, in place: what a branch for launch buttons holds."""
    parser = argparse.ArgumentParser(prog="python -m cardiacnets.report.address", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    try:
        if not (address := repository_url()):
            raise ValueError(f"{CONFIG}: repository: url is empty: there is nothing to fetch the book from")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path in sorted(folder.glob("*.ipynb")):
        nbformat.write(with_first_cell(nbformat.read(path, as_version=4), address), path)
        print(path)
    return 0


def _read(config: Path) -> dict[str, Any]:
    return yaml.safe_load(config.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
