"""Each chapter says in three lines what to take away, from its results alone; nothing is typed."""

import re
from pathlib import Path

import nbformat
import pytest
from test_prose import VALUE, states_a_direction

from cardiacnets.report.results import KEY
from cardiacnets.report.take_away import LINES, PLACE, TAG, keys_of, load_take_away

REPOSITORY = Path(__file__).parents[2]
CHAPTERS = sorted((REPOSITORY / "notebooks").glob("0[0-9]_*.ipynb"))
TAKEN = load_take_away(REPOSITORY / "book" / "take_away.yml")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_has_its_lines_and_a_place_for_them_below_its_opening(path):
    cells = nbformat.read(path, as_version=4).cells
    assert [place for place, cell in enumerate(cells) if TAG in cell.metadata.get("tags", ())] == [1]
    assert "Filled in when the chapter has run" in cells[1].source
    assert len(TAKEN[path.name[:2]]) == LINES


def test_no_lines_are_left_over():
    assert sorted(TAKEN) == [path.name[:2] for path in CHAPTERS]


@pytest.mark.parametrize("chapter", sorted(TAKEN))
def test_no_line_types_a_number_or_a_direction(chapter):
    for line in TAKEN[chapter]:
        assert not re.search(r"\d", PLACE.sub("", line)), line
        assert not states_a_direction(PLACE.sub(VALUE, line)), line
        assert all(KEY.fullmatch(key) for key in keys_of(line))


@pytest.mark.parametrize("chapter", sorted(TAKEN))
def test_a_wording_stands_with_the_number_that_decides_it(chapter):
    for line in TAKEN[chapter]:
        worded = {key.strip() for key, wordings in PLACE.findall(line) if wordings}
        shown = {key.strip() for key, wordings in PLACE.findall(line) if not wordings}
        assert worded <= shown, f"{worded - shown} decide words of a line that does not show them: {line}"
