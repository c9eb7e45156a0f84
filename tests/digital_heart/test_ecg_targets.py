"""What is known of ECGs in a population: the yardsticks measure, and their constants are the records' own."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cardiacnets.cohorts.preprocessing import beat_view
from cardiacnets.contracts import BEAT_RATE
from cardiacnets.digital_heart.ecg_targets import (
    GENERATED,
    PAIRS,
    SAMPLE_RECORDS,
    SAMPLE_SIZE,
    beat_rank,
    draw_population,
    ecg_rows,
    read_out_of_fold,
)
from cardiacnets.ecg import clean, measure_beats, read_ecg

REPOSITORY = Path(__file__).parents[2]
SEED = 20_371


@pytest.fixture(scope="module")
def population():
    return draw_population(900, SEED)


def test_rank_counts_the_directions():
    rng = np.random.default_rng(SEED)
    directions = np.linalg.qr(rng.normal(size=(40, 5)))[0].T
    flat = rng.normal(size=(20_000, 5)) @ directions
    components, effective = beat_rank(flat.reshape(-1, 4, 10))
    assert components == 5 and effective == pytest.approx(5, abs=0.05)
    components, effective = beat_rank((flat[:, :1] @ np.ones((1, 40))).reshape(-1, 4, 10))
    assert components == 1 and effective == pytest.approx(1, abs=1e-6)


def test_reading_out_of_fold_finds_what_is_there_and_nothing_else():
    rng = np.random.default_rng(SEED)
    inputs = rng.normal(size=(2_000, 10))
    target = inputs[:, 0] + rng.normal(size=2_000)
    assert read_out_of_fold(inputs, target) == pytest.approx(np.sqrt(0.5), abs=0.05)
    # 2,000 people: the standard error of a correlation of nothing is .022
    assert abs(read_out_of_fold(inputs, rng.normal(size=2_000))) < 0.09


def test_beats_are_aligned_on_their_r_peak(population):
    size = np.sqrt((population.beats**2).sum(axis=1))
    assert population.beats.shape == (900, 8, 180)
    assert np.mean(size[:, 40:110].argmax(axis=1) + 40 == 65) > 0.98


def test_rows_name_their_source_preset_and_people(population):
    table = pd.DataFrame(ecg_rows(population))
    assert len(table) == 25 and table["quantity"].is_unique
    assert (table["preset"] == "ukb_like").all() and table["n"].between(300, 900).all()
    keys = set(re.findall(r"@\w+\{([^,]+),", (REPOSITORY / "book/references.bib").read_text()))
    named = {key for source in table["source"] for key in source.split(", ")} - {"sample records"}
    assert named <= keys, named - keys
    assert np.isfinite(table["simulated_mean"]).all()


def test_leads_no_longer_share_one_gain(population):
    table = pd.DataFrame(ecg_rows(population)).set_index("quantity")
    # 900 people: the standard error of these correlations is about .03
    for name in PAIRS:
        assert 0.05 < table.loc[f"r({name}), patients", "simulated_mean"] < 0.6
    assert table["passed"].mean() >= 0.8


def test_the_constants_are_those_of_the_sample_records(sample_data):
    found, skipped = [], []
    patterns = ("cinc2021/*.hea", "muse_xml/*.xml", "cardiosoft_xml/*.XML", "ptb_xl/*.hea", "ptbdb/*.hea",
                "hl7_aecg/fda*.xml")  # fmt: skip
    for path in (path for pattern in patterns for path in sorted((sample_data / "ecg").glob(pattern))):
        try:
            signal = read_ecg(path).standard()
        except ValueError as fault:  # two records with electrodes off
            skipped.append(str(fault))
            continue
        found.append(measure_beats(beat_view(clean(signal[None])), BEAT_RATE).iloc[0])
    table = pd.DataFrame(found)
    assert len(table) == SAMPLE_SIZE and all("flat" in fault for fault in skipped)
    for name, (first, second) in PAIRS.items():
        measured = table[f"{first}_mv"].corr(table[f"{second}_mv"])
        assert measured == pytest.approx(SAMPLE_RECORDS[name], abs=0.006), name
    assert set(GENERATED) == set(SAMPLE_RECORDS)
