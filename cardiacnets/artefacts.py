"""Files that are whole or absent: everything a run writes goes through here.

A file or folder is written under a temporary name beside its target and renamed when complete, so that a
process killed at any moment leaves the old artefact or the new one, never a half. (Between the two
renames that replace a folder there is neither; what needs it then makes it again.)
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import DTypeLike


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; rename it to ``target`` if the block succeeds, delete it if
    not.

    The block may create a file or a folder at the yielded path (which keeps the target's suffix). An existing
    folder at ``target`` is replaced as a whole. Where the disk is full, whatever the library that wrote says,
    raises ``OSError`` (ENOSPC) naming the target.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    workspace = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    temporary = workspace / target.name
    try:
        yield temporary
        if target.is_dir() and not target.is_symlink():
            os.rename(target, workspace / "replaced")
        os.replace(temporary, target)
    except Exception as error:
        if not is_full(error):
            raise
        shutil.rmtree(workspace, ignore_errors=True)
        free = shutil.disk_usage(target.parent).free // 2**20
        reason = f"no room on the disk to write it whole ({free} MB free now); nothing half-written is left"
        way_out = "make room or choose another CARDIACNETS_RUNS, and give the same command again"
        raise OSError(errno.ENOSPC, f"{reason}: {way_out}", str(target)) from None
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def new_array(path: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> np.memmap:
    """A new ``.npy`` of zeros, mapped to be filled, whose room on the disk is taken at once.

    A mapped page for which there is no room when it is written ends the process without a word. Raises
    ``OSError`` naming the file if the disk is full.
    """
    array = open_memmap(path, "w+", dtype, shape)
    if hasattr(os, "posix_fallocate"):  # not on macOS, where such a page still ends the process
        try:
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:  # a file system that cannot
                raise OSError(error.errno, os.strerror(error.errno), str(path)) from None
    return array


def is_full(error: Exception) -> bool:
    """Whether ``error`` says that the disk, or a quota on it, is full: some writers say it in words only."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    numpys = isinstance(error, OSError) and "requested and" in str(error) and "written" in str(error)
    return numpys or "No space left on device" in str(error) or "Disk quota exceeded" in str(error)


def sweep(target: Path | str) -> None:
    """Remove what killed processes left of ``target`` under temporary names; nobody may be writing it."""
    target = Path(target)
    left = re.compile(re.escape(f".{target.name}.") + r"[a-z0-9_]{8}")  # as tempfile names them
    for workspace in target.parent.glob(".*"):
        if left.fullmatch(workspace.name):
            shutil.rmtree(workspace, ignore_errors=True)


def write_json(path: Path | str, content: Any) -> None:
    """Write ``content`` as sorted, indented JSON, atomically; ``ValueError`` for NaN and infinity."""
    text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path | str) -> Any:
    """The content of a JSON file; ``ValueError`` naming the file if it is not valid JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not valid JSON ({error})") from None
