"""From executed notebooks to pages: gate, guard, stage, build (warnings are errors), gate, put in place."""

from __future__ import annotations

import argparse
import html
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jupyter_server_mathjax
import nbformat
import yaml

from cardiacnets.artefacts import atomic_path, read_json
from cardiacnets.cohorts.disclosure import scan
from cardiacnets.cohorts.studied import real_cohorts
from cardiacnets.picture import Picture
from cardiacnets.report import gate
from cardiacnets.report.accessible import mend
from cardiacnets.report.address import config_with_buttons, repository_url
from cardiacnets.report.cards import data_cards, model_cards
from cardiacnets.report.claim_cards import claims_page
from cardiacnets.report.claims import load_claims
from cardiacnets.report.cost import with_cost
from cardiacnets.report.downloads import offer
from cardiacnets.report.exercise_numbers import name_exercises
from cardiacnets.report.exhibits import picture, svg_bytes
from cardiacnets.report.headline import headline
from cardiacnets.report.network_diagrams import overview
from cardiacnets.report.results import load_results
from cardiacnets.report.source_code import name_functions, write_code
from cardiacnets.report.study_exhibits import load_exhibits
from cardiacnets.report.take_away import load_take_away, take_away
from cardiacnets.run import REPOSITORY, Run, open_run

HIDDEN = "remove-input"
ANSWER = "answer.txt"
"""What the welcome page includes: the run's answer in a sentence."""
OVERVIEW = "overview.txt"
"""And the two stages as a diagram, at the sizes of the run's profile."""


def build_book(run: Run) -> Path:
    """The pages of a run, at ``run.book``; what stood there before is replaced only by a book without faults.

    Raises :class:`cardiacnets.report.gate.GateError` naming each fault, and the disclosure guard's error.
    """
    gate.require(gate.notebook_faults(run.notebooks))
    guard(run)
    source = stage(run)
    pages = build_pages(source)
    mend(pages)
    name_exercises(pages)
    shutil.copytree(Path(jupyter_server_mathjax.__file__).parent / "static", pages / "_static" / "mathjax")
    write_code(source, pages)
    gate.require(gate.page_faults(pages))
    with atomic_path(run.book) as temporary:
        shutil.move(pages, temporary)
    shutil.rmtree(source)
    return run.book


def guard(run: Run) -> None:
    """Scan notebooks and results for every real cohort of the run; each has its identifiers and threshold."""
    for manifest in real_cohorts(run).values():
        scan(run.notebooks, manifest, run.root / "results")


def stage(run: Run) -> Path:
    """A folder with everything the pages are made from: prose, executed notebooks, claims, configuration."""
    source = run.root / "book_source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(REPOSITORY / "book", source)
    config = REPOSITORY / "_config.yml"
    buttons = yaml.safe_dump(config_with_buttons(config), sort_keys=False, allow_unicode=True)
    (source / config.name).write_text(buttons, encoding="utf-8")
    results, lines = load_results(run), load_take_away(source / "take_away.yml")
    for path in sorted(run.notebooks.glob("[0-9][0-9]_*.ipynb")):
        executed, clean = nbformat.read(path, as_version=4), REPOSITORY / "notebooks" / path.name
        offered = offer(executed, clean, source, repository_url(config))
        number = path.name[:2]
        told = take_away(with_cost(offered, _provenance(run, number)), lines.get(number, ()), results)
        nbformat.write(presentable(name_functions(told), number), source / path.name)
    claims, exhibits = load_claims(source / "claims.yml"), load_exhibits(source / "exhibits.yml")
    page = claims_page(claims, results, run, exhibits)
    (source / "claims.md").write_text(page, encoding="utf-8")
    (source / "model_cards.md").write_text(model_cards(run), encoding="utf-8")
    (source / "data_cards.md").write_text(data_cards(run), encoding="utf-8")
    (source / ANSWER).write_text(headline(results, bool(real_cohorts(run))), encoding="utf-8")
    (source / OVERVIEW).write_text(_drawn(overview(run.profile)), encoding="utf-8")
    return source


def _provenance(run: Run, number: str) -> dict[str, Any]:
    """Of a chapter that ended; else empty."""
    path = run.results / f"{number}.json"
    return read_json(path)["provenance"] if path.is_file() else {}


def _drawn(diagram: Picture) -> str:
    """A diagram as a block of HTML in MyST Markdown, without a number: pages of prose have none."""
    body = picture(svg_bytes(diagram.figure), diagram.alt, "svg")
    caption = html.escape(diagram.caption, quote=False)
    return (
        f'```{{raw}} html\n<figure class="exhibit" data-content="{diagram.content}">{body}'
        f"<figcaption>{caption}</figcaption></figure>\n```\n"
    )


def presentable(notebook: nbformat.NotebookNode, number: str = "") -> nbformat.NotebookNode:
    """The notebook with its chapter's ``number`` before its title, as prose and sidebar call it, and with
    papermill's injected cell hidden: it repeats the parameters in the reader's way.
    """
    if number:
        notebook.cells[0].source = notebook.cells[0].source.replace("# ", f"# {number} ", 1)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "injected-parameters" in tags and HIDDEN not in tags:
            cell.metadata["tags"] = [*tags, HIDDEN]
    return notebook


def build_pages(source: Path) -> Path:
    """Jupyter Book's HTML of a staged folder; :class:`GateError` with its warnings if there are any."""
    output = source / "built"
    command = [
        sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(source),
        "--path-output", str(output), "--config", str(source / "_config.yml"),
        "--toc", str(source / "_toc.yml"),
        "-W", "-n", "--keep-going", "-q",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        told = [
            line for line in (done.stdout + done.stderr).splitlines() if "WARNING" in line or "ERROR" in line
        ]
        raise gate.GateError(told or [(done.stdout + done.stderr)[-2000:]])
    return output / "_build" / "html"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the book of one run; each fault is one line on standard error, and the exit code is 1."""
    parser = argparse.ArgumentParser(prog="python -m cardiacnets.report.pages", description=__doc__)
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--run", default="")
    chosen = parser.parse_args(arguments)
    try:
        book = build_book(open_run(chosen.profile, chosen.run))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"the book: {book / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
