"""What is studied stands in one row each; a name that stands twice, or nowhere, is said at once."""

import dataclasses
import re
from pathlib import Path

import pytest

from cardiacnets import digital_heart, study
from cardiacnets.cmr.cine import VIEWS as CROPS
from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.digital_heart.diagnosis import CODES
from cardiacnets.experiments.statistics.stated_in_words import SITES
from cardiacnets.models.cmr_autoencoder import VIEWS as TOWERS
from cardiacnets.phenotypes import MANIFESTS
from cardiacnets.profile import Cohorts
from cardiacnets.study import (
    ALIGNMENTS,
    ARMS,
    COHORTS,
    COMPARISONS,
    COVARIATES_HOSPITAL,
    COVARIATES_UKB,
    ICD10_GROUPS,
    TASKS,
    TWINS,
    VIEWS,
    Alignment,
    Arm,
    Cohort,
    View,
    by_key,
    covariates_of,
    pairs_of,
    without_covariates,
)
from cardiacnets.theme import ARM_COLOURS


def test_a_name_that_stands_twice_names_both_rows():
    with pytest.raises(ValueError, match="'ecg' stands twice: .*title='one'.*title='two'"):
        by_key([Arm("ecg", "one", "sky", start="random"), Arm("ecg", "two", "sky", start="random")])
    with pytest.raises(ValueError, match="'ukb' stands twice"):
        by_key([Cohort("ukb", "a"), Cohort("ukb", "b")])


def test_a_pair_of_arms_needs_both_and_stands_once():
    with pytest.raises(ValueError, match="no arm 'echo'; there are covariates"):
        pairs_of([("aligned", "echo")], ARMS)
    with pytest.raises(ValueError, match="compared twice"):
        pairs_of([("aligned", "ecg"), ("aligned", "ecg")], ARMS)


def test_every_row_is_used_by_what_it_belongs_to():
    sizes = [one.name for one in dataclasses.fields(Cohorts) if one.name not in ("preset", "frames")]
    assert sizes == list(COHORTS)  # a profile says how many of each
    assert {task.cohort for task in TASKS.values()} <= set(COHORTS)
    assert {arm for pair in (*COMPARISONS, *TWINS) for arm in pair} <= set(ARMS)
    assert set(ARM_COLOURS) == set(ARMS)
    assert all(TASKS[task].title.startswith(COHORTS[TASKS[task].cohort].title) for task in TASKS)


def test_an_arm_is_asked_what_its_row_says():
    few = ["masked", "permuted"]
    assert [arm.name for arm in ARMS.values() if arm.network and not arm.answers("mimic.hf")] == few
    assert {arm.name for arm in ARMS.values() if arm.cmr} == {"cmr", "cmr_twin", "cmr_supervised"}
    assert all(arm.start == "aligned" for name, arm in ARMS.items() if name.startswith("aligned"))


def test_an_arm_with_covariates_knows_the_same_arm_without():
    bare = {name: one.name for name, arm in ARMS.items() if (one := without_covariates(arm))}
    with_covariates = ("classical", "untrained", "ecg", "twin", "probe_aligned", "aligned")
    pairs = {f"{name}_covariates": name for name in with_covariates}
    assert bare == pairs and all(ARMS[name].colour == ARMS[other].colour for name, other in bare.items())


def test_each_view_is_spelt_in_one_row():
    assert [(view.name, view.cine, view.title) for view in VIEWS.values()] == [
        ("sax", "sax", "short axis"),
        ("lax", "4ch", "four-chamber"),
    ]
    assert CROPS == {"sax": 80, "4ch": 96} and TOWERS == ("sax", "lax")
    with pytest.raises(ValueError, match="'sax' stands twice"):
        by_key([*VIEWS.values(), View("sax", "three-chamber", "3ch", 96)])


def test_hospitals_beside_the_first_are_those_that_are_asked_and_read_by_no_reader():
    assert SITES == ("fahzu_screening", "sahzu", "qph")


def test_each_cohort_has_its_simulated_people_and_its_manifest():
    assert list(COHORTS) == list(digital_heart.SITES)
    assert not hasattr(digital_heart.SITES["ukb"], "cines"), "COHORTS says who has CMR"
    twins = [load_manifest(path) for path in sorted(MANIFESTS.glob("*_simulated.yaml"))]
    simulated = {name for twin in twins for name in (twin.cohort, *(twin.subsets or {}).values())}
    assert simulated == set(COHORTS)


def test_what_the_simulator_records_makes_the_label_of_its_condition():
    assert ICD10_GROUPS == {
        "cad": ("I20", "I21", "I22", "I23", "I24", "I25"), "cm": ("I42", "I43"), "pc": ("I30", "I31", "I32"),
        "hf": ("I50",), "ph": ("I27",), "dcm": ("I420",), "hcm": ("I421", "I422"), "rcm": ("I425",),
    }  # fmt: skip
    for condition, codes in CODES.items():
        assert all(code.replace(".", "").startswith(ICD10_GROUPS[condition]) for code in codes)


def test_codes_are_grouped_in_one_place():
    written = r"[\"']I(2[0-5]|3[0-2]|4[23]|50)[\"']"
    assert re.search(written, '("I42", "I43")')
    library = Path(study.__file__).parent.rglob("*.py")
    where = [path for path in library if re.search(written, path.read_text(encoding="utf-8"))]
    assert where == [], "groups of codes stand in data_manifests/icd10.csv, which study.py opens"


def test_an_alignment_is_known_by_what_it_pairs_and_a_network_starts_from_one():
    assert {name for name, one in ALIGNMENTS.items() if one.strangers} == {"permuted"}
    assert {arm.start for arm in ARMS.values() if arm.network} == {"random", "masked", *ALIGNMENTS}
    with pytest.raises(ValueError, match="'aligned' stands twice"):
        by_key([*ALIGNMENTS.values(), Alignment("aligned")])


def test_a_cohort_says_what_its_models_may_be_told():
    assert covariates_of("ukb") == COVARIATES_UKB and len(COVARIATES_UKB) == 15
    assert (
        covariates_of("qph") == covariates_of("ptb_xl") == COVARIATES_HOSPITAL == ("sex", "age", "heart_rate")
    )
