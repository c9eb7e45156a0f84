"""The open table: what it holds, and what breaks its rules is named."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.predictions import check_predictions, read_predictions, scores_of


def table(n=6, arms=("aligned", "ecg"), trainings=(1,), task="cm", kind="binary", outputs=("cm",)):
    rows = [
        {
            "participant": f"p{person // 2}", "recording": f"r{person}", "cohort": "mimic", "task": task,
            "kind": kind, "output": output, "arm": arm, "training": training,
            "split": "validation" if person < 2 else "test", "truth": float(person % 2),
            "score": (person + 10 * place) / 100 * training,
        }
        for arm in arms for training in trainings for person in range(n)
        for place, output in enumerate(outputs)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_table_comes_back_from_its_file_as_aligned_arrays(tmp_path):
    shuffled = table(trainings=(1, 2), outputs=("dcm", "hcm"), kind="classes").sample(frac=1, random_state=1)
    shuffled.to_parquet(tmp_path / "p.parquet")
    found = scores_of(read_predictions(tmp_path / "p.parquet"), "mimic", "cm")
    assert set(found.recordings) == {"r2", "r3", "r4", "r5"} and set(found.outputs) == {"dcm", "hcm"}
    for place, recording in enumerate(found.recordings):
        person = int(recording[1:])
        assert found.participants[place] == f"p{person // 2}"
        assert (found.truth[place] == person % 2).all()
        for column, output in enumerate(found.outputs):
            score = (person + 10 * (output == "hcm")) / 100
            assert np.allclose(found.scores["aligned"][:, place, column], [score, 2 * score])
    assert np.allclose(found.averaged("ecg"), found.scores["ecg"].mean(axis=0))
    assert found.clusters is not None


def test_recordings_and_trainings_may_be_left_out_where_they_say_nothing():
    short = table().drop(columns=["recording", "training"]).drop_duplicates(["participant", "arm"])
    checked = check_predictions(short)
    assert (checked["recording"] == checked["participant"]).all() and (checked["training"] == 1).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="score"), "no column 'score'"),
        (lambda t: t.iloc[:0], "no rows"),
        (lambda t: t.assign(split="train"), "'split' holds 'train'"),
        (lambda t: t.assign(kind="ternary"), "'kind' holds 'ternary'"),
        (lambda t: t.assign(score=t["score"].where(t.index != 3)), "arm aligned: no finite score for .*r3"),
        (lambda t: t.assign(score="high"), "'score' holds no numbers"),
        (lambda t: t.assign(truth=t["truth"] * 2), "truth is 0 or 1.*found 2"),
        (lambda t: t.assign(truth=np.nan), "truth is 0 or 1.*found nan"),
        (lambda t: t.assign(kind="classes", score=1.5), "probabilities in .0, 1.; found 1.5"),
        (lambda t: pd.concat([t, t.iloc[[4]]]), "recording 'r4' is scored twice"),
        (lambda t: t.drop(index=8), "arm ecg has 5 rows, the task 6"),
        (lambda t: t.assign(truth=t["truth"].where(t.index != 9, 0.0)), "two values of 'truth'"),
        (lambda t: t.assign(participant=t["participant"].where(t.index != 9)), "is empty in row 9"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        check_predictions(change(table()))


def test_a_file_that_is_no_parquet_is_named(tmp_path):
    (tmp_path / "p.parquet").write_text("participant,score\n")
    with pytest.raises(ValueError, match="p.parquet: no readable Parquet"):
        read_predictions(tmp_path / "p.parquet")
    table().drop(columns="truth").to_parquet(tmp_path / "q.parquet")
    with pytest.raises(ValueError, match="q.parquet: no column 'truth'"):
        read_predictions(tmp_path / "q.parquet")


def test_a_task_that_is_not_there_says_which_are():
    with pytest.raises(ValueError, match="no predictions of ukb.hf; there are mimic.cm"):
        scores_of(table(), "ukb", "hf")
    with pytest.raises(ValueError, match="no rows of the test split"):
        scores_of(table(n=2), "mimic", "cm")
