"""Planted breaches of each kind are found where they were planted; clean pages raise no alarm."""

import base64
import io
import json

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from cardiacnets.cmr.movie import film
from cardiacnets.cohorts.disclosure import DisclosureError, known_identifiers, scan, scan_notebook
from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.phenotypes import MANIFESTS, PHENOTYPES

IDENTIFIERS = {"1000001", "1000002", "7"}
DRAW = np.random.default_rng(0)


@pytest.fixture(scope="module")
def restricted():
    return load_manifest(MANIFESTS / "ukb.yaml")


def code(*outputs, source="show()"):
    return {"cell_type": "code", "source": [source], "metadata": {}, "outputs": list(outputs)}


def display(metadata=None, **bundle):
    kinds = {"html": "text/html", "plain": "text/plain", "png": "image/png", "svg": "image/svg+xml"}
    return {
        "output_type": "display_data",
        "data": {kinds.get(key, key): value for key, value in bundle.items()},
        "metadata": metadata or {},
    }


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}


def prose(text, **more):
    return {"cell_type": "markdown", "source": text, "metadata": {}, **more}


def notebook(folder, *cells, name="page.ipynb"):
    path = folder / name
    path.write_text(json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def frame(rows, columns=("auc", "low", "high")):
    return pd.DataFrame(DRAW.random((rows, len(columns))), columns=list(columns))


def table(one, mark=None):
    page = one.to_html()
    return display(html=f'<div data-content="{mark}">{page}</div>' if mark else page, plain=repr(one))


PIXELS = base64.b64encode(b"\x89PNG not looked into").decode()
FILM = np.zeros((4, 8, 8), np.uint8)
TRACE = np.round(DRAW.normal(size=300), 3)

PLANTED = [
    ("identifier", code(stream("participant 1000001 was left out"))),
    ("identifier", code(source="cohort.loc['1000002']")),
    ("identifier", prose("Look at 1000001.")),
    ("identifier", code(display(html="<b>1000002</b>"))),
    ("identifier", code(display(html='<p>10<b title="a > b">000</b>0<i>2</i></p>'))),
    ("identifier", code(display(svg="<svg><text>10<tspan x='1'>00002</tspan></text></svg>"))),
    ("identifier", prose('Of <span title="a > b">1000</span>001.')),
    ("identifier", code({"output_type": "error", "traceback": ["KeyError: '1000001'"]})),
    ("identifier", code({"output_type": "error", "ename": "KeyError", "evalue": "1000001", "traceback": []})),
    ("identifier", code(display(html='<div data-content="simulated">1000001</div>'))),
    ("rows", code(table(frame(3).assign(participant_id=[1, 2, 3])))),
    ("rows", code(table(frame(3).assign(eid=[1, 2, 3]), mark="aggregate"))),
    ("rows", code(table(frame(3).set_index(pd.Index([7, 8, 9], name="recording_id"))))),
    ("rows", code(table(frame(400)))),
    ("rows", code(table(frame(1), mark="individual"))),
    ("rows", code(display(html="<table><tr><th>eid</th></tr><tr><th scope='row'>7</th></tr></table>"))),
    ("rows", code(stream(frame(3).assign(subject_id=[1, 2, 3]).to_string()))),
    ("trace", code(display(plain=repr(TRACE)))),
    ("trace", code(stream(str(TRACE.tolist())))),
    ("trace", code(stream(repr(np.zeros((12, 5000)))))),
    ("trace", code(display(html=f"<pre>{TRACE.tolist()}</pre>"))),
    ("image", code(display(png=PIXELS, plain="<Figure size 640x480 with 1 Axes>"))),
    ("image", code(display(html=f'<img src="data:image/png;base64,{PIXELS}">'))),
    ("image", code(display(html=f'<div style="background:url(data:image/png;base64,{PIXELS})"></div>'))),
    ("image", code(display(html=film(FILM).html()))),
    ("image", code(display(html='<figure data-content="individual"><svg></svg></figure>'))),
    ("image", code(display(html='<i data-content="aggregate">ok</i><img src="trace.png">'))),
    ("image", code(display(svg="<svg/>"))),
    ("image", code(display({"data-content": "individual"}, png=PIXELS))),
    ("image", code(display(**{"application/papermill.record/image/png": PIXELS}))),
    ("image", code(display(html="<script>plot([1,2,3])</script>"))),
    ("image", prose("![](attachment:a.png)", attachments={"a.png": {"image/png": PIXELS}})),
    ("image", prose('<img src="trace.png">')),
    ("count", code(stream("7 participants have the disease"))),
    ("count", code(stream("AUC .81 (n = 4)"))),
    ("count", code(table(pd.DataFrame({"cases": [120, 3]})))),
    ("count", code(table(pd.DataFrame({"cm": [5]}, index=["n"])))),
    (
        "count",
        code(stream(pd.Series(["F"] * 50 + ["M"] * 2).value_counts().to_string(name=True, dtype=True))),
    ),
    ("opaque", code(display(**{"application/vnd.plotly.v1+json": {"data": [1, 2]}}))),
]


@pytest.mark.parametrize(
    "kind, cell", PLANTED, ids=[f"{kind}-{place}" for place, (kind, _) in enumerate(PLANTED)]
)
def test_a_planted_breach_is_found_in_its_cell(tmp_path, restricted, kind, cell):
    path = notebook(tmp_path, prose("# Results"), code(stream("all is well")), cell)
    found = scan_notebook(path, restricted, IDENTIFIERS)
    assert kind in {breach.kind for breach in found}
    assert {(breach.notebook, breach.cell) for breach in found} == {("page.ipynb", 3)}
    assert not any(one in str(breach) for breach in found for one in ("1000001", "1000002"))


def figure_png():
    figure = Figure()
    figure.subplots().plot([0, 1], [0, 1])
    stream = io.BytesIO()
    figure.savefig(stream)
    return base64.b64encode(stream.getvalue()).decode()


def clean_cells():
    """What chapters show: summaries, intervals, curves of many, and the twin's traces and films."""
    png = figure_png()
    indices = PHENOTYPES.assign(r=DRAW.random(82).round(3), n=41519)
    flow = pd.DataFrame({"reason": ["recorded", "no ecg file"], "participants": [41519, 41000],
                         "participants_out": [0, 519]})  # fmt: skip
    split = pd.DataFrame(
        {"cases": [2675, 382, 765], "controls": [2675, 382, 765]}, index=["train", "val", "test"]
    )
    return [
        prose("# Downstream tasks\n\nTen seconds, 12 leads, 500 Hz; 82 indices; 7:1:2; p < .05."),
        code(stream("cleaning: 100%|██████████| 5/5 [00:03<00:00, 1.4it/s]\nepoch 3 of 40, loss 1.234\n")),
        code(table(indices, mark="aggregate"), source="show_indices(seed=20209)"),
        code(table(indices)),
        code(table(flow), table(split)),
        code(table(frame(12, ("auc", "lower", "upper", "p")))),
        code(stream("AUC 0.877 [0.861, 0.891], n = 1,530; 765 cases and 765 controls\n")),
        code(display({"data-content": "aggregate"}, png=png, plain="<Figure size 640x480 with 1 Axes>")),
        code(display(html='<figure data-content="aggregate"><img alt="ROC" '
                          f'src="data:image/png;base64,{png}">'
                          "</figure>", plain="<HTML>")),
        code(display(html=film(FILM).html(content="simulated"))),
        code(display(html=f'<div data-content="simulated"><p>One of 3 participants</p>{frame(300).to_html()}'
                          f"<pre>{TRACE.tolist()}</pre><svg><path d='M 1 2 3 4'/></svg></div>")),
        code(display(**{"application/papermill.record/text/plain": "0.877"})),
        code(display(plain="Result(auc=0.877, interval=(0.861, 0.891), pvalue=0.0003)")),
        code(stream(repr(pd.Series(["F"] * 50 + ["M"] * 48).value_counts()))),
        code(display(html="<table><tr><th>claim</th><th>published</th></tr>"
                          "<tr><td>reader study</td><td>111 cases</td></tr></table>")),
        prose("As published: 77 cases and 34 controls, 4 junior and 2 senior readers. <sub>1</sub>"),
        code(stream("sensitivity 0.91, specificity 0.83\n[[65, 12], [14, 20]]\n")),
        code(display(plain="array([0.861, 0.891])")),
    ]  # fmt: skip


def test_clean_pages_raise_no_alarm(tmp_path, restricted):
    path = notebook(tmp_path, *clean_cells())
    assert scan_notebook(path, restricted, IDENTIFIERS) == []


def test_an_open_or_simulated_cohort_may_show_anything(tmp_path):
    path = notebook(tmp_path, *(cell for _, cell in PLANTED))
    for name in ("ukb_simulated", "ptb_xl"):
        assert scan_notebook(path, load_manifest(MANIFESTS / f"{name}.yaml")) == []


def whole_cohort(folder):
    """A restricted cohort with two people in its table of recordings."""
    (folder / "data").mkdir()
    rows = {
        "participant_id": ["patient-a", "patient-b"],
        "recording_id": ["ecg-0001", "ecg-0002"],
        "file": "x",
    }
    people = pd.DataFrame(rows | {"date": "2020-01-01", "sex": "F", "age": 50, "diagnosis": "healthy"})
    people.to_csv(folder / "data" / "recordings.csv", index=False)
    text = (MANIFESTS / "qph.yaml").read_text().replace("root: ../data/qph", "root: data")
    (folder / "qph.yaml").write_text(text)
    return load_manifest(folder / "qph.yaml")


def test_a_breach_in_a_folder_stops_the_build_and_names_notebook_and_cell(tmp_path):
    manifest = whole_cohort(tmp_path)
    assert known_identifiers(manifest) == {"patient-a", "patient-b", "ecg-0001", "ecg-0002"}
    pages = tmp_path / "pages"
    pages.mkdir()
    notebook(pages, *clean_cells(), name="05_clean.ipynb")
    assert scan(pages, manifest) == 1
    notebook(pages, prose("x"), code(stream("patient-b\n")), name="06_leak.ipynb")
    with pytest.raises(DisclosureError, match="06_leak.ipynb, cell 2: identifier") as caught:
        scan(pages, manifest)
    assert "patient-b" not in str(caught.value)


@pytest.mark.parametrize("content", ["{", "[]", '{"cells": 3}', '{"cells": [{}]}', "\xff"])
def test_what_is_no_notebook_is_refused_by_name(tmp_path, restricted, content):
    path = tmp_path / "broken.ipynb"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match="broken.ipynb: not a notebook"):
        scan_notebook(path, restricted, IDENTIFIERS)


def test_results_that_pages_quote_are_searched_too(tmp_path, restricted, monkeypatch):
    monkeypatch.setattr("cardiacnets.cohorts.disclosure.known_identifiers", lambda manifest: IDENTIFIERS)
    results = tmp_path / "results"
    results.mkdir()
    (results / "downstream.json").write_text('{"downstream.n": {"value": 0.71, "n": 1200}}')
    assert scan(tmp_path, restricted, results) == 0
    (results / "downstream.json").write_text('{"downstream.n": {"value": 0.71, "method": "without 1000002"}}')
    with pytest.raises(DisclosureError, match="results/downstream.json, cell 0: identifier"):
        scan(tmp_path, restricted, results)
