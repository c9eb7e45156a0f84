"""Tables show words, and nothing that the disclosure guard would then miss."""

import pandas as pd

from cardiacnets.cohorts.disclosure import COUNTS, IDENTIFIERS
from cardiacnets.report.exhibits import table_html
from cardiacnets.report.table_words import cell_words, head_words


def test_keys_become_names_with_their_units():
    assert cell_words("lv_edv") == "LV end-diastolic volume, ml"
    assert cell_words("lv_mass_error") == "error of LV myocardial mass, g"
    assert cell_words("fahzu_screening") == "FAHZU, screening" and cell_words("ukb") == "UK Biobank"
    assert head_words("index_name") == "index name" and head_words("gain_interval") == "gain, interval"
    table = pd.DataFrame({"index_name": ["lv_ef"], "r": [0.5]})
    page = table_html(table, "tab-00-x", "Table 1", "c", "aggregate")
    assert "index name" in page and "LV ejection fraction, %" in page and "lv_ef" not in page


def test_what_the_guard_looks_for_keeps_its_look():
    for name in IDENTIFIERS | COUNTS:
        assert head_words(name) == name
    for identifier in ("sub_0001", "p_12", "1000042", "person_a"):
        assert cell_words(identifier) == identifier


def test_an_estimate_breaks_before_its_interval_only_and_has_true_minus_signs():
    told = ["-0.12 (-0.22 to -.02)", "0.45 (0.41 to 0.52, n = 9)", "it (as opposed to that)", "a-1 (b to c)"]
    page = table_html(pd.DataFrame({"of": list("abcd"), "r": told}), "tab-00-x", "Table 1", "c", "aggregate")
    assert '<td class="estimate">−0.12 <span>(−0.22 to −.02)</span></td>' in page
    assert '<td class="estimate">0.45 <span>(0.41 to 0.52, n = 9)</span></td>' in page
    assert "<td>it (as opposed to that)</td>" in page and "<td>a-1 (b to c)</td>" in page
