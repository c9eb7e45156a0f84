"""The command line ``python -m cardiacnets``: check, export, read, preprocess, reader-kit, train, audit,
weights, student; ``--help`` explains each.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from cardiacnets.cohorts.checking import check
from cardiacnets.cohorts.export import LAYOUTS, Drawing, export_cohort
from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.cohorts.preprocessing import preprocess_part
from cardiacnets.cohorts.studied import load_manifests, store_part
from cardiacnets.predictions import Roles, audit, read_predictions
from cardiacnets.predictions.audit import in_lines
from cardiacnets.predictions.embeddings import (
    audit_embeddings,
    embedding_lines,
    holds_embeddings,
    read_embeddings,
    read_truths,
)
from cardiacnets.profile import load_profile, profile_names
from cardiacnets.report.builder_watch import end_with_builder
from cardiacnets.run import REPOSITORY, called, open_run
from cardiacnets.shards import parse_part
from cardiacnets.teaching import write_student_edition


def add_check(commands: argparse._SubParsersAction) -> None:
    """``check``: what is missing, unreadable, duplicated or leaking in a cohort's files."""
    parser = commands.add_parser("check", help=add_check.__doc__.partition(": ")[2])
    parser.add_argument("manifests", nargs="+", type=Path, help="YAML files of data_manifests/")
    parser.add_argument(
        "--read", type=int, default=100, help="how many files of each kind to open (default 100)"
    )
    parser.add_argument("--json", action="store_true", help="print the reports as JSON, a list of one each")
    parser.set_defaults(run=run_check)


def run_check(arguments: argparse.Namespace) -> int:
    """Print a report a manifest; 1 if there are faults."""
    reports = [check(load_manifest(path), read=arguments.read) for path in arguments.manifests]
    if arguments.json:
        print(json.dumps([report.as_json() for report in reports], indent=2))
    else:
        print("\n\n".join(map(str, reports)))
    return int(any(report.faults for report in reports))


def add_export(commands: argparse._SubParsersAction) -> None:
    """``export``: write a simulated cohort in a real cohort's layout, with the manifest that reads it."""
    parser = commands.add_parser("export", help=add_export.__doc__.partition(": ")[2])
    parser.add_argument("--as", dest="layout", choices=tuple(LAYOUTS), required=True, help="whose layout")
    parser.add_argument("folder", type=Path, help="where the manifest and a folder of data are written")
    parser.add_argument(
        "--profile", default="smoke", help=f"whose cohort is drawn: {', '.join(profile_names())} or a file"
    )
    parser.add_argument("--n", type=int, help="participants (default: the profile's)")
    parser.add_argument("--seed", type=int, help="default: the profile's")
    parser.add_argument("--preset", help="default: the profile's")
    parser.add_argument("--frames", type=int, help="moments of a beat (default: the profile's)")
    parser.add_argument("--slices", type=int, default=3, help="of the short axis: 1, 3, 5 or 7 (default 3)")
    parser.add_argument("--processes", type=int, default=1)
    parser.set_defaults(run=run_export)


def run_export(arguments: argparse.Namespace) -> int:
    """Export, and say how to look at it."""
    profile = load_profile(arguments.profile)
    cohorts = profile.cohorts
    asked = {
        "n": getattr(cohorts, LAYOUTS[arguments.layout].SITE), "preset": cohorts.preset, "seed": profile.seed,
        "frames": cohorts.frames,
    }  # fmt: skip
    asked |= {name: value for name in asked if (value := getattr(arguments, name)) is not None}
    drawing = Drawing(**asked, slices=arguments.slices)
    manifest = export_cohort(arguments.folder, arguments.layout, drawing, arguments.processes)
    print(f"simulated: {drawing.n:,} participants; now\n  {called('python')} -m cardiacnets check {manifest}")
    return 0


