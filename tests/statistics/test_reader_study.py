"""Obuchowski-Rockette against VanDyke's published analyses, and what a rating table must be."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.statistics import (
    auc_interval,
    cases_needed,
    check_ratings,
    estimating_equations,
    merit_covariance,
    model_less_readers,
    obuchowski_rockette,
    reader_study_power,
)


@pytest.fixture
def dyke(sample_data) -> pd.DataFrame:
    return pd.read_csv(sample_data / "stats" / "VanDyke.csv").rename(columns={"treatment": "modality"})


def study(readers=4, cases=40, gain=0.0, seed=0) -> pd.DataFrame:
    """A balanced study whose second modality shifts diseased ratings by ``gain``."""
    rng = np.random.default_rng(seed)
    truth = np.arange(cases) % 2
    rows = []
    shared = rng.normal(size=cases)
    for reader in range(readers):
        for modality in ("a", "b"):
            rating = truth * (1 + gain * (modality == "b")) + shared + rng.normal(size=cases)
            columns = {"reader": reader, "modality": modality, "case": np.arange(cases)}
            rows.append(pd.DataFrame(columns | {"truth": truth, "rating": rating}))
    return pd.concat(rows, ignore_index=True)


# The figures below: VanDyke data, R package MRMCaov, summary(mrmc(...)), which reproduces OR-DBM MRMC


def test_random_readers_and_cases(dyke):
    found = obuchowski_rockette(dyke)
    assert list(found.modalities["estimate"]) == pytest.approx([0.89703704, 0.94083736], abs=5e-9)
    assert found.difference == found.estimate == pytest.approx(-0.04380032, abs=5e-9)
    parts = found.components
    covariances = (parts.cov1, parts.cov2, parts.cov3)
    assert covariances == pytest.approx((0.00034661, 0.00034407, 0.00023903), abs=5.1e-9)
    assert parts.error_variance == pytest.approx(0.00080229, abs=5e-9)
    assert (found.f, found.ddf, found.pvalue) == pytest.approx((4.46, 15.26, 0.0517), abs=5e-3)
    assert found.pvalue == pytest.approx(0.0517, abs=5e-5)
    assert found.interval == pytest.approx((-0.08796, 0.00036), abs=5e-6)


def test_fixed_readers_and_fixed_cases(dyke):
    readers = obuchowski_rockette(dyke, random="cases")
    assert readers.f == pytest.approx(5.47595, abs=5e-6) and np.isinf(readers.ddf)
    assert readers.pvalue == pytest.approx(0.0193, abs=5e-5)
    cases = obuchowski_rockette(dyke, random="readers")
    assert (cases.f, cases.pvalue) == (pytest.approx(8.70, abs=5e-3), pytest.approx(0.0420, abs=5e-5))


def test_delong_covariance(dyke):
    found = obuchowski_rockette(dyke, covariance="delong")
    assert found.f == pytest.approx(4.484854, abs=5e-7)
    assert found.ddf == pytest.approx(15.06611, abs=5e-6)
    assert found.pvalue == pytest.approx(0.05123303, abs=5e-9)


def test_sensitivity_of_decisions(dyke):
    found = obuchowski_rockette(dyke, merit="sensitivity", threshold=3)
    assert found.f == pytest.approx(6.689493, abs=5e-7)
    assert found.ddf == pytest.approx(15.71732, abs=5e-6)
    assert found.pvalue == pytest.approx(0.02008822, abs=5e-9)


def test_jackknife_is_refitting_without_each_case():
    table = study(readers=2, cases=20)
    ratings = check_ratings(table)
    estimate, errors = merit_covariance(ratings)
    refitted = np.stack([
        merit_covariance(check_ratings(table[table["case"] != case]))[0].ravel() for case in range(20)
    ])
    twin = 19 / 20 * (refitted - refitted.mean(0)).T @ (refitted - refitted.mean(0))
    np.testing.assert_allclose(errors.reshape(4, 4), twin, atol=1e-12)
    assert estimate.shape == (2, 2)


def test_three_modalities_give_every_pair():
    table = study()
    third = table[table["modality"] == "b"].assign(modality="c")
    found = obuchowski_rockette(pd.concat([table, third]), modalities=["c", "b", "a"])
    assert list(found.modalities["modality"]) == ["c", "b", "a"]
    pairs = found.differences.set_index(["a", "b"])
    assert pairs.loc[("c", "b"), "estimate"] == 0 and len(pairs) == 3
    assert pairs.loc[("c", "a"), "estimate"] == pytest.approx(pairs.loc[("b", "a"), "estimate"])


def test_identical_modalities_do_not_differ():
    table = study()
    table = pd.concat([table[table["modality"] == "a"].assign(modality=name) for name in "ab"])
    for random in ("readers and cases", "cases", "readers"):
        found = obuchowski_rockette(table, random=random)
        assert (found.f, found.pvalue, found.interval) == (0, 1, (0, 0))


def test_perfect_readers_are_defined():
    table = study().assign(rating=lambda t: t["truth"])
    found = obuchowski_rockette(table)
    assert found.pvalue == 1 and list(found.modalities["estimate"]) == [1, 1]


def test_pairing_makes_the_study_sharper():
    """The same cases in both modalities: random cases cost less than different people would."""
    found = obuchowski_rockette(study(cases=100, gain=0.5))
    assert found.components.cov1 > 0 and found.difference < 0
    assert np.diff(found.interval) < 2 * 1.96 * np.sqrt(2 * found.components.error_variance)


def test_power_is_the_level_without_an_effect_and_grows(dyke):
    parts = obuchowski_rockette(dyke).components
    assert reader_study_power(parts, 114, 0.0, 5, 114) == pytest.approx(0.05, abs=1e-9)
    designs = [(5, 100), (5, 200), (9, 200)]  # readers, cases
    powers = [reader_study_power(parts, 114, 0.04, readers, cases) for readers, cases in designs]
    assert powers == sorted(powers) and powers[0] > 0.3
    needed = cases_needed(parts, 114, 0.05, 6)
    enough, fewer = (reader_study_power(parts, 114, 0.05, 6, cases) for cases in (needed, needed - 1))
    assert enough >= 0.8 > fewer
    assert cases_needed(parts, 114, 0.01, 3) is None  # no number of cases replaces readers


def test_estimating_equations_agree_in_direction(dyke):
    found = estimating_equations(dyke, threshold=3)
    diseased = dyke[dyke["truth"] == 1]
    share = (diseased["rating"] >= 3).groupby(diseased["modality"]).mean()
    crude = share[2] / (1 - share[2]) / (share[1] / (1 - share[1]))
    # reader effects in the model move a conditional odds ratio away from 1, by little here
    assert crude < found["odds_ratio"][0] < 1.2 * crude
    assert found["low"][0] > 1 and found["pvalue"][0] < 0.01


def test_infinite_odds_are_not_available():
    found = estimating_equations(study().assign(rating=1.0), threshold=0.5)
    assert found["modality"].tolist() == ["b"] and found[["odds_ratio", "pvalue"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="truth"), "column 'truth' is missing"),
        (lambda t: t.iloc[:0], "holds no rows"),
        (lambda t: t.assign(rating=t["rating"].where(t.index != 6)), "row 7, column 'rating': empty cell"),
        (lambda t: t.assign(rating=t["rating"].astype(object).where(t.index != 2, "high")),
         "row 3, column 'rating': high is not a number"),
        (lambda t: t.assign(truth=t["truth"].where(t.index != 4, 2)), "row 5, column 'truth': .*not 0 or 1"),
        (lambda t: t.assign(reader=t["reader"].mask(t.index == 1, 9)), "row 2, column 'reader': unknown .*9"),
        (lambda t: pd.concat([t, t.iloc[[5]]]), "row 321, column 'case': reader 0 rated case 5"),
        (lambda t: t.assign(truth=t["truth"].where(t.index != 40, 1)), "row 41, column 'truth': case 0"),
        (lambda t: t[t["modality"] == "a"], "one modality only"),
        (lambda t: t.drop(index=7), "incomplete design: reader 0 did not rate case 7 with 'a'"),
        (lambda t: t[t["truth"] == 1], "for every case"),
    ],
)
def test_bad_tables_are_refused_by_row_and_column(change, message):
    with pytest.raises(ValueError, match=message):
        obuchowski_rockette(change(study()), readers=range(4))


def test_one_reader_is_refused_with_the_alternative():
    with pytest.raises(ValueError, match="one reader only.*delong_test"):
        obuchowski_rockette(study(readers=1))


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match="merit must be one of"):
        obuchowski_rockette(study(), merit="f1")
    with pytest.raises(ValueError, match="random must be"):
        obuchowski_rockette(study(), random="both")
    with pytest.raises(ValueError, match="needs the threshold"):
        obuchowski_rockette(study(), merit="sensitivity")


def test_a_model_is_compared_with_readers_case_by_case():
    """A model that errs as the readers do on the same cases is told from them more surely than another."""
    table = study(readers=5, cases=120, seed=3)
    mean = table[table["modality"] == "a"].groupby("case")["rating"].mean()
    alike = model_less_readers(table, "a", mean)
    truth = table.groupby("case")["truth"].first()
    stranger = pd.Series(truth + np.random.default_rng(1).normal(size=len(truth)), truth.index)
    other = model_less_readers(table, "a", stranger)
    assert alike.n == other.n == 120 and alike.interval[0] < alike.estimate < alike.interval[1]
    width = [found.interval[1] - found.interval[0] for found in (alike, other)]
    assert width[0] < 0.7 * width[1]
    auc = auc_interval(truth, mean).estimate
    readers = obuchowski_rockette(table).modalities.set_index("modality").loc["a", "estimate"]
    assert alike.estimate == pytest.approx(auc - readers)
    assert (alike.pvalue < 0.05) == (0 < alike.interval[0])
    with pytest.raises(ValueError, match="1 of 120 cases have no score"):
        model_less_readers(table, "a", mean.iloc[1:])
