"""Chapter 90: its length is what its title says, and its picture shows the curve that it is given."""

from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection

from cardiacnets.experiments.in_100_lines import draw

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "90_in_100_lines.ipynb"


def test_the_chapter_has_a_hundred_lines_of_code_or_fewer():
    """Those that only lay out the table aside; with imports and all that is recorded."""
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    shown = [cell.source for cell in cells if "hide-input" not in cell.metadata.get("tags", [])]
    assert 50 < sum(bool(line.strip()) for text in shown for line in text.splitlines()) <= 100


def test_the_curve_has_a_line_and_its_intervals_for_each_arm():
    curve = pd.DataFrame(
        {"arm": arm, "labels": n, "estimate": place / 10, "low": place / 10 - 0.02, "high": place / 10 + 0.03}
        for place, arm in enumerate(draw.TITLES)
        for n in (50, 100, 224)
    )
    (axis,) = draw.label_curve(curve).figure.axes
    lines = {line.get_label(): line for line in axis.lines if not line.get_label().startswith("_")}
    assert list(lines) == list(draw.TITLES.values())
    for place, (arm, title) in enumerate(draw.TITLES.items()):
        assert np.allclose(lines[title].get_ydata(), place / 10)
        assert (lines[title].get_linestyle() == "--") == ("strangers" in title) == arm.endswith("permuted")
    bars = [each for each in axis.collections if isinstance(each, LineCollection)]
    ends = [segment[:, 1] for segment in bars[1].get_segments()]
    assert np.allclose(ends, [[0.08, 0.13]] * 3)
    assert [label.get_text() for label in axis.get_xticklabels()] == ["50", "100", "224"]