def add_read(commands: argparse._SubParsersAction) -> None:
    """``read``: one part of a real cohort's files, for chapter 00 to gather (a scattered run's job)."""
    parser = commands.add_parser("read", help=add_read.__doc__.partition(": ")[2])
    add_part(parser)
    parser.add_argument("--manifests", type=Path, required=True, help="folder that describes the cohort")
    parser.set_defaults(run=run_read)


def run_read(arguments: argparse.Namespace) -> int:
    """Read the part, or find it read."""
    end_with_builder()
    part = parse_part(arguments.part)
    manifests = load_manifests(arguments.manifests)
    if arguments.cohort not in manifests:
        known = ", ".join(manifests)
        raise ValueError(
            f"no files of a cohort {arguments.cohort!r} to read: {arguments.manifests} has {known}"
        )
    run = open_run(arguments.profile, arguments.run_name)
    store_part(run, arguments.cohort, manifests[arguments.cohort], part)
    print(f"{arguments.cohort}: part {part} is read")
    return 0


def add_preprocess(commands: argparse._SubParsersAction) -> None:
    """``preprocess``: clean one part of a stored cohort, for chapter 01 to gather (a scattered run's job)."""
    parser = commands.add_parser("preprocess", help=add_preprocess.__doc__.partition(": ")[2])
    add_part(parser)
    parser.set_defaults(run=run_preprocess)


def run_preprocess(arguments: argparse.Namespace) -> int:
    """Clean the part, or find it cleaned."""
    end_with_builder()
    part = parse_part(arguments.part)
    preprocess_part(open_run(arguments.profile, arguments.run_name), arguments.cohort, part)
    print(f"{arguments.cohort}: part {part} is clean")
    return 0


def add_part(parser: argparse.ArgumentParser) -> None:
    """The arguments that say which part of which cohort of which run."""
    parser.add_argument("cohort", help="such as ukb or mimic")
    parser.add_argument("--part", required=True, metavar="K/N", help="1/3, 2/3 or 3/3 for a part of three")
    parser.add_argument(
        "--profile", default="quick", help="smoke, quick (default), full, paper, or a YAML file"
    )
    parser.add_argument(
        "--run", default="", dest="run_name", metavar="RUN", help="default: the profile's name"
    )


def add_reader_kit(commands: argparse._SubParsersAction) -> None:
    """``reader-kit``: a reader study for people, as a folder that opens in any browser without a network."""
    parser = commands.add_parser("reader-kit", help=add_reader_kit.__doc__.partition(": ")[2])
    parser.add_argument("folder", type=Path, help="where the kit goes; must not exist")
    parser.add_argument(
        "--profile", default="quick", help="smoke, quick (default), full, paper, or a YAML file"
    )
    parser.add_argument(
        "--run", default="", dest="run_name", metavar="RUN", help="default: the profile's name"
    )
    parser.add_argument(
        "--key", type=Path, help="CSV of codes and truth (default: FOLDER-key.csv beside the folder)"
    )
    parser.add_argument("--cases", type=int, help="how many cases, drawn by diagnosis (default: all)")
    parser.add_argument(
        "--readers",
        nargs="+",
        metavar="CODE",
        help="codes of the readers (default: R1 to R6; a multiple of six)",
    )
    parser.add_argument(
        "--order",
        choices=("counterbalanced", "as-published"),
        help="counterbalanced (default), or the study's, which confounds display and practice",
    )
    parser.add_argument(
        "--washout", type=int, metavar="DAYS", help="between sessions (default: 28; a class: 0)"
    )
    parser.add_argument(
        "--seed", type=int, help="draws codes and orders (default: drawn, and written nowhere)"
    )
    parser.add_argument(
        "--ask",
        choices=("cardiomyopathy", "origin"),
        help="the study's question (default), or of each film alone: real or generated?",
    )
    parser.add_argument(
        "--feedback",
        action="store_true",
        default=None,
        help="for a class: the page tells the truth at the end, and the folder holds it",
    )
    parser.add_argument(
        "--real-people",
        action="store_true",
        help="the cohort is real: its terms and your ethics approval allow these readers to see it",
    )
    parser.set_defaults(run=run_reader_kit)


