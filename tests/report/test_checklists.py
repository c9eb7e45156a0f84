"""The reporting checklists are whole, and a link that leads nowhere stops the build."""

import json
import re
import shutil
from pathlib import Path

import pytest

from cardiacnets.report.gate import GateError
from cardiacnets.report.pages import build_pages

REPOSITORY = Path(__file__).parents[2]
CHECKLISTS = REPOSITORY / "book" / "checklists.md"
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)(?:#([^)]+))?\)")


def rows(section: str) -> list[tuple[str, str]]:
    """Item numbers and places of one checklist."""
    part = CHECKLISTS.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return [(item, place) for item, _, place in cells if item != "Item"]


def headings(name: str) -> set[str]:
    """Anchors of a page, as MyST makes them of its headings."""
    path = REPOSITORY / ("notebooks" if name.endswith(".ipynb") else "book") / name
    text = path.read_text()
    if name.endswith(".ipynb"):
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_no_item_is_missing():
    parts = {"3": "abc", "5": "ab", "6": "abc", "8": "abc", "9": "abc", "12": "abcdefg", "18": "abcdef",
             "20": "abc", "23": "ab", "27": "abc"}  # fmt: skip
    tripod = [f"{item}{part}" for item in range(1, 28) for part in parts.get(str(item), [""])]
    assert [item for item, _ in rows("TRIPOD+AI")] == tripod and len(tripod) == 52
    assert [item for item, _ in rows("CLAIM")] == [str(item) for item in range(1, 43)]


def test_each_item_leads_somewhere_or_says_why_not():
    for item, place in rows("TRIPOD+AI") + rows("CLAIM"):
        links = LINK.findall(place)
        assert links or re.search(r"not (met|applicable)[^:]*: .+|as TRIPOD", place), item
        for name, anchor in links:
            if name == "claims.md":  # written by each build
                continue
            assert not anchor or anchor in headings(name), f"{item}: {name}#{anchor}"
            assert (REPOSITORY / "book" / name).exists() or (REPOSITORY / "notebooks" / name).exists(), item


@pytest.mark.parametrize(
    ("link", "sound"),
    [("other.md#a-place", True), ("other.md#no-such-place", False), ("nowhere.md", False)],
)
def test_a_dead_link_stops_the_build(tmp_path, link, sound):
    shutil.copy(REPOSITORY / "_config.yml", tmp_path)
    shutil.copy(REPOSITORY / "book" / "references.bib", tmp_path)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: start\nchapters: [{file: other}]\n")
    (tmp_path / "start.md").write_text(f"# Start\n\n| Item | Where |\n|---|---|\n| 1 | [there]({link}) |\n")
    (tmp_path / "other.md").write_text("# Other\n\n## A place\n\nText.\n")
    if sound:
        assert (build_pages(tmp_path) / "start.html").is_file()
    else:
        with pytest.raises(GateError, match="no-such-place|nowhere"):
            build_pages(tmp_path)
