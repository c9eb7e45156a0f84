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


def test_the_sidebar_is_a_landmark_and_named(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<div id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar">\n<a>One</a></div>')
    assert mend(tmp_path) == [page]
    assert 'role="complementary" aria-label="The book">' in page.read_text()
