"""The study's own figures and tables, and where this book shows the same."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from cardiacnets.report.places import Place

ABSENT = "not in this run"
KEYS = {"exhibit", "shows", "here", "difference"}


@dataclass(frozen=True)
class Exhibit:
    """A figure or table of the study: what it ``shows``, the identifiers of what stands for it ``here``, and
    the ``difference``, or what stands instead.
    """

    exhibit: str
    shows: str
    here: tuple[str, ...] = ()
    difference: str = ""


def load_exhibits(path: Path) -> list[Exhibit]:
    """The exhibits of a YAML list; ``ValueError``, in one line, naming the file and the entry at fault."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(rows, list):
        raise ValueError(f"{path}: expected a list of exhibits, found {type(rows).__name__}")
    found: dict[str, Exhibit] = {}
    for place, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not {"exhibit", "shows"} <= set(row) <= KEYS:
            raise ValueError(
                f"{path}: entry {place}: expected the keys {', '.join(sorted(KEYS))}, found {row!r:.80}"
            )
        if row["exhibit"] in found:
            raise ValueError(f"{path}: entry {place}: {row['exhibit']} stands twice")
        if not row.get("here") and not row.get("difference"):
            raise ValueError(
                f"{path}: entry {place}: {row['exhibit']} is nowhere here; say what stands instead"
            )
        found[row["exhibit"]] = Exhibit(**row | {"here": tuple(row.get("here") or ())})
    return list(found.values())


def exhibits_table(exhibits: Sequence[Exhibit], known: Mapping[str, Place]) -> str:
    """A section in MyST Markdown: a row an exhibit, with links to all that this run has of it."""
    rows = "".join(
        f'<tr><th scope="row">{html.escape(each.exhibit)}</th><td>{html.escape(each.shows)}</td>'
        f"<td>{_links(each, known)}</td></tr>"
        for each in exhibits
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("In the study", "It shows", "In this book"))
    return (
        "## The study's figures and tables\n\nAs numbered in the preprint.\n\n```{raw} html\n"
        '<div class="exhibit studied" data-content="aggregate"><div class="wide" role="region" tabindex="0" '
        'aria-label="The figures and tables of the study, scrollable table"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></div>\n```"
    )


def _links(exhibit: Exhibit, known: Mapping[str, Place]) -> str:
    found = [known[each] for each in exhibit.here if each in known]
    links = ", ".join(f'<a href="{place.link}">{place.label}</a>' for place in found)
    said = html.escape(exhibit.difference)
    return "; ".join(filter(None, (links or (ABSENT if exhibit.here else ""), said)))
