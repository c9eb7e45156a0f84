"""Work over many rows, shard by shard: in one process or several, or scattered over jobs that share nothing
but a folder.

A shard is a range of rows. What is made of it depends on its rows alone, so that no number of processes or
parts changes a byte. A scattered job makes the shards of its part and leaves each as a file of its own below
``parts/`` of the state from which a stage resumes (:meth:`Run.unfinished`). The stage, a chapter's, takes
what lies there and makes the rest itself, so that a job that never ran costs time and nothing else. Files of
their own, and not rows of one array: on network file systems two machines that write into one page of a file
lose data. The state's folder is named after all that the stage is made from, so whatever lies there fits, of
however many parts it was.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cardiacnets.artefacts import atomic_path
from cardiacnets.parallel import process_pool

PARTS = "parts"
Shards = TypeVar("Shards", bound=Sequence)


def shards_of(count: int, size: int) -> list[range]:
    """All ``count`` rows in ranges of ``size``; the last may hold fewer."""
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def over_shards(
    make: Callable[..., Any], jobs: Sequence[tuple], processes: int, state: Path | None = None
) -> Iterator[Any]:
    """``make(*job)`` of each job, in order, in this process or in so many others.

    Arguments:
        make: a function of a module, where ``processes`` is above 1.
        jobs: one tuple a shard, which begins with the shard's range of rows; never changes what others make.
        state: where shards may lie that :func:`leave_shard` has left; they are not made again.

    An exception comes as it was raised, with a note that names the rows.
    """
    left = [state is not None and shard_file(state, job[0].start).is_file() for job in jobs]
    missing = [job for job, lies_there in zip(jobs, left, strict=True) if not lies_there]
    with ExitStack() as stack:
        if processes <= 1 or len(missing) < 2:
            made = (make(*job) for job in missing)
        else:
            pool = stack.enter_context(process_pool(min(processes, len(missing))))
            made = pool.map(make, *zip(*missing, strict=True))
        for job, lies_there in zip(jobs, left, strict=True):
            with _named(job[0], jobs[-1][0].stop):
                found = load_shard(state, job[0].start) if lies_there else next(made)
                if lies_there and found is None:
                    found = make(*job)
            yield found


@contextmanager
def _named(shard: range, count: int) -> Iterator[None]:
    """Say of whatever is raised within at which rows of ``count`` it was."""
    try:
        yield
    except Exception as error:
        error.add_note(f"while rows {shard.start} to {shard.stop - 1} of {count} were made")
        if isinstance(error, BrokenProcessPool):
            error.add_note("a process was ended from outside, often for want of memory: ask for fewer")
        raise


@dataclass(frozen=True)
class Part:
    """Part ``number`` (1 to ``of``) of a cohort's shards."""

    number: int
    of: int

    def share(self, shards: Shards) -> Shards:
        """This part's of all shards, which are next to each other; none where parts outnumber shards."""
        return shards[len(shards) * (self.number - 1) // self.of : len(shards) * self.number // self.of]

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def parse_part(text: str) -> Part:
    """The part that ``2/3`` means; ``ValueError`` if there is none."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"no part {text!r}: write 1/3, 2/3 or 3/3 for a part of three")
    return Part(int(found[1]), int(found[2]))


def shard_file(state: Path, start: int) -> Path:
    """Where a job leaves the shard that begins with row ``start``."""
    return state / PARTS / f"{start:09d}.npz"


def leave_shard(state: Path, start: int, make: Callable[[], Mapping[str, np.ndarray]]) -> None:
    """Make a shard's arrays and leave them, whole or not at all, unless they lie there."""
    path = shard_file(state, start)
    if not zipfile.is_zipfile(path):  # false where there is none, and where one is cut short
        with atomic_path(path) as temporary:
            np.savez(temporary, **make())


def load_shard(state: Path, start: int) -> dict[str, np.ndarray] | None:
    """The arrays that a job has left of a shard; ``None`` where none lies there, or none that is whole."""
    try:
        with np.load(shard_file(state, start), allow_pickle=False) as arrays:
            return dict(arrays)
    except (FileNotFoundError, EOFError, ValueError, zipfile.BadZipFile, zlib.error):
        return None