def run_reader_kit(arguments: argparse.Namespace) -> int:
    """Write the kit; say where it is, where its key is, and what to do with both."""
    from cardiacnets.experiments.reader_study.reader_kit import (  # needs the models' libraries: seconds
        Plan,
        make_kit,
    )

    names = ("cases", "readers", "order", "washout", "seed", "ask", "feedback")
    given = {name: value for name in names if (value := getattr(arguments, name)) is not None}
    if "readers" in given:
        given["readers"] = tuple(given["readers"])
    run = open_run(arguments.profile, arguments.run_name)
    if arguments.real_people:
        print(
            "warning: this kit shows traces and movies of real people; keep it where their data may be",
            file=sys.stderr,
        )
    given_back = "origins" if given.get("ask") == "origin" else "ratings"
    plan = Plan(**given)
    kit = make_kit(run, arguments.folder, arguments.key, plan, arguments.real_people)
    if plan.order == "counterbalanced" and given_back == "ratings" and len(plan.readers) % 6:
        print(f"note: {len(plan.readers)} readers: the six orders of the displays are not used equally")
    print(
        f"{kit.page}\n    for readers: {kit.cases} cases, {kit.readings} readings each; copy the folder\n"
        f"{kit.key}\n    the key: codes, origin of the films, diagnoses; keep it from readers\n"
        f"afterwards: {called('papermill')} notebooks/07_reader_study.ipynb out.ipynb "
        f"-p profile {shlex.quote(run.given)} -r run {shlex.quote(run.name)} "
        f"-p {given_back} FOLDER_OF_ANSWERS "
        f"-p {'origins_key' if given_back == 'origins' else 'key'} {kit.key}"
    )
    return 0


def add_train(commands: argparse._SubParsersAction) -> None:
    """``train``: one network of a chapter; under ``accelerate launch`` on several devices."""
    parser = commands.add_parser("train", help=add_train.__doc__.partition(": ")[2])
    parser.add_argument("network", help="its folder below models/, such as cmr_autoencoder or aligned")
    parser.add_argument(
        "--profile", default="quick", help="smoke, quick (default), full, paper, or a YAML file"
    )
    parser.add_argument(
        "--run", default="", dest="run_name", metavar="RUN", help="default: the profile's name"
    )
    parser.set_defaults(run=run_train)


def run_train(arguments: argparse.Namespace) -> int:
    """Train it, or find it trained; the chapter then finds it too."""
    # all chapters, for the networks that they declare, and the models' libraries: seconds
    from cardiacnets import experiments
    from cardiacnets.experiments.shared.stage import DECLARED
    from cardiacnets.training import this_process

    for module in walk_packages(experiments.__path__, f"{experiments.__name__}."):
        import_module(module.name)
    if arguments.network not in DECLARED:
        raise ValueError(f"unknown network {arguments.network!r}: choose one of {', '.join(DECLARED)}")
    network, choices = DECLARED[arguments.network]
    run = open_run(arguments.profile, arguments.run_name)
    if network.prepare is not None:
        network.prepare(run)
    folder = network.fit(run, *choices)
    if this_process().is_main_process:
        print(folder)
    return 0


def add_audit(commands: argparse._SubParsersAction) -> None:
    """``audit``: what a model's predictions, or embeddings, are worth beside covariates and strangers."""
    parser = commands.add_parser("audit", help=add_audit.__doc__.partition(": ")[2])
    parser.add_argument(
        "predictions", type=Path,
        help="Parquet file of predictions in the open shape; or, with --truths, embeddings: Parquet "
        "(participant, e0, e1, ...) or .npz (participant, embedding)",
    )  # fmt: skip
    parser.add_argument(
        "--truths", type=Path, help="of embeddings: CSV or Parquet with participant and a column a truth"
    )
    parser.add_argument(
        "--beside", nargs="+", default=[], metavar="COLUMN", help="columns of --truths that are covariates"
    )
    for role in fields(Roles):
        parser.add_argument(
            f"--{role.name.replace('_', '-')}", default=role.default, metavar="ARM",
            help=f"the arm that is this (default: {role.default})",
        )  # fmt: skip
    parser.add_argument("--resamples", type=int, default=2000, help="of the bootstrap (default 2000)")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.set_defaults(run=run_audit)


