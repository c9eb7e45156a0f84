"""The gate stops each kind of fault, planted one at a time, and names file and place."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from cardiacnets.report import gate

GOOD = (
    '<figure id="fig-1"><img alt="A line" src="data:image/png;base64,xx"></figure>'
    '<video controls aria-label="A beat"><source src="data:video/mp4;base64,xx"></video>'
)


def cell(html: str = GOOD, **fields):
    output = new_output("display_data", data={"text/html": html})
    return new_code_cell("show()", **{"execution_count": 1, "outputs": [output]} | fields)


def write(folder: Path, *cells, **metadata) -> list[gate.Fault]:
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), folder / "05_tasks.ipynb")
    return gate.notebook_faults(folder)


def page(folder: Path, body: str, head: str = "", name: str = "index.html") -> list[gate.Fault]:
    (folder / name).write_text(f"<html><head>{head}</head><body>{body}</body></html>", encoding="utf-8")
    return gate.page_faults(folder)


def test_a_sound_notebook_passes(tmp_path):
    assert write(tmp_path, cell()) == []


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        (
            {"outputs": [new_output("error", ename="ValueError", evalue="no beat", traceback=[])]},
            "error ValueError: no beat",
        ),
        ({"execution_count": None}, "never executed"),
        ({"outputs": [new_output("display_data", data={"image/png": "xx"})]}, "bare picture"),
        ({"html": '<img src="data:image/png;base64,xx">'}, "no alt text"),
        ({"html": '<img alt=" " src="data:image/png;base64,xx">'}, "no alt text"),
        ({"html": '<video controls src="data:video/mp4,x"></video>'}, "no alt text"),
        ({"html": '<video aria-label="x" src="data:video/mp4,x"></video>'}, "no controls"),
        (
            {"html": '<script src="https://cdn.example.org/plot.js"></script>'},
            "loads https://cdn.example.org/plot.js",
        ),
    ],
)
def test_a_fault_in_a_notebook_names_file_and_cell(tmp_path, fields, fault):
    found = write(tmp_path, cell(), cell(**fields))
    assert [each.file for each in found] == ["05_tasks.ipynb"]
    assert found[0].place.startswith("cell 2") and fault in found[0].what


def test_papermill_exceptions_unreadable_files_and_empty_folders_are_faults(tmp_path):
    assert "no executed notebooks" in gate.notebook_faults(tmp_path)[0].what
    assert "papermill" in write(tmp_path, cell(), papermill={"exception": True})[0].what
    (tmp_path / "06_bad.ipynb").write_text("{")
    assert any(
        fault.file == "06_bad.ipynb" and "not a notebook" in fault.what
        for fault in gate.notebook_faults(tmp_path)
    )


def test_a_sound_page_passes(tmp_path):
    page(tmp_path, '<h1 id="top-of-b">B</h1>', name="b.html")
    links = (
        '<a href="b.html#top-of-b">b</a> <a href="#fig-1">here</a> <a href="https://example.org">the web</a>'
    )
    assert page(tmp_path, GOOD + links, '<link rel="canonical" href="https://example.org/">') == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<script src="https://cdn.example.org/a.js"></script>', "loads https"),
        ('<script src="//cdn.example.org/a.js"></script>', "loads //cdn"),
        ('<link rel="stylesheet" href="https://fonts.example.org/a.css">', "loads https"),
        ('<link rel="preconnect" href="https://fonts.example.org">', "loads https"),
        ('<img alt="x" src="http://example.org/a.png">', "loads http"),
        ('<img alt="x" src="a.png" srcset="a.png 1x, https://example.org/b.png 2x">', "loads https"),
        ('<img alt="x" src="a.png" srcset="a.png 1x,https://example.org/b.png 2x">', "loads https"),
        ('<iframe title="x" src="https://example.org"></iframe>', "loads https"),
        ('<style>@import url("https://example.org/a.css");</style>', "loads https"),
        ('<p style="background:url(https://example.org/a.png)">x</p>', "loads https"),
        ('<a href="nowhere.html">x</a>', "leads nowhere"),
        ('<a href="#nothing">x</a>', "no such place"),
        ('<a href="b.html#nothing">x</a>', "no such place"),
        ("<p>{glue:text}`ukb.cm.auc`</p>", "not glued"),
        ('<img src="a.png">', "no alt text"),
        ('<video aria-label="x"></video>', "no controls"),
    ],
)
def test_a_fault_on_a_page_is_named(tmp_path, body, fault):
    page(tmp_path, "b", name="b.html")
    found = page(tmp_path, body)
    assert [each.file for each in found] == ["index.html"]
    assert fault in f"{found[0].place} {found[0].what}"


def test_style_sheets_load_nothing_from_the_network(tmp_path):
    page(tmp_path, GOOD)
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "a.css").write_text("p { background: url(b.png) }")
    assert gate.page_faults(tmp_path) == []
    (tmp_path / "_static" / "a.css").write_text(
        '@font-face { src: url("https://fonts.example.org/x.woff2") }'
    )
    assert [fault.file for fault in gate.page_faults(tmp_path)] == ["_static/a.css"]


def test_words_about_glue_in_code_are_not_a_fault(tmp_path):
    assert page(tmp_path, "<script>const shown = '{glue:text}'</script>") == []


def test_the_command_line_prints_a_line_a_fault(tmp_path, capsys):
    page(tmp_path, '<img src="a.png"><a href="x.html">x</a>')
    assert gate.main([str(tmp_path)]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2
    page(tmp_path, GOOD)
    assert gate.main([str(tmp_path)]) == 0
