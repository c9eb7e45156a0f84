"""What the theme does wrong is mended, and nothing else is touched."""

from cardiacnets.report.accessible import mend

LIST = '<div role="list"><div class="citation" role="doc-biblioentry">One</div></div>'


def test_entries_of_a_list_are_list_items_and_other_pages_stay_as_they_are(tmp_path):
    (tmp_path / "references.html").write_text(LIST)
    (tmp_path / "other.html").write_text("<p>doc-biblioentry</p>")
    before = (tmp_path / "other.html").stat().st_mtime_ns
    assert [path.name for path in mend(tmp_path)] == ["references.html"]
    assert (tmp_path / "references.html").read_text() == LIST.replace("doc-biblioentry", "listitem")
    assert (tmp_path / "other.html").stat().st_mtime_ns == before
    assert mend(tmp_path) == []
