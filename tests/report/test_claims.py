"""Verdicts follow from intervals; the shipped claims are judgeable."""

import re
from pathlib import Path

import numpy as np
import pytest

from cardiacnets.report import claim_cards, claims
from cardiacnets.report.claim_cards import claims_page
from cardiacnets.report.claims import Claim, corrections, load_claims, verdict
from cardiacnets.report.key_words import about, beside, in_words
from cardiacnets.report.results import make_result
from cardiacnets.report.verdicts import AGREES, ASSUMED, DISAGREES, NOT_RECORDED, UNDECIDED
from cardiacnets.run import open_run
from cardiacnets.statistics import Comparison, Estimate, auc_difference, equivalent_auc
from cardiacnets.statistics.trainings import ONE_TRAINING

SHIPPED = Path(__file__).parents[2] / "book" / "claims.yml"
KEY, OTHER = "ukb.cm.auc.aligned-ecg", "ukb.hf.auc.aligned-ecg"


def results(level=0.95, **intervals):
    """Results by key, each at the middle of its interval."""
    return {
        key: make_result(key, Estimate(sum(interval) / 2, interval, 10, "by hand", level=level))
        for key, interval in intervals.items()
    }


def with_p(**pvalues):
    """Results by key, each a gain with its p-value."""
    return {
        key: make_result(key, Comparison(0.05, (0.01, 0.09), 10, "by hand", 2.0, pvalue))
        for key, pvalue in pvalues.items()
    }


def claim(kind="greater", keys=(KEY,), **more) -> Claim:
    return Claim("Section", "Claim", "published", kind, tuple(keys), **more)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [((0.01, 0.09), AGREES), ((-0.01, 0.09), UNDECIDED), ((-0.09, 0.01), UNDECIDED),
     ((-0.09, -0.01), DISAGREES), ((0.0, 0.09), UNDECIDED), ((0.0, 0.0), UNDECIDED)],
)  # fmt: skip
def test_direction_and_significance(interval, expected):
    assert verdict(claim(), results(**{KEY: interval})) == expected


def test_a_claim_of_the_other_sign_is_turned_round():
    assert verdict(claim(sign=-1), results(**{KEY: (-0.09, -0.01)})) == AGREES
    assert verdict(claim(sign=-1), results(**{KEY: (0.01, 0.09)})) == DISAGREES


def test_a_claim_about_several_is_as_strong_as_its_weakest():
    both = claim(keys=(KEY, OTHER))
    assert verdict(both, results(**{KEY: (0.01, 0.09), OTHER: (-0.01, 0.09)})) == UNDECIDED
    assert verdict(both, results(**{KEY: (0.01, 0.09), OTHER: (-0.09, -0.01)})) == DISAGREES
    assert verdict(both, results(**{KEY: (0.01, 0.09)})) == NOT_RECORDED


@pytest.mark.parametrize(
    ("interval", "expected"),
    [((-0.02, 0.02), AGREES), ((-0.02, 0.04), UNDECIDED),
     ((-0.5, 0.5), UNDECIDED), ((0.04, 0.05), DISAGREES), ((-0.09, -0.03), DISAGREES)],
)  # fmt: skip
def test_no_difference_is_judged_by_the_margin(interval, expected):
    key = "ukb.cm.auc_equivalence.aligned-cmr"
    assert verdict(claim("equivalent", (key,), margin=0.03), results(0.9, **{key: interval})) == expected


