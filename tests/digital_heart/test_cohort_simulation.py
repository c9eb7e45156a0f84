"""Whole cohorts: reproducible however the work is split, labelled by design, free of leaks."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cardiacnets.digital_heart import (
    COHORTS,
    COVARIATES_HOSPITAL,
    COVARIATES_UKB,
    STUDY_COUNTS,
    one_heart,
    simulate,
    write_cohort,
)  # fmt: skip
from cardiacnets.digital_heart.controls import covariates_only, limited_ecg, permuted_pairs, resampled_ecg
from cardiacnets.digital_heart.diagnosis import label_table
from cardiacnets.digital_heart.hearts import draw_hearts
from cardiacnets.digital_heart.sites import site

SEED = 20_341
ARRAYS = ("ecg", "sax", "lax", "indices", "indices_true")


def test_participant_is_the_same_in_a_larger_cohort():
    few, many = simulate(3, seed=SEED, frames=2), simulate(40, seed=SEED, frames=2)
    for name in ARRAYS:
        assert np.array_equal(getattr(few, name), getattr(many, name)[:3]), name
    pd.testing.assert_frame_equal(few.covariates, many.covariates[:3])
    pd.testing.assert_frame_equal(few.labels, many.labels[:3])
    assert np.array_equal(few.masks.lax, many.masks.lax[:3])


def test_bytes_on_disk_do_not_depend_on_the_number_of_processes(tmp_path):
    seen = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        assert write_cohort(folder, 40, "ukb", seed=SEED, frames=2, processes=processes) == 40
        seen.append({p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()})
    assert seen[0] == seen[1] and len(seen[0]) == 6
    memory = simulate(40, seed=SEED, frames=2)
    ecg = np.load(folder / "ecg.npy", mmap_mode="r", allow_pickle=False)
    assert ecg.dtype == np.int16 and np.allclose(ecg / 1000, memory.ecg, atol=5e-4)
    assert np.array_equal(np.load(folder / "sax.npy", mmap_mode="r", allow_pickle=False), memory.sax)
    table = pd.read_parquet(folder / "recordings.parquet")
    assert table["recording_id"].tolist() == memory.covariates["recording_id"].tolist()


def test_cohorts_without_cmr_have_none(tmp_path):
    cohort = simulate(3, "sahzu", seed=SEED)
    assert cohort.sax is None and cohort.lax is None and cohort.masks is None
    write_cohort(tmp_path, 3, "ukb", seed=SEED, cines=False)
    assert not (tmp_path / "sax.npy").exists()


def test_some_mimic_participants_have_several_recordings():
    cohort = simulate(40, "mimic", seed=SEED)
    people = cohort.covariates["participant_id"]
    assert people.nunique() == 40 and len(people) > 45
    assert cohort.covariates["recording_id"].is_unique
    repeated = people[people.duplicated(keep=False)]
    pair = cohort.covariates.index[people == repeated.iloc[0]][:2]
    assert not np.array_equal(cohort.ecg[pair[0]], cohort.ecg[pair[1]])
    assert np.array_equal(cohort.indices_true[pair[0]], cohort.indices_true[pair[1]])
    assert cohort.labels["icd10"][pair[0]] == cohort.labels["icd10"][pair[1]]


def test_identifiers_never_meet_across_cohorts_presets_and_seeds():
    names = []
    for cohort, preset, seed in (("qph", "enriched", SEED), ("sahzu", "enriched", SEED), ("qph",
        "enriched", SEED + 1),
                                 ("qph", "ukb_like", SEED)):  # fmt: skip
        names += simulate(20, cohort, preset, seed).covariates["participant_id"].tolist()
    assert len(set(names)) == 80


def labels_of(cohort, n, seed=SEED):
    place = site(cohort, "enriched")
    return label_table(draw_hearts(range(n), place, cohort, seed).latents, place)


@pytest.mark.parametrize(("cohort", "cases"), [("fahzu_readers", 77), ("sahzu", 264), ("qph", 236),
                                               ("fahzu_screening", 222)])  # fmt: skip
def test_case_control_sites_have_the_studys_counts(cohort, cases):
    table = labels_of(cohort, STUDY_COUNTS[cohort])
    assert table["cm"].sum() == cases
    assert table["healthy"].sum() <= STUDY_COUNTS[cohort] - cases
    assert not table.loc[~table["cm"], "icd10"].str.contains("I4[23]").any()
    wrong = (table["cm"] & ~table["condition"].isin(["dcm", "hcm", "rcm"])).sum()
    assert 0 < wrong < 0.12 * cases  # the record errs a little, at the declared few percent


def test_enriched_ukb_has_enough_cases_and_no_pulmonary_hypertension():
    table = labels_of("ukb", 2_000)
    share = table[["cad", "cm", "hf", "pc"]].mean()
    assert share[["cad", "cm", "hf"]].between(0.09, 0.17).all() and 0.06 < share["pc"] < 0.11
    assert not table["ph"].any()
    assert table["dcm"].sum() > table["hcm"].sum()  # the order of the population
    assert (table["cm"] & table["hf"]).any() and (table["cad"] & table["hf"]).any()
    assert labels_of("mimic", 300)[["cad", "cm", "hf", "pc", "ph", "dcm", "hcm", "rcm"]].any().all()
    assert not (table["healthy"] & (table["icd10"] != "")).any()


def test_covariates_are_the_studys():
    table = simulate(20, seed=SEED, frames=1).covariates
    assert (
        len(COVARIATES_UKB) == 15
        and set(COVARIATES_UKB) <= set(table)
        and set(COVARIATES_HOSPITAL) <= set(table)
    )
    assert set(table["sex"]) == {0, 1}
    assert not table[list(COVARIATES_UKB)].isna().any().any()
    assert np.allclose(table["bmi"], table["weight"] / (table["height"] / 100) ** 2, atol=0.05)


def test_ethnicity_has_the_shares_of_uk_biobank():
    latents = draw_hearts(range(3_000), site("ukb", "enriched"), "ukb", SEED).latents
    shares = pd.Series(latents["ethnicity"]).value_counts(normalize=True)
    assert shares["white"] == pytest.approx(0.966, abs=0.013)  # four standard errors of 3,000
    assert set(shares.index) >= {"white", "asian", "black", "chinese", "mixed", "other"}


def test_one_heart_changes_one_cause():
    sound, sick = one_heart(seed=SEED, frames=4), one_heart("dcm", 0.8, SEED, frames=4)
    assert sick.indices_true[3] < sound.indices_true[3] - 10  # EF
    for name in ("age", "height", "sex", "bmi"):
        assert sound.covariates[name] == sick.covariates[name]
    assert np.array_equal(sound.anatomy.latents["electrode_shift"], sick.anatomy.latents["electrode_shift"])
    blocked = one_heart(seed=SEED, frames=4, left_block=1.0)
    assert np.array_equal(blocked.anatomy.latents["lv_edv"], sound.anatomy.latents["lv_edv"])
    assert set(sound.volumes) == {"lv", "rv", "la", "ra"} and sound.volumes["lv"].shape == (4,)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: simulate(0), "at least 1"),
    (lambda: simulate(2, "uk"), "ukb, mimic"),
    (lambda: simulate(2, preset="rich"), "enriched, ukb_like"),
    (lambda: simulate(2, seed=-1), "0 or greater"),
    (lambda: simulate(2, frames=0), "frames"),
    (lambda: one_heart("flu"), "none, cad"),
    (lambda: one_heart("dcm", 1.5), "0 to 1"),
    (lambda: one_heart(lv_edv=-3), "greater than 0"),
    (lambda: one_heart(left_ventricle=3), "unknown latent"),
    (lambda: write_cohort("nowhere", 2, "ukb", processes=0), "processes"),
    (lambda: permuted_pairs(1), "n >= 2"),
])  # fmt: skip
def test_bad_input_says_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def auc(ecg, labels):
    """Cross-validated AUC of a logistic regression on crude amplitudes and shapes of the ECG."""
    signal = ecg.reshape(len(ecg), 12, 50, 100)
    inputs = np.concatenate([np.ptp(ecg, axis=2), ecg.std(axis=2), signal.std(axis=3).std(axis=2)], axis=1)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    scores = cross_val_predict(model, np.log(inputs + 0.01), labels, cv=5, method="predict_proba")[:, 1]
    return roc_auc_score(labels, scores)


def test_only_the_participants_own_heart_tells_the_label(tmp_path):
    n = 400
    write_cohort(tmp_path, n, "sahzu", seed=SEED)
    own = np.load(tmp_path / "ecg.npy").astype(np.float32) / 1000
    labels = pd.read_parquet(tmp_path / "recordings.parquet")["cm"].to_numpy()
    assert auc(own, labels) > 0.70
    # 400 participants: standard error of an AUC of .5 is .029; three of them are allowed
    assert abs(auc(own, labels[permuted_pairs(n, SEED)]) - 0.5) < 0.09
    assert abs(auc(resampled_ecg(range(n), "sahzu", seed=SEED), labels) - 0.5) < 0.09


def test_permuted_pairs_leave_nobody_in_place():
    order = permuted_pairs(500, SEED)
    assert sorted(order) == list(range(500)) and not (order == np.arange(500)).any()


def test_information_limited_ecg_knows_only_the_covariates():
    place = site("ukb", "information_limited")
    own = draw_hearts(range(400), place, "ukb", SEED)
    other = draw_hearts(
        range(400), place, "ukb", SEED, {"heart_rate": own.latents["heart_rate"]}, other_heart=True
    )
    for name in ("age", "sex", "bmi", "systolic_pressure", "heart_rate"):
        assert np.array_equal(own.latents[name], other.latents[name])
    alike = np.mean(own.latents["condition"] == other.latents["condition"])
    share = pd.Series(own.latents["condition"]).value_counts(normalize=True)
    assert abs(alike - (share**2).sum()) < 0.1  # as often as chance: four standard errors of 400
    left = [own.latents["lv_edv"] / own.latents["bsa"], other.latents["lv_edv"] / other.latents["bsa"]]
    assert np.corrcoef(*np.log(left))[0, 1] < 0.4  # shared sex, age and rate only


@pytest.mark.parametrize("cohort", ["ukb", "mimic"])
def test_limited_ecgs_are_those_of_the_preset_and_belong_to_the_same_people(cohort):
    own, limited = (
        simulate(12, cohort, preset, seed=SEED, frames=2) for preset in ("enriched", "information_limited")
    )
    assert np.array_equal(limited_ecg(range(12), cohort, seed=SEED), limited.ecg)
    assert not np.array_equal(own.ecg, limited.ecg)
    assert np.array_equal(own.indices, limited.indices)
    for name in ("sex", "age", "bmi", "heart_rate"):
        assert np.array_equal(own.covariates[name], limited.covariates[name]), name


def test_covariates_alone_read_size_and_not_shape():
    table = covariates_only(train=400, test=300, seed=SEED).set_index("index")
    assert len(table) == 82
    assert table.loc["lv_edv", "true"] > 0.5 > 0.35 > table.loc["lv_ef", "true"]
    assert table["recorded"].mean() < table["true"].mean()
    with pytest.raises(ValueError, match="at least 200"):
        covariates_only(train=300, test=100)


def test_every_cohort_runs():
    for cohort in COHORTS:
        result = simulate(4, cohort, seed=SEED, frames=2)
        assert np.isfinite(result.ecg).all() and 0.1 < np.abs(result.ecg).max() < 12
        assert len(result.covariates) == len(result.labels) == len(result.ecg) == len(result.indices)
