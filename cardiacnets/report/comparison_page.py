"""The page that sets two runs side by side: one HTML file that needs nothing else."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from cardiacnets.report.results import decimals, number
from cardiacnets.run import CHAPTERS

if TYPE_CHECKING:  # it imports this module
    from cardiacnets.report.compare import Difference, Study

STYLE = """
:root { color-scheme: light dark; --line: #8886; --mark: #b3541e; }
@media (prefers-color-scheme: dark) { :root { --mark: #f0a070; } }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
th[scope=row] { font-weight: 400; min-width: 7rem; overflow-wrap: anywhere; }
tr.exceeds td:last-child { color: var(--mark); font-weight: 600; }
caption { padding: .25rem 0; text-align: left; }
summary { cursor: pointer; font-size: 1.15rem; font-weight: 600; padding: .5rem 0; }
"""
RULE = (
    "The interval of a difference takes the two runs for independent studies: each limit of the "
    "difference lies from it by the root of the two distances between values and limits, squared and "
    "added (Zou and Donner 2008). A difference exceeds its interval where that does not hold 0. Both "
    "intervals must have one level. Where a result's method does not name trainings, its interval "
    "resamples people only: two trainings of one network may differ by more than it says."
)
SAME_SEED = (
    "Both runs have the same seed, so they drew the same people, and are not independent. What they share "
    "moves both alike, so the interval is wider than it need be: a mark stands, but its absence does not "
    "say that nothing changed."
)
CHANGES = "A commit with +changes ran code that no commit holds, so equal commits need not mean equal code."


def comparison_page(
    a: Study, b: Study, differences: Sequence[Difference], reasons: Sequence[str] = ()
) -> str:
    """The page of two runs whose ``differences`` were found; ``reasons``: in what else they are unlike."""
    marked = [each for each in differences if each.word.startswith("exceeds")]
    title = f"{a.folder.name} and {b.folder.name}: two runs side by side"
    real = [*a.real(), *b.real()]
    origin = (
        f"With real cohorts ({'; '.join(dict.fromkeys(real))}); read it before it leaves the place where "
        "they may be."
        if real
        else "Everything here is simulated."
    )
    exceeding = _table(marked, "What exceeds its interval") if marked else _paragraph("Nothing.")
    commits = (*a.told("commit"), *b.told("commit"))
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        _paragraph(f"{origin} Nothing here is for clinical use."),
        _paragraph(_summary(differences, marked)),
        _unlike(reasons),
        _provenance(a, b),
        f"<h2>The rule</h2>{_paragraph(RULE)}",
        _paragraph(SAME_SEED) if set(a.told("seed")) & set(b.told("seed")) else "",
        _paragraph(CHANGES) if any("+changes" in commit for commit in commits) else "",
        f"<h2>What exceeds its interval</h2>{exceeding}",
        "<h2>Every key</h2>",
        *(_chapter(chapter, list(rows)) for chapter, rows in groupby(differences, lambda each: each.chapter)),
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{''.join(filter(None, parts))}</main></body></html>\n"
    )


def _summary(differences: Sequence[Difference], marked: Sequence[Difference]) -> str:
    tested = [each for each in differences if each.interval is not None]
    chance = sum(each.chance for each in tested)
    counts = Counter(each.word for each in differences)
    told = "; ".join(f"{count:,} {word}" for word, count in counts.most_common())
    return (
        f"Of {len(differences):,} keys: {told}. Of {len(tested):,} differences with an interval, "
        f"{len(marked):,} exceed it; {number(chance, 1)} would on average if the two runs differed by "
        "chance alone. Many keys rest on the same people, so that count by chance scatters widely about "
        "its mean."
    )


def _unlike(reasons: Sequence[str]) -> str:
    if not reasons:
        return ""
    items = "".join(f"<li>{html.escape(reason)}</li>" for reason in reasons)
    return (
        f"<h2>Unlike in more than seeds</h2><p>Any of these may be behind a difference:</p><ul>{items}</ul>"
    )


def _provenance(a: Study, b: Study) -> str:
    rows = {
        "Folder": ([a.folder.name], [b.folder.name]),
        "Chapters": (list(a.provenance), list(b.provenance)),
    }
    for name in ("profile", "settings", "seed", "commit", "device"):
        rows[name.capitalize()] = (a.told(name), b.told(name))
    rows["Versions"] = tuple(
        [f"{name} {version}" for name, version in one.versions().items()] for one in (a, b)
    )
    body = "".join(
        f'<tr><th scope="row">{term}</th>' + "".join(f"<td>{_joined(each)}</td>" for each in pair) + "</tr>"
        for term, pair in rows.items()
    )
    return f"<h2>The runs</h2>{_framed('The runs', ('', 'A', 'B'), body)}"


def _chapter(chapter: str, rows: list[Difference]) -> str:
    name = next((name for name in CHAPTERS if name.startswith(chapter)), chapter)
    exceeding = sum(each.word.startswith("exceeds") for each in rows)
    head = html.escape(f"{name.replace('_', ' ')}: {len(rows):,} keys, {exceeding:,} exceed their interval")
    return f"<details><summary>{head}</summary>{_table(rows, f'Chapter {chapter}')}</details>"


def _table(rows: Iterable[Difference], name: str) -> str:
    return _framed(name, ("Key", "A", "B", "B − A", "Verdict"), "".join(map(_row, rows)))


def _row(row: Difference) -> str:
    shown = ""
    if row.value is not None:
        digits = decimals(row.value, *(row.interval or ()))
        shown = number(row.value, digits)
        if row.interval is not None:
            shown += f" ({' to '.join(number(end, digits) for end in row.interval)})"
    verdict = row.word + (f": {row.detail}" if row.detail and row.word == "not comparable" else "")
    cells = [str(row.a or "–"), str(row.b or "–"), shown, verdict]
    mark = ' class="exceeds"' if row.word.startswith("exceeds") else ""
    return (
        f'<tr{mark}><th scope="row"><code>{html.escape(row.key)}</code></th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        + "</tr>"
    )


def _framed(name: str, columns: Sequence[str], body: str) -> str:
    head = "".join(f'<th scope="col">{column}</th>' if column else "<td></td>" for column in columns)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{name}, scrollable table">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _joined(found: Sequence[str]) -> str:
    return html.escape(", ".join(found)) or "not recorded"
