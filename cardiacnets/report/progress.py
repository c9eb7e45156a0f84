"""The papermill engine of the chapters: says which cell runs, how long it took, and starts kernels again.

``papermill --engine chapter`` prints lines such as ``[05_downstream_tasks] cell 7/31 "Fine-tuning" 12 s``.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager

from cardiacnets.report.builder_watch import end_with_builder
from cardiacnets.report.duration import duration
from cardiacnets.report.tried_solutions import with_solutions

STARTS = 3
SLOW = 2.0
"""Seconds after which a finished cell is worth a line of its own."""


class ChapterEngine(NBClientEngine):
    """papermill's own engine, with a line a cell and another try where a kernel did not start."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any
    ) -> None:
        """Run the notebook; a kernel that dies before the first cell (two took one port) is started again."""
        name = Path(options.get("input_path") or "notebook").stem
        end_with_builder()
        # the kernel's own log has nothing to say that the notebook and papermill do not
        options["extra_arguments"] = ["--log-level=CRITICAL"]
        # after the last cell all is on disk: a kernel that takes leave of its libraries does so for seconds
        options["shutdown_kernel"] = "immediate"
        with with_solutions(nb_man.nb, name):
            progress = Progress(nb_man, name)
            for attempt in range(1, STARTS + 1):
                try:
                    return super().execute_managed_notebook(nb_man, kernel_name, **options)
                except RuntimeError as error:
                    if progress.started or attempt == STARTS:
                        raise
                    progress.say(f"the kernel did not start ({error}); trying again")


class Progress:
    """Prints when a code cell of ``manager``'s notebook starts, and how long it took if that was long."""

    def __init__(self, manager: NotebookExecutionManager, name: str):
        self.name, self.titles = name, cell_titles(manager.nb.cells)
        self.started = False
        self._since = 0.0
        self._start, self._complete = manager.cell_start, manager.cell_complete
        manager.cell_start, manager.cell_complete = self.cell_start, self.cell_complete

    def cell_start(self, cell: Any, cell_index: int, **options: Any) -> None:
        self.started, self._since = True, time.monotonic()
        if cell.cell_type == "code":
            self.say(self._which(cell_index))
        self._start(cell, cell_index=cell_index, **options)

    def cell_complete(self, cell: Any, cell_index: int, **options: Any) -> None:
        self._complete(cell, cell_index=cell_index, **options)
        seconds = time.monotonic() - self._since
        if cell.cell_type == "code" and seconds >= SLOW:
            self.say(f"{self._which(cell_index)} {duration(seconds)}")

    def say(self, text: str) -> None:
        print(f"[{self.name}] {text}", file=sys.stderr, flush=True)

    def _which(self, index: int) -> str:
        return f'cell {index + 1}/{len(self.titles)} "{self.titles[index]}"'


def cell_titles(cells: list[Any]) -> list[str]:
    """One title a cell: its own first comment, else the heading it stands under."""
    titles, heading = [], "start"
    for cell in cells:
        if cell.cell_type == "markdown" and (found := re.search(r"^#+ +(.+)$", cell.source, re.MULTILINE)):
            heading = found[1].strip()
        comment = re.match(r"\s*# +(.+)", cell.source) if cell.cell_type == "code" else None
        titles.append(comment[1].strip() if comment else heading)
    return titles
