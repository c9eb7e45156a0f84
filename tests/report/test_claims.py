"""Verdicts follow from intervals; the shipped claims are judgeable."""

import re
from pathlib import Path

import numpy as np
import pytest

from cardiacnets.report import claims
from cardiacnets.report.claims import Claim, claims_page, load_claims, verdict
from cardiacnets.report.results import make_result
from cardiacnets.run import open_run
from cardiacnets.statistics import Estimate, auc_difference, equivalent_auc

SHIPPED = Path(__file__).parents[2] / "book" / "claims.yml"
KEY, OTHER = "ukb.cm.auc.aligned-ecg", "ukb.hf.auc.aligned-ecg"


def results(level=0.95, **intervals):
    """Results by key, each at the middle of its interval."""
    return {
        key: make_result(key, Estimate(sum(interval) / 2, interval, 10, "by hand", level=level))
        for key, interval in intervals.items()
    }


def claim(kind="greater", keys=(KEY,), **more) -> Claim:
    return Claim("Section", "Claim", "published", kind, tuple(keys), **more)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [((0.01, 0.09), claims.AGREES), ((-0.01, 0.09), claims.UNDECIDED), ((-0.09, 0.01), claims.UNDECIDED),
     ((-0.09, -0.01), claims.DISAGREES), ((0.0, 0.09), claims.UNDECIDED), ((0.0, 0.0), claims.UNDECIDED)],
)  # fmt: skip
def test_direction_and_significance(interval, expected):
    assert verdict(claim(), results(**{KEY: interval})) == expected


def test_a_claim_of_the_other_sign_is_turned_round():
    assert verdict(claim(sign=-1), results(**{KEY: (-0.09, -0.01)})) == claims.AGREES
    assert verdict(claim(sign=-1), results(**{KEY: (0.01, 0.09)})) == claims.DISAGREES


def test_a_claim_about_several_is_as_strong_as_its_weakest():
    both = claim(keys=(KEY, OTHER))
    assert verdict(both, results(**{KEY: (0.01, 0.09), OTHER: (-0.01, 0.09)})) == claims.UNDECIDED
    assert verdict(both, results(**{KEY: (0.01, 0.09), OTHER: (-0.09, -0.01)})) == claims.DISAGREES
    assert verdict(both, results(**{KEY: (0.01, 0.09)})) == claims.NOT_RECORDED


@pytest.mark.parametrize(
    ("interval", "expected"),
    [((-0.02, 0.02), claims.AGREES), ((-0.02, 0.04), claims.UNDECIDED),
     ((-0.5, 0.5), claims.UNDECIDED), ((0.04, 0.05), claims.DISAGREES), ((-0.09, -0.03), claims.DISAGREES)],
)  # fmt: skip
def test_no_difference_is_judged_by_the_margin(interval, expected):
    key = "ukb.cm.auc_equivalence.aligned-cmr"
    assert verdict(claim("equivalent", (key,), margin=0.03), results(0.9, **{key: interval})) == expected


@pytest.mark.parametrize(
    ("interval", "expected"),
    [((-0.02, 0.2), claims.AGREES), ((-0.05, 0.2), claims.UNDECIDED),
     ((-0.05, -0.01), claims.DISAGREES), ((-0.02, -0.01), claims.DISAGREES)],
)  # fmt: skip
def test_as_good_is_judged_by_the_lower_end(interval, expected):
    assert verdict(claim("not_worse", margin=0.03), results(0.9, **{KEY: interval})) == expected


def test_one_comparison_is_not_the_same_on_one_page_only():
    """What chapter 06 calls equivalent the claims page does, on data where another interval would differ."""
    key, words = "ukb.cm.auc_equivalence.aligned-cmr", []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        labels = np.arange(240) % 2
        shared = rng.normal(size=240) + 2 * labels
        a, b = shared + 0.3 * rng.normal(size=(2, 240)) + np.array([[0], [0.25]]) * labels
        recorded = make_result(key, auc_difference(labels, a, b, level=0.9))
        words.append(verdict(claim("equivalent", (key,), margin=0.03), {key: recorded}))
        assert (words[-1] == claims.AGREES) == equivalent_auc(labels, a, b).equivalent
    assert set(words) == {claims.AGREES, claims.UNDECIDED}


@pytest.mark.parametrize("kind", ["equivalent", "not_worse"])
def test_equivalence_by_a_wider_interval_is_refused(kind):
    with pytest.raises(ValueError, match="judged by the 90% interval"):
        verdict(claim(kind, margin=0.03), results(0.95, **{KEY: (-0.01, 0.01)}))


def test_what_is_not_judged_shows_its_figures_all_the_same():
    shown = results(**{KEY: (0.1, 0.2)})
    for kind, word in (("contradicted", claims.CONTRADICTED), ("not_tested", claims.NOT_TESTED)):
        row = claim(kind, (), reason="because", shown=(KEY,))
        assert verdict(row, shown) == word
        page = claims_page([row], shown, open_run("smoke"))
        assert word in page and "because" in page and str(shown[KEY]) in page


def test_figures_without_order_are_shown_and_what_is_missing_stays(tmp_path):
    value = claim("value", ("reader.cm.auc.model",))
    assert verdict(value, {}) == claims.NOT_RECORDED
    assert verdict(value, results(**{"reader.cm.auc.model": (0.8, 0.9)})) == claims.BESIDE
    page = claims_page([value, claim("not_tested", (), reason="because")], {}, open_run("smoke"))
    assert "not recorded" in page and "because" in page and "Simulated" in page