def run_audit(arguments: argparse.Namespace) -> int:
    """Print one line a question."""
    if arguments.truths or holds_embeddings(arguments.predictions):
        return run_embedding_audit(arguments)
    roles = Roles(**{role.name: getattr(arguments, role.name) for role in fields(Roles)})
    rows = audit(read_predictions(arguments.predictions), roles, arguments.resamples)
    print(rows.to_json(orient="records", indent=2) if arguments.json else in_lines(rows))
    return 0


def run_embedding_audit(arguments: argparse.Namespace) -> int:
    """The same for embeddings, which a ridge regression reads."""
    if not arguments.truths:
        raise ValueError(f"{arguments.predictions} holds embeddings: name the table of truths, --truths FILE")
    embeddings = read_embeddings(arguments.predictions)
    found = audit_embeddings(
        embeddings, *read_truths(arguments.truths, arguments.beside), arguments.resamples
    )
    if arguments.json:
        tables = {"rows": found.rows, "retrieval": found.retrieval}
        shown = {name: json.loads(table.to_json(orient="records")) for name, table in tables.items()}
        print(json.dumps(shown | {"left_out": found.left_out}, indent=2))
    else:
        print(embedding_lines(found))
    return 0


def add_weights(commands: argparse._SubParsersAction) -> None:
    """``weights``: the autoencoder of the movies from simulated hearts of other seeds, as it ships."""
    parser = commands.add_parser("weights", help=add_weights.__doc__.partition(": ")[2])
    parser.add_argument("folder", type=Path, help="where weights, sizes and card are written")
    parser.add_argument("--profile", default="quick", help="whose sizes: quick (default), or a YAML file")
    parser.add_argument("--hearts", type=int, default=4000, help="simulated hearts to learn from (4000)")
    parser.add_argument("--seed", type=int, default=20261, help="theirs (20261); the next one's are rebuilt")
    parser.add_argument("--epochs", type=int, default=44, help="times that they are gone through (44)")
    parser.set_defaults(run=run_weights)


def run_weights(arguments: argparse.Namespace) -> int:
    """Learn and write them; say how well they rebuild hearts they have not seen."""
    from cardiacnets.experiments.diffusion.shipped_weights import make_weights  # needs the models' libraries

    similar = make_weights(
        arguments.folder, load_profile(arguments.profile), arguments.hearts, arguments.seed, arguments.epochs
    )
    told = ", ".join(f"{view} {value:.3f}" for view, value in similar.items())
    print(f"{arguments.folder}: structural similarity on unseen hearts: {told}")
    return 0


def add_student(commands: argparse._SubParsersAction) -> None:
    """``student``: the notebooks and the book's sources without the solutions of their exercises."""
    parser = commands.add_parser("student", help=add_student.__doc__.partition(": ")[2])
    parser.add_argument("folder", type=Path, help="where they go; must not exist")
    parser.set_defaults(run=run_student)


def run_student(arguments: argparse.Namespace) -> int:
    """Write them; say what was taken out."""
    lost = write_student_edition(arguments.folder, REPOSITORY)
    print(f"{arguments.folder}: {sum(lost.values())} solutions of {len(lost)} files left out")
    return 0


COMMANDS = (add_check, add_export, add_read, add_preprocess, add_reader_kit, add_train, add_audit,
            add_weights, add_student)  # fmt: skip
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
        print(f"error: {'; '.join([str(error), *getattr(error, '__notes__', [])])}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
