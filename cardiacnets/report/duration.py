"""Seconds as people say them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """``12 s`` or ``3 min 5 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