@pytest.mark.parametrize(
    ("interval", "expected"),
    [((-0.02, 0.2), AGREES), ((-0.05, 0.2), UNDECIDED),
     ((-0.05, -0.01), DISAGREES), ((-0.02, -0.01), DISAGREES)],
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
        assert (words[-1] == AGREES) == equivalent_auc(labels, a, b).equivalent
    assert set(words) == {AGREES, UNDECIDED}


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
    assert verdict(value, {}) == NOT_RECORDED
    assert verdict(value, results(**{"reader.cm.auc.model": (0.8, 0.9)})) == claims.BESIDE
    page = claims_page([value, claim("not_tested", (), reason="because")], {}, open_run("smoke"))
    assert "not yet run" in page and "because" in page and "Simulated" in page


def test_an_interval_is_needed_for_a_verdict():
    assert verdict(claim(), {KEY: make_result(KEY, 0.1)}) == NOT_RECORDED


def cards(page: str) -> list[str]:
    return re.findall(r'<article class="claim">(.*?)</article>', page)


def rows(card: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", card))


def test_each_card_shows_preprint_article_and_run_and_says_where_the_article_was_read():
    both = [claim(article="AUC 0.890 & more"), claim(keys=(OTHER,))]
    page = claims_page(both, results(**{KEY: (0.01, 0.09), OTHER: (-0.3, 0.1)}), open_run("smoke"))
    known, unknown = cards(page)
    assert list(rows(known))[:2] == ["Published", "This run, simulated"]
    article = f"NEJM AI: AUC 0.890 &amp; more ({claim_cards.ARTICLE_SOURCE})"
    assert rows(known)["Published"] == f"published<br>{article}"
    assert rows(known)["This run, simulated"] == (
        "AUC, aligned ECG less ECG-only network: 0.050 (95 % interval 0.010 to 0.090, n = 10)"
    )
    assert rows(unknown)["Published"] == "published"
    told = unknown.split("</p>")[0]
    assert "<strong>undecided</strong>; n = 10 could have shown a difference of about 0.286" in told


def test_a_difference_is_told_from_what_to_what():
    stem = KEY.rpartition(".")[0]
    found = results(**{KEY: (0.01, 0.09), f"{stem}.aligned": (0.8, 0.84), f"{stem}.ecg": (0.75, 0.79)})
    page = claims_page([claim()], found, open_run("smoke"))
    assert rows(cards(page)[0])["This run, simulated"] == (
        "AUC 0.820 (aligned ECG) less 0.770 (ECG-only network): 0.050 (95 % interval 0.010 to 0.090, n = 10)"
    )


def test_readers_and_shares_of_labels_are_named_and_no_difference_reads_as_a_level():
    def told(key, unit="", **levels):
        found = {key: make_result(key, Estimate(-0.2, (-0.3, -0.1), 9, "by hand"), unit=unit)}
        found |= {name: make_result(name, value, unit="%" * bool(unit)) for name, value in levels.items()}
        page = claims_page([claim("value", (key,))], found, open_run("smoke"))
        return rows(cards(page)[0])["This run, simulated"]

    stem = "reader.cm.auc"
    assert told(f"{stem}.model-ecg", **{f"{stem}.model": 0.3, f"{stem}.ecg": 0.5}).startswith(
        "AUC 0.300 (the model) less 0.500 (readers with the ECG): −0.200 ("
    )
    percent, points = "reader.agreement.percent", "percentage points"
    both = {f"{percent}.junior": 56.3, f"{percent}.senior": 67.6}
    assert told(f"{percent}.junior-senior", points, **both).startswith(
        "agreement 56.3 % (junior readers) less 67.6 % (senior readers): −0.200 percentage points ("
    )
    assert told("ukb.indices.r_fraction.gain_10-gain_100").startswith(
        "mean r, gain with 10 % of the labels less gain with 100 % of the labels: −0.200 ("
    )
    assert told("ukb.cm.heat_coverage.aligned-ecg").startswith("share of the ECG covered, aligned ECG less ")
    assert list(beside(f"{stem}.ecg")) == []  # readers are no arm of the study


def test_what_n_counts_is_told_beside_a_short_result_and_one_comparison_is_not_corrected():
    found = {key: make_result(key, Comparison(0.05, (0.01, 0.09), 10, "by hand", 2.0, 0.02), of="recordings")
             for key in (KEY, OTHER)}  # fmt: skip
    page = claims_page([claim(keys=(KEY, OTHER))], found, open_run("smoke"))
    assert "0.050 (0.010 to 0.090, 10 recordings); " in page
    alone = claims_page([claim()], {KEY: found[KEY]}, open_run("smoke"))
    assert "the only comparison of its section (p = 0.020)" in alone and "over 1 comparison" not in alone
    assert "agrees: 1 (1 has a p-value, which survives Holm)" in alone


def test_an_end_beside_zero_shows_its_side():
    page = claims_page([claim()], results(**{KEY: (-0.3, -0.0000245)}), open_run("smoke"))
    assert "to −0.00002, n = 10)" in page and "<strong>disagrees" in page
    assert str(make_result(KEY, Estimate(0.1, (0.0, 0.2), 10, "by hand"))).count("0.000 to") == 1


def test_open_as_to_trainings_is_said_once():
    once = Estimate(0.05, (0.01, 0.09), 10, f"by hand; {ONE_TRAINING}")
    page = claims_page([claim()], {KEY: make_result(KEY, once)}, open_run("smoke"))
    assert "<strong>undecided</strong> as to trainings: it was trained once" in page


def test_the_classical_model_strangers_and_no_covariates_stand_beside_the_judged_difference():
    stem, judged = KEY.rpartition(".")[0], "ukb.cm.auc.aligned_covariates-ecg_covariates"
    expected = {
        "Without covariates": f"{stem}.aligned-ecg",
        "Less the classical model": f"{stem}.aligned_covariates-classical_covariates",
        "Less alignment to strangers, both without covariates": f"{stem}.aligned-permuted",
    }
    assert dict(beside(judged)) == expected
    intervals = {key: (-0.5, 0.01 * i) for i, key in enumerate(expected.values())}
    row = claim(keys=(judged,))
    found = results(**{judged: (0.01, 0.09)}, **intervals)
    told = rows(cards(claims_page([row], found, open_run("smoke")))[0])
    assert told["Without covariates"] == "−0.250 (−0.500 to 0.000)"
    assert told["Less the classical model"] == "−0.245 (−0.500 to 0.010)"
    assert told["Less alignment to strangers, both without covariates"] == "−0.240 (−0.500 to 0.020)"
    alone = rows(cards(claims_page([row], results(**{judged: (0.01, 0.09)}), open_run("smoke")))[0])
    assert alone["Less the classical model"] == NOT_RECORDED
    assert not any("strangers" in name for name in alone)


def test_keys_are_told_in_words():
    assert about("ukb.cm.auc.aligned") == "UK Biobank: cardiomyopathy"
    assert about("mimic.dcm.auc.aligned") == "MIMIC-IV-ECG: dilated cardiomyopathy"
    assert about("mimic.subtypes.recall_gain.rcm-dcm").endswith(": subtypes of cardiomyopathy, RCM less DCM")
    assert about("diffusion.lv_mass.r.generated_real") == "LV myocardial mass, g"
    assert about("reader.cm.lost.readings").startswith("Found with the ECG, missed with")
    assert about("reader.kappa.all") == "reader.kappa.all"
    assert dict(beside("ukb.cm.specificity.aligned_covariates")) == {
        "classical ECG + covariates": "ukb.cm.specificity.classical_covariates"
    }
    assert list(beside("ukb.cm.heat_coverage.aligned-ecg")) == []  # the classical model has no heat map


def test_of_several_results_each_has_its_line_and_one_not_run_says_so_once():
    both = claim(keys=(KEY, OTHER))
    (card,) = cards(claims_page([both], results(**{KEY: (0.01, 0.09)}), open_run("smoke")))
    first, second = re.findall(r"<li>(UK Biobank.*?)</li>", card.partition("<details>")[0])
    assert first.startswith("UK Biobank: cardiomyopathy: 0.050 (0.010 to 0.090, n = 10); <strong>agrees")
    assert second == "UK Biobank: heart failure: <strong>not yet run</strong>"


def test_the_shipped_claims_are_judged_with_covariates_and_beside_the_classical_model():
    keys = [key for each in load_claims(SHIPPED) if each.kind == "greater" for key in each.results]
    measured = [key for key in keys if key.split(".")[2] in ("auc", "r", "accuracy", "balanced_accuracy")]
    networks = [key for key in measured if key.startswith(("ukb", "mimic", "fahzu", "sahzu", "qph"))]
    assert len(networks) >= 20
    for key in networks:
        assert "_covariates-" in key or key == "ukb.cad.auc.aligned-cmr", key
        assert "classical" in key or any("classical" in other for _, other in beside(key)), key


def test_many_comparisons_are_corrected_within_a_section_and_each_counts_once():
    keys = ["a.b.c.d", "a.b.c.e", "a.b.c.f"]
    found = with_p(**dict(zip(keys, (0.01, 0.02, 0.04), strict=True)))
    every, one = claim(keys=keys), claim(keys=keys[:1])
    holm = corrections([every, one, Claim("Other", "C", "P", "greater", (keys[1],))], found)
    assert {key: each.pvalue for (family, key), each in holm.items() if family == "Section"} == pytest.approx(
        {keys[0]: 0.03, keys[1]: 0.04, keys[2]: 0.04}
    )
    assert holm["Other", keys[1]].pvalue == pytest.approx(0.02)
    apart = corrections([every, claim(keys=keys[:1], family="alone")], found)
    assert apart["alone", keys[0]].pvalue == pytest.approx(0.01) and apart["alone", keys[0]].among == 1


def test_what_was_not_run_has_no_p_or_is_assumed_is_not_corrected_for():
    found = with_p(**{KEY: 0.03}) | results(**{OTHER: (0.01, 0.09)})
    assumed = claim(keys=("reader.cm.auc.x",), assumed="by hand")
    found["reader.cm.auc.x"] = with_p(**{"reader.cm.auc.x": 0.01})["reader.cm.auc.x"]
    equal = claim("equivalent", ("a.b.auc_equivalence.c",), margin=0.03)
    holm = corrections([claim(keys=(KEY, OTHER, "not.run.at.all")), assumed, equal], found)
    assert {key: (each.pvalue, each.among) for (_, key), each in holm.items()} == {KEY: (0.03, 1)}


def test_a_decided_verdict_says_whether_it_survives_and_an_undecided_one_does_not():
    keys = [f"a.b.c.d{place}" for place in range(4)]
    found = with_p(**dict(zip(keys, (0.001, 0.02, 0.03, 0.04), strict=True)))
    found["a.b.c.open"] = make_result("a.b.c.open", Comparison(0.0, (-0.1, 0.1), 10, "by hand", 0.0, 0.9))
    page = claims_page([claim(keys=(key,)) for key in found], found, open_run("smoke"))
    told = [re.search(r'class="verdict">.*?</span> (.*?)</p>', card)[1] for card in cards(page)]
    assert told[0] == "<strong>agrees</strong>; survives Holm over 5 comparisons (p = 0.005)"
    assert told[1] == "<strong>agrees</strong>; does not survive Holm over 5 comparisons (p = 0.080)"
    assert "Holm" not in told[4] and told[4].startswith("<strong>undecided</strong>")
    assert "agrees: 4 (4 have p-values; 1 survives Holm)" in page
    bare = claims_page([claim()], results(**{KEY: (0.01, 0.09)}), open_run("smoke"))
    assert "<strong>agrees</strong>; no p-value to correct" in bare


def test_an_assumption_of_the_simulation_never_counts_unless_people_took_part():
    row = claim(assumed="skill put in by hand")
    for interval in [(0.01, 0.09), (-0.09, -0.01), (-0.1, 0.1)]:
        found = results(**{KEY: interval})
        assert verdict(row, found) == ASSUMED
        assert "skill put in by hand" in claims_page([row], found, open_run("smoke"))
    by_people = Estimate(0.05, (0.01, 0.09), 10, "Obuchowski-Rockette")
    assert verdict(row, {KEY: make_result(KEY, by_people, method="people")}) == AGREES
    assert verdict(row, {}) == NOT_RECORDED
    assert {each.claim for each in load_claims(SHIPPED) if each.assumed} == {
        "Readers improve when generated CMR is added to the ECG",
        "Readers find more with real than with generated CMR",
        "The model finds more from the ECG than readers do",
        "Seniors agree less than juniors",
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
    assert len(shipped) >= 38
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
        ("kind: value, results: [a.b], colour: red", "no key 'colour'; there are article, assumed, claim"),
        ("kind: value, results: a.b", "results must be a list of names, found 'a.b'"),
        ("kind: value, results: [1]", "results must be a list of names"),
        ("results: [a.b]", "no 'kind'"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused(tmp_path, row, fault):
    path = tmp_path / "claims.yml"
    path.write_text(f"- section: S\n  claims:\n    - {{claim: C, published: P, {row}}}\n")
    with pytest.raises(ValueError, match=fault) as caught:
        load_claims(path)
    assert str(caught.value).startswith(f"{path}: claim 'C': ") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- section: [", "no YAML: .*line 1"),
        ("section: S", "expected a list of sections, found dict"),
        ("", "expected a list of sections, found NoneType"),
        ("- claims: []", "entry 1: expected the keys section and claims"),
        ("- section: S\n  claims: [word]", "claim 'word': expected keys and values"),
        (
            "- section: S\n  claims: [{claim: C, published: P, kind: value, results: [a.b]}, "
            "{claim: C, published: P, kind: value, results: [a.b]}]",
            "claim 'C' stands twice",
        ),
    ],
)
def test_a_file_of_claims_that_is_none_is_refused_in_one_line(tmp_path, text, fault):
    path = tmp_path / "claims.yml"
    path.write_text(text)
    with pytest.raises(ValueError, match=fault) as caught:
        load_claims(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_a_recorded_result_is_named_in_words_where_it_has_any():
    told = "UK Biobank: cardiomyopathy, AUC, aligned ECG less ECG-only network"
    assert in_words("ukb.cm.auc.aligned-ecg") == told
    assert in_words("ukb.lv_edv.r.aligned").startswith("LV end-diastolic volume")
    assert in_words("statistics.screening.kept") == ""
