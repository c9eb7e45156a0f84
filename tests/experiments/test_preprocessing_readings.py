"""What chapter 01 says of its tables follows from them."""

import numpy as np
import pandas as pd

from cardiacnets.ecg import check_ecg
from cardiacnets.experiments.preprocessing.readings import false_alarms, lost_most, share_with_height


def leads(raw: list[float], kept: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"lead": list("abcd"), "peak to peak, raw, mV": raw, "kept, %": kept})


def test_the_leads_that_lose_most_are_named_with_their_size():
    falling = leads([0.4, 0.6, 1.0, 2.0], [70.2, 78, 90, 95])
    assert lost_most(falling) == (
        "a (70 % kept), b (78 % kept) and c (90 % kept); 2 of the 3 are of the lower half of the leads"
    )


def test_the_interval_over_leads_says_whether_small_ones_lose_more():
    height, shaken = np.arange(1.0, 13), np.array([2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11])
    for kept, words in (
        (shaken, "small leads lose a larger share (rank correlation of height and share kept 0.9"),
        (-shaken, "small leads lose a smaller share (rank correlation of height and share kept −0.9"),
        (np.tile([1, 3, 2], 4), "whether small leads lose a larger share is not shown"),
    ):
        change = pd.DataFrame({"peak to peak, raw, mV": height, "kept, %": kept})
        assert share_with_height(change).startswith(words)


def test_a_sound_recording_that_was_refused_for_its_numbers_is_counted():
    """The reason is the one that the check of an ECG gives."""
    scored = np.random.default_rng(0).normal(size=(12, 5000))
    scored = (scored - scored.mean(axis=1, keepdims=True)) / scored.std(axis=1, keepdims=True)
    reason = "; ".join(check_ecg(scored).faults)
    cohorts = [pd.Series(["", "flat lead V1"]), pd.Series([reason, "", ""])]
    assert false_alarms(cohorts).startswith("Of the 5 simulated recordings 1 had numbers")
    assert false_alarms(cohorts[:1]).startswith("None of the 2 simulated recordings was refused")
    assert false_alarms([]).startswith("No cohort of this run is simulated")
