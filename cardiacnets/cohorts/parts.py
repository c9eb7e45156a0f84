"""A stage that goes over a cohort shard by shard, scattered over jobs that share nothing but a folder.

A job makes the shards of its part and leaves each as a file of its own below ``parts/`` of the state from
which the stage resumes (:meth:`Run.unfinished`). The stage, a chapter's, takes what lies there and makes the
rest itself, so that a job that never ran costs time and nothing else. Files of their own, and not rows of one
array: on network file systems two machines that write into one page of a file lose data. The state's folder
is named after all that the stage is made from, so whatever lies there fits, of however many parts it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from cardiacnets.artefacts import atomic_path

PARTS = "parts"
Shards = TypeVar("Shards", bound=Sequence)


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
    if not path.is_file():
        with atomic_path(path) as temporary:
            np.savez(temporary, **make())


def load_shard(state: Path, start: int) -> dict[str, np.ndarray]:
    """The arrays that a job has left of a shard."""
    with np.load(shard_file(state, start), allow_pickle=False) as arrays:
        return dict(arrays)
