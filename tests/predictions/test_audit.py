"""The audit finds what was put in: a model that knows more, one that does not, and what is missing."""

import json

import numpy as np
import pandas as pd
import pytest

from cardiacnets.__main__ import main
from cardiacnets.predictions import Roles, audit
from cardiacnets.statistics.trainings import ONE_TRAINING, OVER_TRAININGS


@pytest.fixture(scope="module")
def predictions():
    """600 people; "aligned" knows much, "ecg" some, "permuted" as much as "ecg", the oracle all but noise."""
    rng, n = np.random.default_rng(3), 600
    sick = rng.random(n) < 0.5
    shared = rng.normal(size=n)
    signal = {"causes": 3.0, "aligned": 2.0, "ecg": 1.0, "permuted": 1.0, "covariates": 0.3, "classical": 1.9}
    scores = {arm: gain * sick + shared + 0.3 * rng.normal(size=n) for arm, gain in signal.items()}
    frames = [
        pd.DataFrame(
            {
                "participant": [f"p{i}" for i in range(n)],
                "cohort": "ukb",
                "task": "cm",
                "kind": "binary",
                "output": "cm",
                "arm": arm,
                "split": "test",
                "truth": sick.astype(float),
                "score": score,
            }
        )
        for arm, score in scores.items()
    ]
    values = rng.normal(size=(n, 3))
    for arm, noise in (("aligned", 1.0), ("ecg", 2.0), ("causes", 0.5)):
        guess = values + noise * rng.normal(size=values.shape)
        frames.append(pd.DataFrame({
            "participant": np.repeat([f"p{i}" for i in range(n)], 3), "cohort": "ukb", "task": "indices",
            "kind": "values", "output": np.tile(["a", "b", "c"], n), "arm": arm, "split": "test",
            "truth": values.ravel(), "score": guess.ravel(),
        }))  # fmt: skip
    table = pd.concat(frames, ignore_index=True)
    return table.assign(recording=table["participant"], training=1)


def row(rows, task, against):
    return rows[(rows["task"] == task) & (rows["against"] == against)].iloc[0]


def test_differences_are_paired_and_found(predictions):
    rows = audit(predictions, resamples=400)
    for against in ("ecg-only", "strangers", "covariates"):
        found = row(rows, "ukb.cm", against)
        assert found["low"] > 0 and found["words"] == f"better than {against}"
    classical = row(rows, "ukb.cm", "classical")
    assert classical["low"] < classical["estimate"] < classical["high"] and abs(classical["estimate"]) < 0.05
    own = row(rows, "ukb.cm", "")
    assert 0.8 < own["estimate"] < 1 and own["n"] == 600 and 0.7 < own["share_of_oracle"] < 1
    indices = row(rows, "ukb.indices", "")
    assert indices["estimate"] == pytest.approx(np.sqrt(0.5), abs=0.05)
    assert indices["share_of_oracle"] == pytest.approx(np.sqrt(0.5) / np.sqrt(0.8), abs=0.06)


def test_what_the_file_lacks_is_named_and_not_left_out(predictions):
    missing = row(audit(predictions, resamples=50), "ukb.indices", "strangers")
    assert missing["words"] == "missing: no arm 'permuted'" and np.isnan(missing["estimate"])


def test_roles_are_free(predictions):
    rows = audit(predictions, Roles(model="ecg", ecg_only="aligned"), resamples=50)
    assert row(rows, "ukb.cm", "ecg-only")["words"] == "worse than ecg-only"
    with pytest.raises(ValueError, match="no arm 'mine' to audit; there are causes"):
        audit(predictions, Roles(model="mine"))


def test_trainings_are_averaged_and_their_spread_is_shown(predictions):
    again = predictions[predictions["arm"] == "aligned"]
    noise = np.random.default_rng(0).normal(size=len(again))
    both = pd.concat([predictions, again.assign(training=2, score=again["score"] + noise)])
    found = row(audit(both, resamples=50), "ukb.cm", "")
    single = row(audit(predictions, resamples=50), "ukb.cm", "")
    assert found["low_training"] < found["high_training"] == pytest.approx(single["estimate"])


def test_one_class_only_is_said_and_does_not_stop_the_rest(predictions):
    alike = predictions.assign(truth=predictions["truth"].where(predictions["task"] != "cm", 1.0))
    rows = audit(alike, resamples=50)
    assert "not estimable: labels are all 1" in row(rows, "ukb.cm", "")["words"]
    assert row(rows, "ukb.indices", "ecg-only")["low"] > 0


def test_the_command_prints_the_table(predictions, tmp_path, capsys):
    predictions.to_parquet(tmp_path / "p.parquet")
    assert main(["audit", str(tmp_path / "p.parquet"), "--resamples", "50"]) == 0
    printed = capsys.readouterr().out
    assert "ukb.cm: auc 0." in printed and "missing: no arm 'permuted'" in printed
    assert main(["audit", str(tmp_path / "p.parquet"), "--resamples", "50", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 12
    assert main(["audit", str(tmp_path / "p.parquet"), "--model", "mine"]) == 1
    assert "no arm 'mine'" in capsys.readouterr().err


def test_differences_hold_trainings_where_there_are_several_and_else_say_so(predictions):
    once = row(audit(predictions, resamples=200), "ukb.cm", "classical")
    assert once["method"].endswith(ONE_TRAINING)
    model = predictions[predictions["arm"] == "aligned"]
    rng = np.random.default_rng(3)
    further = [model.assign(training=number, score=model["score"] + rng.normal(0, 0.5, len(model)))
               for number in (2, 3)]  # fmt: skip
    rows = audit(pd.concat([predictions, *further]), resamples=200)
    several = row(rows, "ukb.cm", "classical")
    assert several["method"].endswith(f"3 {OVER_TRAININGS}")
    assert several["low"] < several["estimate"] < several["high"]
    own = row(rows, "ukb.indices", "ecg-only")
    assert own["method"].endswith(f"3 {OVER_TRAININGS}")
