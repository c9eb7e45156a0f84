"""CODE-15 traces, which are recognised only to be refused: most last seven seconds, none states its unit."""

from __future__ import annotations

from pathlib import Path

from scipy.io import whosmat


def is_code15(path: Path) -> bool:
    """Whether a ``.mat`` file without WFDB header holds a trace as the CODE-15 collection is distributed."""
    try:
        names = {name for name, *_ in whosmat(path)}
    # scipy parses what strangers wrote and fails in any way it likes; what it cannot list is no CODE-15 trace
    except Exception:
        return False
    return {"feats", "curr_sample_rate"} <= names
