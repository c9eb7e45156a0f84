"""Build a book: one build a run at a time, then snakemake, which reruns only what changed.

The lock is the operating system's and ends with the process that holds it, however that ends; so a killed
build leaves nothing to unlock, and snakemake's own lock is not needed.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cardiacnets.artefacts import read_json, write_json
from cardiacnets.pretrained import require_weights
from cardiacnets.run import REPOSITORY, Run, name_of, open_run

SETTINGS = "build.json"
"""What a run was built with, in its folder: the graph reads it."""

KEPT = ("mtime", "params", "input")
"""What makes a chapter run again: newer input with other content, other parameters, other inputs."""


def command(
    profile: str,
    run: Run,
    cores: str,
    options: Sequence[str] = (),
    manifests: Path | None = None,
    parts: str = "",
) -> list[str]:
    """The snakemake call that builds ``run``, whose settings are written for it; ``options`` are snakemake's
    own (a target, ``--dry-run``).

    ``manifests``: the folder that describes the run's real cohorts; without it all are simulated.
    ``parts``: jobs over which each large cohort's reading and cleaning are scattered.
    """
    settings = {"profile": profile, "run": run.name, "runs": str(run.root.parent)}
    settings |= {"manifests": str(manifests)} if manifests else {}
    settings |= {"parts": parts} if parts else {}
    # from a file: on its command line snakemake reads 007, 1e5 and true as what they are not
    if not (kept := run.root / SETTINGS).is_file() or read_json(kept) != settings:
        write_json(kept, settings)  # a second build of the same changes no file
    return [
        sys.executable, "-m", "snakemake", *options, "--snakefile", str(REPOSITORY / "Snakefile"),
        "--directory", str(REPOSITORY), "--cores", cores, "--rerun-incomplete", "--nolock",
        "--quiet", "host", "rules", "--rerun-triggers", *KEPT,
        "--configfile", str(run.root / SETTINGS),
    ]  # fmt: skip


def tell_real_cohorts(manifests: Path) -> None:
    """Print which cohorts will be real; ``ValueError`` for a folder or manifest that can't be used."""
    from cardiacnets.cohorts.studied import load_manifests  # readers of every format: seconds to import

    for name, manifest in load_manifests(manifests).items():
        print(f"{name}: {manifest.title}, from {manifest.file}", flush=True)


def default_name(profile: str, manifests: Path | None) -> str:
    """A run's name where none is given: real cohorts do not take the place of a simulated run's."""
    return f"{name_of(profile)}-{manifests.name}" if manifests else ""


def require_writable(folder: Path) -> None:
    """``ValueError`` if snakemake cannot keep its records in ``folder``, its working folder."""
    if not os.access(folder, os.W_OK):
        raise ValueError(f"{folder}: not writable, and snakemake keeps its records there: build in a copy")


def hold(folder: Path) -> int:
    """Lock a run's folder for this process and what it becomes; ``ValueError`` if another build holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".building", os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ValueError(
            f"{folder} is being built by another process: wait for it, or choose another RUN"
        ) from None
    os.set_inheritable(descriptor, True)
    return descriptor


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, lock, and become snakemake; options it does not know are snakemake's (``--dry-run``)."""
    parser = argparse.ArgumentParser(prog="python -m cardiacnets.report.build", description=__doc__)
    parser.add_argument("--profile", default="quick", help="smoke, quick, full, paper, or a YAML file")
    parser.add_argument(
        "--run", default="", help="name of the run (default: the profile's, and the manifests')"
    )
    parser.add_argument(
        "--manifests", default="", help="folder of manifests (default: all cohorts simulated)"
    )
    parser.add_argument(
        "--parts", default="", help="jobs that share each large cohort's reading and cleaning (default: 1)"
    )
    parser.add_argument("--cores", default="all")
    chosen, options = parser.parse_known_args(arguments)
    try:
        manifests = Path(chosen.manifests).resolve() if chosen.manifests else None
        run = open_run(chosen.profile, chosen.run or default_name(chosen.profile, manifests))
        if manifests:
            tell_real_cohorts(manifests)
        require_writable(REPOSITORY)
        require_weights(run.profile)
        hold(run.root)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    call = command(chosen.profile, run, chosen.cores, options, manifests, chosen.parts)
    os.execv(call[0], call)


if __name__ == "__main__":
    sys.exit(main())
