"""How much sooner fine-tuning arrives: what is counted, and what never arriving is worth."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.downstream_tasks.convergence import LEAST, median_saving, passes, saved


def test_an_epoch_is_three_passes_and_the_probe_one():
    losses = pd.Series([0.9, 0.7, 0.5, 0.499])
    assert passes(losses, 0.5, "ecg") == 6 and passes(losses, 0.5, "aligned") == 7
    assert passes(losses, 0.9, "ecg") == 0 and passes(losses, 0.9, "aligned") == 1
    assert np.isnan(passes(losses, 0.1, "aligned"))


def test_savings_are_told_down_to_never():
    assert saved(30, 3) == pytest.approx(90)
    assert saved(10, 25) == LEAST and saved(10, np.nan) == LEAST
    assert np.isnan(saved(0, 1))


def test_the_medians_interval_is_finite_where_tasks_never_arrive():
    table = pd.DataFrame({"saved": [LEAST, LEAST, 50, 60, 70, 80, 90, 95, 97]})
    found = median_saving(table)
    middle, interval, count = found.estimate, found.interval, found.n
    assert (middle, interval, count) == (70, (LEAST, 95), 9)
