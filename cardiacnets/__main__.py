"""The command line: ``python -m cardiacnets check data_manifests/X.yaml``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cardiacnets.cohorts.checking import check
from cardiacnets.cohorts.manifest import load_manifest


def add_check(commands: argparse._SubParsersAction) -> None:
    """``check``: what is missing, unreadable, duplicated or leaking in a cohort's files."""
    parser = commands.add_parser("check", help=add_check.__doc__.partition(": ")[2])
    parser.add_argument("manifests", nargs="+", type=Path, help="YAML files of data_manifests/")
    parser.add_argument(
        "--read", type=int, default=100, help="how many files of each kind to open (default 100)"
    )
    parser.set_defaults(run=run_check)


def run_check(arguments: argparse.Namespace) -> int:
    """Print a report a manifest; 1 if there are faults."""
    reports = [check(load_manifest(path), read=arguments.read) for path in arguments.manifests]
    print("\n\n".join(map(str, reports)))
    return int(any(report.faults for report in reports))


COMMANDS = (add_check,)
"""Each adds one subcommand whose ``run`` takes the parsed arguments and returns the exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse and run; a ``ValueError`` becomes one line on standard error and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m cardiacnets", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for add in COMMANDS:
        add(commands)
    parsed = parser.parse_args(arguments)
    try:
        return parsed.run(parsed)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