def test_an_interval_is_needed_for_a_verdict():
    assert verdict(claim(), {KEY: make_result(KEY, 0.1)}) == claims.NOT_RECORDED


def test_each_row_shows_preprint_article_and_run_and_says_where_the_article_was_read():
    rows = [claim(article="AUC 0.890 & more"), claim(keys=(OTHER,))]
    page = claims_page(rows, results(**{KEY: (0.01, 0.09), OTHER: (-0.3, 0.1)}), open_run("smoke"))
    assert re.findall(r'<th scope="col">([^<]+)</th>', page) == ["Preprint", "NEJM AI", "This run, simulated"]
    known, unknown = page.split("<tbody>")[1:]
    published, article, ours = re.findall(r"<td>(.*?)</td>", known)
    assert (published, article) == ("published", f"AUC 0.890 &amp; more ({claims.ARTICLE_SOURCE})")
    assert ours == "0.050 (95 % interval 0.010 to 0.090, n = 10)"
    assert re.findall(r"<td>(.*?)</td>", unknown)[1] == claims.NO_FIGURE
    assert "undecided; n = 10 could have shown a difference of about 0.200" in unknown.split("</th>")[0]


def test_the_classical_model_strangers_and_covariates_are_seen_beside_the_judged_difference():
    stem = KEY.rpartition(".")[0]
    beside = {f"{stem}.{arms}": words for arms, words in claims.BESIDE_IT.items()}
    found = results(**{KEY: (0.01, 0.09)}, **{key: (-0.5, 0.01 * i) for i, key in enumerate(beside)})
    page = claims_page([claim(shown=tuple(beside))], found, open_run("smoke"))
    ours = re.findall(r"<td>(.*?)</td>", page)[2]
    assert all(f"{words}: {found[key]}" in ours for key, words in beside.items())
    shipped = [each for each in load_claims(SHIPPED) if len(each.results) == 1 and each.kind == "greater"]
    for each in shipped:
        stem, _, arms = each.results[0].rpartition(".")
        if arms == "aligned-ecg" and stem.rpartition(".")[2] in ("auc", "r", "accuracy", "balanced_accuracy"):
            expected = {f"{stem}.aligned-classical", f"{stem}.aligned_covariates-ecg_covariates"}
            assert expected <= set(each.shown), each.claim


def test_an_assumption_of_the_simulation_never_counts_unless_people_took_part():
    row = claim(assumed="skill put in by hand")
    for interval in [(0.01, 0.09), (-0.09, -0.01), (-0.1, 0.1)]:
        found = results(**{KEY: interval})
        assert verdict(row, found) == claims.ASSUMED
        assert "skill put in by hand" in claims_page([row], found, open_run("smoke"))
    by_people = Estimate(0.05, (0.01, 0.09), 10, "Obuchowski-Rockette")
    assert verdict(row, {KEY: make_result(KEY, by_people, method="people")}) == claims.AGREES
    assert verdict(row, {}) == claims.NOT_RECORDED
    assert {each.claim for each in load_claims(SHIPPED) if each.assumed} == {
        "Readers improve when generated CMR is added to the ECG",
        "Readers find more with real than with generated CMR",
    }


def test_the_summary_counts_excluded_sizes():
    rows = [claim(size=0.2), claim(keys=(OTHER,), size=0.2), claim(size=None)]
    page = claims_page(rows, results(**{KEY: (0.01, 0.09), OTHER: (-0.3, 0.3)}), open_run("smoke"))
    assert "Of the 2 that state the size of a difference, this run excludes that size for 1." in page
    assert page.count("published size 0.200 excluded: less here") == 1


def test_the_shipped_sizes_are_the_differences_of_the_figures_beside_them():
    for each in load_claims(SHIPPED):
        pair = re.search(
            r"(\d\.\d+) against (\d\.\d+)", each.published if "against" in each.published else each.article
        )
        if each.size is not None and pair:
            assert each.size == pytest.approx(float(pair[1]) - float(pair[2]), abs=6e-4), each.claim


def test_the_shipped_claims_load_and_never_say_replicated():
    shipped = load_claims(SHIPPED)
    assert len(shipped) >= 30
    assert len({each.claim for each in shipped}) == len(shipped)
    page = claims_page(shipped, {}, open_run("smoke"))
    assert all(section in page for section in {each.section for each in shipped})
    assert "replicat" not in page.lower()


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("kind: better, results: [a.b]", "kind must be one of greater"),
        ("kind: not_worse, results: [a.b]", "margin"),
        ("kind: contradicted", "needs a reason"),
        ("kind: greater", "needs results"),
        ("kind: not_tested", "needs a reason"),
        ("kind: equivalent, results: [a.b]", "margin"),
        ("kind: value, results: [a.b], size: 0.1", "claim of order"),
        ("kind: greater, results: [a.b], size: -0.1", "above 0"),
        ("kind: greater, results: [a.b], sign: 0", "1 or -1"),
        ("kind: value, results: [a.b], colour: red", "colour"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused(tmp_path, row, fault):
    path = tmp_path / "claims.yml"
    path.write_text(f"- section: S\n  claims:\n    - {{claim: C, published: P, {row}}}\n")
    with pytest.raises(ValueError, match=fault) as caught:
        load_claims(path)
    assert "claims.yml" in str(caught.value)
