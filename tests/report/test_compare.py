"""Two runs side by side: the rule by hand and by simulation, what is refused, and what the page says."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest

from cardiacnets.artefacts import read_json, write_json
from cardiacnets.html_reading import Element, read_html
from cardiacnets.profile import load_profile
from cardiacnets.report import compare as comparing
from cardiacnets.report.compare import EQUAL, EXCEEDS, ONLY_B, UNLIKE, WITHIN, WITHOUT, difference
from cardiacnets.report.gate import page_faults
from cardiacnets.report.provenance import settings
from cardiacnets.report.results import Result
from cardiacnets.run import CHAPTERS

KEY = "ukb.cm.auc.aligned"


def result(value, interval=None, **more) -> Result:
    return Result(**{"key": KEY, "value": value, "interval": interval, "chapter": "05", **more})


def make_run(folder, seed=1, values=(0.70, 0.60, 0.78), **provenance):
    """A finished run of every chapter, whose chapter 05 has one AUC and one count."""
    told = {"profile": "smoke", "settings": "abc", "seed": seed, "commit": "c0ffee", "device": "CPU",
            "versions": {"numpy": "2.0", "torch": "2.13"}, **provenance}  # fmt: skip
    for name in CHAPTERS:
        number, results = name[:2], {}
        if number == "05":
            value, low, high = values
            shown = [result(value, (low, high), n=90), result(90 + seed, key="ukb.count", method="counted")]
            results = {each.key: vars(each) for each in shown}
        content = {"chapter": number, "results": results, "provenance": {**told, "run": folder.name}}
        write_json(folder / "results" / f"{number}.json", content)
    write_json(folder / "build.json", {"profile": "smoke"})
    return folder


@pytest.fixture
def runs(tmp_path):
    return make_run(tmp_path / "a"), make_run(tmp_path / "b", seed=2, values=(0.90, 0.84, 0.94))


def test_the_limits_of_a_difference_are_added_in_squares():
    found = difference(KEY, result(0.70, (0.66, 0.73)), result(0.80, (0.76, 0.82)))
    assert found.value == pytest.approx(0.10)
    # low: B's lower half .04 with A's upper half .03; high: B's upper half .02 with A's lower half .04
    assert found.interval == pytest.approx((0.10 - 0.05, 0.10 + np.sqrt(0.0020)))
    assert found.word == EXCEEDS
    wider = difference(KEY, result(0.70, (0.62, 0.78)), result(0.80, (0.72, 0.88)))
    assert wider.word == WITHIN and wider.interval[0] == pytest.approx(0.10 - np.sqrt(0.0128))


def test_a_difference_turned_round_has_its_limits_turned_round():
    a, b = result(0.70, (0.61, 0.73)), result(0.80, (0.78, 0.89))
    there, back = difference(KEY, a, b), difference(KEY, b, a)
    assert back.value == pytest.approx(-there.value) and back.word == there.word
    assert back.interval == pytest.approx((-there.interval[1], -there.interval[0]))


@pytest.mark.parametrize("level", [0.95, 0.9])
def test_of_runs_that_differ_by_chance_alone_as_many_exceed_as_the_level_says(level):
    """4,000 pairs of means with errors of unlike size: 5 (10) of 100, to four standard errors."""
    rng, tries = np.random.default_rng(3), 4_000
    z = {0.95: 1.959964, 0.9: 1.644854}[level]
    sizes = np.array([1.0, 2.5])
    drawn = rng.normal(size=(tries, 2)) * sizes
    exceeding = 0
    for values in drawn:
        a, b = (
            result(value, (value - z * size, value + z * size), level=level)
            for value, size in zip(values, sizes, strict=True)
        )
        found = difference(KEY, a, b)
        exceeding += found.word == EXCEEDS
    assert found.chance == pytest.approx(1 - level)
    expected = 1 - level
    assert exceeding / tries == pytest.approx(expected, abs=4 * np.sqrt(expected * level / tries))


@pytest.mark.parametrize(
    ("a", "b", "word", "detail"),
    [
        (result(0.7), result(0.7), EQUAL, ""),
        (result(7), result(8), WITHOUT, ""),
        (result(0.7, (0.6, 0.8)), result(0.7, (0.6, 0.8)), EQUAL, ""),
        (result(0.7, (0.6, 0.8)), result(0.7, (0.5, 0.9)), WITHIN, ""),
        (result(0.7, (0.6, 0.8)), result(0.9), WITHOUT, ""),
        (result(None), result(0.7), UNLIKE, "not available in one"),
        (result(None), result(None), EQUAL, ""),
        (result(60, unit="mL"), result(0.6, unit="%"), UNLIKE, "unit mL in A, % in B"),
        (result(0, (-1, 1), level=0.9), result(9, (8, 10)), UNLIKE, "intervals of 90% and 95%"),
        (None, result(0.7), ONLY_B, ""),
    ],
)
def test_what_is_said_without_a_common_interval(a, b, word, detail):
    found = difference(KEY, a, b)
    assert found.word == word and (found.detail == detail or word == EQUAL)


def test_the_page_shows_both_runs_the_rule_and_the_marked_difference(runs, capsys):
    page = runs[1].parent / "a-and-b.html"
    assert comparing.main([str(each) for each in runs]) == 0
    printed = capsys.readouterr().out
    assert "1 exceeds its interval" in printed and "1 differs, without an interval" in printed
    text = page.read_text()
    rows = text.split('<tr class="exceeds">')[1:]
    assert len(rows) == 2 and all(KEY in row.split("</tr>")[0] for row in rows), "on top, and in its chapter"
    # B's lower half .06 and A's upper .08: .200 - .100; B's upper .04 and A's lower .10: .200 + .108
    assert "<td>0.200 (0.100 to 0.308)</td>" in rows[0]
    assert "Of 1 differences with an interval, 1 exceed it; 0.1 would on average" in text
    assert "two runs for independent studies" in text and "the same seed" not in text
    assert "<td>1</td><td>2</td>" in text.split("Seed</th>")[1], "seeds side by side"
    assert "numpy 2.0, torch 2.13" in text and "Everything here is simulated." in text
    (headers,) = {each.attributes.get("lang") for each in read_html(text) if each_is(each, "html")}
    assert headers == "en" and page_faults(folder_of(page)) == []


def each_is(found, tag) -> bool:
    return isinstance(found, Element) and found.tag == tag


def folder_of(page):
    folder = page.parent / "only"
    folder.mkdir()
    shutil.copy(page, folder)
    return folder


def test_one_seed_twice_is_said_to_be_no_two_studies(tmp_path):
    a, b = (comparing.read_study(make_run(tmp_path / name)) for name in "ab")
    comparing.write_comparison(a, b, tmp_path / "page.html")
    assert "the same seed, so they drew the same people" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("provenance", "line"),
    [
        ({"profile": "quick"}, "profile: smoke in A, quick in B"),
        ({"settings": "def"}, "settings: abc in A, def in B"),
        ({"commit": "beef+changes"}, "commit: c0ffee in A, beef+changes in B"),
        ({"versions": {"numpy": "2.1", "torch": "2.13"}}, "numpy: 2.0 in A, 2.1 in B"),
        ({"versions": {"torch": "2.13"}}, "numpy: 2.0 in A, none in B"),
    ],
)
def test_runs_that_differ_in_more_than_their_seeds_are_refused_unless_forced(
    tmp_path, capsys, provenance, line
):
    a, b = make_run(tmp_path / "a"), make_run(tmp_path / "b", seed=2, **provenance)
    page = tmp_path / "page.html"
    assert comparing.main([str(a), str(b), "--page", str(page)]) == 1 and not page.exists()
    told = capsys.readouterr().err
    assert line in told and "FORCE=1" in told
    assert comparing.main([str(a), str(b), "--page", str(page), "--force"]) == 0
    assert line in page.read_text()


def spoil_by_deleting(path):
    path.unlink()


def spoil_by_tearing(path):
    path.write_text(path.read_text()[:40])


def spoil_by_stopping(path):
    write_json(path, {**read_json(path), "provenance": {}})


def spoil_by_another_json(path):
    path.write_text(json.dumps({"results": {}}))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_by_deleting, "missing, chapter 06 has not run"),
        (spoil_by_tearing, "not valid JSON"),
        (spoil_by_stopping, "was begun and did not end"),
        (spoil_by_another_json, "no key 'provenance'"),
    ],
)
def test_an_incomplete_run_is_refused_by_file_with_the_way_out(runs, capsys, spoil, words):
    spoil(runs[1] / "results" / "06.json")
    assert comparing.main([str(each) for each in runs]) == 1
    told = capsys.readouterr().err
    assert str(runs[1] / "results" / "06.json") in told and words in told
    assert "make book PROFILE=smoke RUN=b" in told
    assert not (runs[1].parent / "a-and-b.html").exists()


def test_what_there_is_of_an_incomplete_run_is_compared_if_forced(runs, tmp_path):
    (runs[1] / "results" / "06.json").unlink()
    assert comparing.main([*map(str, runs), "--force", "--page", str(tmp_path / "page.html")]) == 0
    assert KEY in (tmp_path / "page.html").read_text()


def test_a_folder_that_is_no_run_is_refused(tmp_path, capsys):
    assert comparing.main([str(tmp_path), str(tmp_path)]) == 1
    assert f"{tmp_path / 'results'}: no such folder" in capsys.readouterr().err


def test_a_run_with_real_cohorts_must_have_passed_the_guard(tmp_path, capsys):
    """The guard reads results when the book is built: a book older than they are says nothing of them."""
    real = {"real_cohorts": {"ukb": "UK Biobank, from ukb.yaml"}}
    a, b = make_run(tmp_path / "a", **real), make_run(tmp_path / "b", seed=2, **real)
    assert comparing.main([str(a), str(b)]) == 1
    assert f"{a / 'book' / 'index.html'}: older than the results" in capsys.readouterr().err
    for folder in (a, b):
        (folder / "book").mkdir()
        (folder / "book" / "index.html").write_text("built")
    assert comparing.main([str(a), str(b)]) == 0
    text = (tmp_path / "a-and-b.html").read_text()
    assert "ukb: UK Biobank, from ukb.yaml" in text and "Everything here is simulated" not in text
    newest = (b / "results" / "05.json").stat().st_mtime
    os.utime(b / "book" / "index.html", (newest - 9, newest - 9))
    assert comparing.main([str(a), str(b)]) == 1


def test_the_settings_of_a_run_are_its_numbers_whatever_its_name_and_seed():
    profile = load_profile("smoke")
    same = dataclasses.replace(profile, name="mine", seed=9, processes=2)
    other = dataclasses.replace(profile, cohorts=dataclasses.replace(profile.cohorts, ukb=321))
    assert settings(profile) == settings(same) != settings(other)
    assert len(settings(profile)) == 12
