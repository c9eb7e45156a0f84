"""What a notebook reports: numbers, figures, films, tables, and a footer that says how they were made.

Where a cohort is restricted, small counts of people are withheld from all of them
(:mod:`cardiacnets.report.small_counts`).
"""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, display
from matplotlib.figure import Figure
from myst_nb import glue

from cardiacnets.artefacts import atomic_path
from cardiacnets.cmr.movie import Film
from cardiacnets.cohorts.counts import threshold
from cardiacnets.cohorts.studied import real_cohorts
from cardiacnets.picture import Content, Picture
from cardiacnets.pretrained import require_weights
from cardiacnets.report.exhibits import (
    SIMULATED,
    exhibit,
    for_page,
    picture,
    png_bytes,
    required,
    svg_bytes,
    table_html,
)
from cardiacnets.report.provenance import cohorts_html, describe, footer_html
from cardiacnets.report.results import ResultsFile, make_result
from cardiacnets.report.small_counts import result_withheld, table_withheld, text_withheld
from cardiacnets.run import Run, open_run
from cardiacnets.theme import use_theme

FIRST = "00"
"""The chapter that makes the cohorts: what lies there before it may be another run's."""


class Chapter:
    """One chapter of one run; made by :func:`open_chapter`."""

    def __init__(self, number: str, run: Run, folder: Path):
        self.number, self.run = number, run
        self._figures = folder / "figures"
        self._start = time.monotonic()
        self._names: set[str] = set()
        self._counts = {"Figure": 0, "Table": 0}
        header = {"chapter": number, "profile": run.profile.name, "run": run.name}
        self._results = ResultsFile(folder / "results" / f"{number}.json", header)

    def record(self, key: str, found: Any, **words: Any) -> None:
        """Keep an estimate, or a plain number, in the run's results and give it to the prose as
        ``{glue:text}`` of its key.

        ``words``: what the estimate itself does not know, ``of``, ``unit`` and ``method``, and beside a plain
        number ``n`` and ``pvalue``; see :func:`~cardiacnets.report.results.make_result`, also for what is
        refused.
        """
        result = make_result(key, found, **words, seed=self.run.profile.seed, chapter=self.number)
        result = result_withheld(result, self._least)
        self._results.add(result)
        self.note(key, str(result))

    def note(self, key: str, text: str) -> None:
        """Make computed words available to the prose as ``{glue:text}`` of ``key``."""
        glue(key, text_withheld(required(text, f"note {key}"), self._least), display=False)

    def show(self, picture: Picture) -> None:
        """Show a drawn picture with its words, as :meth:`figure` does."""
        self.figure(
            picture.figure, picture.name, caption=picture.caption, alt=picture.alt,
            content=picture.content, simulated=picture.simulated, vector=picture.vector,
        )  # fmt: skip

    def figure(
        self, fig: Figure, name: str, *, caption: str, alt: str, content: Content, simulated: bool = True,
        vector: bool = False,
    ) -> None:  # fmt: skip
        """Show a matplotlib figure with its words, keep it as ``figures/NN-name.png``, or, where it is a
        ``vector`` drawing, as ``.svg``, and close it.

        ``simulated=False``: from no cohort of the run, so its caption does not say what it comes from.
        """
        kind = "svg" if vector else "png"
        file = svg_bytes(fig) if vector else png_bytes(fig)
        shown, shown_kind = (file, kind) if vector else for_page(file)
        body = picture(shown, text_withheld(alt, self._least), shown_kind)
        self._show("Figure", name, body, caption, content, simulated)
        with atomic_path(self._figures / f"{self.number}-{name}.{kind}") as temporary:
            temporary.write_bytes(file)
        plt.close(fig)

    def movie(
        self, film: Film, name: str, *, caption: str, alt: str, content: Content, simulated: bool = True
    ) -> None:
        """Show a film (of :func:`cardiacnets.cmr.movie.film`) with caption and description.

        Raises ``ValueError`` for anything else, which may have neither controls nor words.
        """
        if not isinstance(film, Film):
            found = type(film).__name__
            raise ValueError(f"a film with controls is made by cardiacnets.cmr.movie.film, found {found}")
        body = film.html(text_withheld(required(alt, "alt text"), self._least), content)
        self._show("Figure", name, body, caption, content, simulated)

    def table(
        self, table: pd.DataFrame, name: str, *, caption: str, content: Content = "aggregate",
        simulated: bool = True, collapsed: bool = False,
    ) -> None:  # fmt: skip
        """Show a table (without its index; the first column heads the rows); ``collapsed`` folds it away.

        Columns that end in ``_method`` are for :meth:`record` and not shown.
        """
        table = table[[name for name in table.columns if not str(name).endswith("_method")]]
        identifier, label = self._label("Table", name)
        origin = self._origin(content, simulated)
        if content != "simulated":
            table, caption = table_withheld(table, self._least), text_withheld(caption, self._least)
        display(HTML(table_html(table, identifier, label, caption, content, origin, collapsed)))

    def footer(self) -> None:
        """Close the chapter: show its provenance and keep it with the results."""
        self._results.provenance = describe(self.run, time.monotonic() - self._start)
        self._results.write()
        display(HTML(footer_html(self._results.provenance)))

    @property
    def _least(self) -> int:
        """The smallest count of people that this chapter may show."""
        if self.number == FIRST:  # its cohorts are still to come
            return threshold(self.run)
        return self._threshold

    @cached_property
    def _threshold(self) -> int:
        return threshold(self.run)

    def _show(self, kind: str, name: str, body: str, caption: str, content: Content, simulated: bool) -> None:
        caption = text_withheld(required(caption, "caption"), self._least)
        identifier, label = self._label(kind, name)
        display(HTML(exhibit(body, identifier, label, caption, content, self._origin(content, simulated))))

    def _origin(self, content: Content, simulated: bool) -> str:
        """What a caption says of its data: simulated, or from a run with real cohorts, which it names."""
        if not simulated or content == "simulated":
            return SIMULATED if simulated else ""
        real = ", ".join(real_cohorts(self.run))
        return f"Real: {real}; any other cohort is simulated." if real else SIMULATED

    def _label(self, kind: str, name: str) -> tuple[str, str]:
        if name in self._names:
            raise ValueError(f"chapter {self.number} already shows {name!r}: names are unique in a chapter")
        self._names.add(name)
        self._counts[kind] += 1
        short = {"Figure": "fig", "Table": "tab"}[kind]
        return f"{short}-{self.number}-{name}", f"{kind} {self.number}.{self._counts[kind]}"


def open_chapter(number: str, *, profile: str, run: str = "", own: bool = False) -> Chapter:
    """Start chapter ``number`` ("00" to "99") of a run afresh: what it recorded before is dropped.

    Arguments:
        number: two digits, as in the notebook's name.
        profile: a profile's name or YAML file.
        run: the run's name; empty for the profile's.
        own: whether it is about data that a person brought, such as an ECG or answers. Then the run's results
            and figures stay as they are, and the chapter's own go to :meth:`~cardiacnets.run.Run.own`, which
            a line tells: no page, claim or comparison reads them.

    Raises ``ValueError`` for a malformed number, an unknown profile or an impossible run name.
    """
    if len(number) != 2 or not number.isdigit():
        raise ValueError(f'chapter {number!r} must be two digits, such as "05"')
    use_theme()
    here = open_run(profile, run)
    require_weights(here.profile)
    chapter = Chapter(number, here, here.own(number) if own else here.root)
    if own:
        print(f"Your own data: results and figures go to {here.own(number)}; the run's stay as they are.")
    if number != FIRST and (real := real_cohorts(chapter.run)):
        display(HTML(cohorts_html(real)))
    return chapter
