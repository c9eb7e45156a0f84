"""The visual Turing test: right answers counted, intervals over readers and cases, words that follow."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.statistics.estimate import Estimate
from cardiacnets.statistics.visual_turing import each_reader, said_of, told_apart


def readings(skill, cases=20, seed=0, hard=0.0):
    """Readers who are right with a chance of their ``skill``, moved by up to ``hard`` with the case."""
    rng = np.random.default_rng(seed)
    moved = rng.normal(0, hard, cases) if hard else np.zeros(cases)
    rows = []
    for reader, chance in enumerate(skill):
        for case in range(cases):
            for generated in (0, 1):
                right = rng.random() < np.clip(chance + moved[case], 0, 1)
                said = generated if right else 1 - generated
                rows.append((f"R{reader}", case, generated, 4 if said else 2, said))
    return pd.DataFrame(rows, columns=["reader", "case", "generated", "rating", "decision"])


def test_who_is_always_right_and_who_always_wrong():
    right, wrong = told_apart(readings([1.0, 1.0])), told_apart(readings([0.0, 0.0]))
    assert (right.estimate, right.interval, right.n) == (1, (1, 1), 20)
    assert wrong.estimate == 0 and wrong.interval == (0, 0)
    both = told_apart(readings([1.0, 0.0]))
    assert both.estimate == 0.5 and both.interval == (0, 1), "readers count: other two could be of one kind"


def test_rows_may_come_in_any_order():
    table = readings([0.7, 0.6, 0.8])
    shuffled = table.sample(frac=1, random_state=1)
    assert told_apart(shuffled, seed=3) == told_apart(table, seed=3)


def test_the_interval_holds_what_readers_and_cases_at_large_would_say():
    """Six readers of skill .7 +- .08, 20 cases that matter: 95 % are promised; 200 studies, 89 % at the least
    by three standard errors.
    """
    held = 0
    for study in range(200):
        rng = np.random.default_rng([7, study])
        low, high = told_apart(readings(rng.normal(0.7, 0.08, 6), seed=study, hard=0.08), 400, study).interval
        held += low <= 0.7 <= high
    assert held / 200 > 0.89


def test_each_reader_is_counted_by_kind():
    table = readings([0.5, 0.5], cases=4)
    table["decision"] = 1  # all called generated
    row = each_reader(table).iloc[0]
    assert (row["right"], row["generated_called_so"], row["real_called_so"], row["n"]) == (0.5, 1, 0, 8)
    assert row["low"] < 0.5 < row["high"]
    assert each_reader(readings([1.0, 1.0]))["auc"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("interval", "words"),
    [((0.6, 0.9), "tell generated films from real ones"), ((0.1, 0.4), "take generated films for the real"),
     ((0.4, 0.7), "20 cases do not show")],
)  # fmt: skip
def test_words_follow_from_the_interval(interval, words):
    assert words in said_of(Estimate(0.5, interval, 20, ""))


def test_incomplete_readings_are_refused():
    table = readings([0.7, 0.7])
    with pytest.raises(ValueError, match="column 'generated' is missing"):
        told_apart(table.drop(columns="generated"))
    with pytest.raises(ValueError, match="one reader only"):
        told_apart(table[table["reader"] == "R0"])
    for broken in (table.iloc[1:], pd.concat([table, table.iloc[:1]])):
        with pytest.raises(ValueError, match="once each"):
            told_apart(broken)
