"""A drawn figure with the words it never goes without: what a chapter's ``draw`` functions return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from matplotlib.figure import Figure

Content = Literal["aggregate", "simulated", "individual", "public"]
"""Whom a picture shows: many people, nobody, one person, or one person whose record is published openly."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, its name within the chapter, its caption, a description for who cannot see it, and whom it
    shows.
    """

    figure: Figure
    name: str
    caption: str
    alt: str
    content: Content = "aggregate"
    simulated: bool = True
    """Whether it comes from a cohort of the run; the caption of what does not leaves its origin unsaid."""
    vector: bool = False
    """Kept as SVG instead of PNG: lines and letters that stay sharp at any size."""
