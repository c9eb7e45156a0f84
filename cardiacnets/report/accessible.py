"""Faults of the theme that keep a page from those who hear it read out, mended in the built pages."""

from __future__ import annotations

from pathlib import Path

from cardiacnets.artefacts import atomic_path

MENDED = {
    # a list may hold list items only, and screen readers then count them; the other role is deprecated
    'role="doc-biblioentry"': 'role="listitem"',
    # all that a page holds lies in some landmark; the book's title in the sidebar lay in none
    'id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar">': (
        'id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar" role="complementary" '
        'aria-label="The book">'
    ),
}
"""What the theme writes, and what stands there instead."""


def mend(folder: Path) -> list[Path]:
    """Mend every page of a built book in place; the pages that needed it."""
    mended = []
    for path in sorted(folder.rglob("*.html")):
        before = after = path.read_text(encoding="utf-8")
        for fault, remedy in MENDED.items():
            after = after.replace(fault, remedy)
        if after != before:
            with atomic_path(path) as temporary:
                temporary.write_text(after, encoding="utf-8")
            mended.append(path)
    return mended
