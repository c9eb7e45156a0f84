"""Buttons that lead to the repository: none without an address, each to its chapter with one."""

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cardiacnets.report import address
from cardiacnets.report.gate import page_faults
from cardiacnets.report.pages import build_pages

PLACE = "https://github.com/someone/a-book"


@pytest.fixture
def config(tmp_path):
    """The shipped configuration, with an address of one's own."""

    def write(url):
        content = yaml.safe_load(address.CONFIG.read_text())
        content["repository"]["url"] = url
        path = tmp_path / "_config.yml"
        path.write_text(yaml.safe_dump(content))
        return path

    return write


def test_without_an_address_the_configuration_has_no_button(config):
    found = address.config_with_buttons(config(""))
    theme = found["sphinx"]["config"]["html_theme_options"]
    assert "repository" not in found and "launch_buttons" not in found
    assert not [name for name in theme if name.startswith(("repository", "launch", "use_repository"))]


@pytest.mark.parametrize(
    "url", ["somewhere", "http://github.com/a/b", "https://github.com/a", "git@host:a/b", 7]
)
def test_what_is_no_address_of_a_repository_is_refused_by_file(config, url):
    with pytest.raises(ValueError, match=r"_config\.yml: repository: url: .* https://HOST/OWNER/NAME"):
        address.config_with_buttons(config(url))


def test_pages_have_buttons_once_there_is_an_address(tmp_path, config):
    """A built page opens its own notebook on the branch of the configuration, and loads nothing for it.

    (That a book without an address has none is seen on the smoke book, in tests/book.)
    """
    staged = tmp_path / "staged"
    staged.mkdir()
    (staged / "_config.yml").write_text(yaml.safe_dump(address.config_with_buttons(config(PLACE))))
    (staged / "_toc.yml").write_text("format: jb-book\nroot: 06_statistics\n")
    (staged / "references.bib").write_text("")
    cells = [new_markdown_cell("# Statistics\n\nWords.")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), staged / "06_statistics.ipynb")
    pages = build_pages(staged)
    text = (pages / "06_statistics.html").read_text()
    places = [
        "https://mybinder.org/v2/gh/someone/a-book/launch?urlpath=lab/tree/notebooks/06_statistics.ipynb",
        "https://colab.research.google.com/github/someone/a-book/blob/launch/notebooks/06_statistics.ipynb",
        f'href="{PLACE}"',
        f"{PLACE}/issues/new",
    ]
    assert [place for place in places if place not in text] == []
    assert "jupyterhub" not in text.lower().replace("logo_jupyterhub", ""), "no hub was named"
    missing = [str(fault) for fault in page_faults(pages) if "mathjax" not in str(fault).lower()]
    assert missing == []


def test_the_first_cell_installs_where_the_book_is_not_installed():
    notebook = new_notebook(cells=[new_markdown_cell("# A chapter"), new_code_cell("profile = 1")])
    assert address.with_first_cell(notebook, "") is notebook
    found = address.with_first_cell(notebook, PLACE)
    nbformat.validate(found)
    assert [cell.source for cell in found.cells[1:]] == ["# A chapter", "profile = 1"]
    install = found.cells[0].source
    assert f"git clone --depth 1 {PLACE} a-book" in install and "./a-book" in install
    # where it is installed, as here, the cell does nothing: what stands under its condition is never reached
    condition = install.split("\n    !git")[0]
    reached: dict = {}
    exec(condition + "\n    reached = True", {}, reached)
    assert "reached" not in reached


def test_a_folder_of_notebooks_gets_its_first_cells(tmp_path, monkeypatch, config, capsys):
    for name in ("00_a", "01_b"):
        nbformat.write(new_notebook(cells=[new_markdown_cell("# A")]), tmp_path / f"{name}.ipynb")
    monkeypatch.setattr(address.repository_url, "__defaults__", (config(PLACE),))
    assert address.main([str(tmp_path)]) == 0
    for name in ("00_a", "01_b"):
        cells = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4).cells
        assert len(cells) == 2 and PLACE in cells[0].source
    monkeypatch.setattr(address.repository_url, "__defaults__", (config(""),))
    assert address.main([str(tmp_path)]) == 1
    assert "repository: url is empty" in capsys.readouterr().err
