"""Commands that make something of a run whose book is built: its slides, its print."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from cardiacnets.report.build import default_name
from cardiacnets.run import Run, open_run


def of_built_run(
    program: str, about: str | None, make: Callable[[Run], str], arguments: Sequence[str] | None
) -> int:
    """Open the run that ``arguments`` name and print what ``make`` says of it; the exit code.

    ``program``: the module's name; ``about``: what its help says. A ``ValueError`` is one line on standard
    error, and the exit code is 1.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=about)
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--run", default="")
    parser.add_argument("--manifests", default="")
    chosen = parser.parse_args(arguments)
    manifests = Path(chosen.manifests) if chosen.manifests else None
    try:
        run = open_run(chosen.profile, chosen.run or default_name(chosen.profile, manifests))
        if not (first := run.book / "welcome.html").is_file():
            more = f" MANIFESTS={shlex.quote(chosen.manifests)}" if manifests else ""
            named = f"PROFILE={shlex.quote(run.given)} RUN={shlex.quote(run.name)}{more}"
            raise ValueError(f"{first}: no such page; `make book {named}` builds it")
        print(make(run))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
