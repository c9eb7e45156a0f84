"""The oracle's formula in closed form, and the published targets on a design seed."""

import numpy as np
import pytest

from cardiacnets.digital_heart.oracle import linear_gaussian_bound, oracle_table
from cardiacnets.digital_heart.targets import check_targets, target_study


def test_bound_is_the_signal_share_of_one_noisy_channel():
    one = np.eye(1)
    assert linear_gaussian_bound(one, 4 * one, one, one)[0] == pytest.approx(4 / 5)
    assert linear_gaussian_bound(one, one, 1e9 * one, one)[0] == pytest.approx(0, abs=1e-6)


def test_bound_is_the_squared_correlation_of_the_best_linear_predictor():
    rng = np.random.default_rng(20_351)
    b, z = rng.normal(size=(6, 3)), rng.normal(size=(20_000, 3))
    y = z @ b.T + 2 * rng.normal(size=(20_000, 6))
    c = np.array([[1.0], [-0.5], [0.2]])
    predicted = y @ np.linalg.lstsq(y, z @ c, rcond=None)[0]
    found = np.corrcoef(predicted[:, 0], (z @ c)[:, 0])[0, 1] ** 2
    # 20,000 draws: the standard error of r^2 is below 0.006
    assert linear_gaussian_bound(b, np.eye(3), 4 * np.eye(6), c)[0] == pytest.approx(found, abs=0.02)


def test_oracle_sees_the_heart_through_the_ecg_but_not_all_of_it():
    table = oracle_table(train=400, test=250, seed=20_352)
    assert len(table) == 82
    assert 0.2 < table["oracle_recorded"].mean() < table["oracle_true"].mean() < 0.9
    assert table["bound"].between(0, 1).all()
    # what body size tells of the heart, an ECG of few hundred people tells less well
    assert table["oracle_with_covariates"].mean() > table["oracle_recorded"].mean()


def test_oracle_of_the_limited_preset_is_poorer():
    full = oracle_table(train=300, test=200, seed=20_353)["oracle_true"].mean()
    limited = oracle_table(train=300, test=200, preset="information_limited", seed=20_353)[
        "oracle_true"
    ].mean()
    assert limited < full - 0.05


def test_nine_targets_in_ten_are_met_and_measurements_are_judged():
    study = target_study(n=500, per_group=100)
    table = check_targets(study)
    assert len(table) >= 35
    assert table["passed"].mean() >= 0.9, table.loc[
        ~table["passed"], ["quantity", "simulated_mean"]
    ].to_string()
    from cardiacnets.digital_heart.beat_features import beat_features

    measured = beat_features(study.anatomy)[["qrs_ms", "heart_rate"]]
    measured["qrs_ms"] += 40
    judged = check_targets(study, measured).set_index("quantity")
    assert not judged.loc["QRS, ms", "passed"] and judged.loc["measured rate within 5 bpm, share", "passed"]
    with pytest.raises(ValueError, match="rows"):
        check_targets(study, measured.iloc[:5])
