"""A row of a comparison carries its two arms, whatever it is called."""

import pandas as pd

from cardiacnets.experiments.downstream_tasks import draw
from cardiacnets.experiments.downstream_tasks.presentation import readable
from cardiacnets.study import ARMS


def rows(**arms) -> pd.DataFrame:
    row = {"task": "ukb.cm", "metric": "auc", "estimate": 0.1, "low": 0.05, "high": 0.15, "n": 40} | arms
    return pd.DataFrame([row])


def test_the_difference_is_told_of_the_arms_and_not_of_the_name():
    (told,) = readable(rows(comparison="a-name-of-its-own", first="aligned", second="ecg"))["difference"]
    assert told == f"{ARMS['aligned'].title} − {ARMS['ecg'].title}"


def test_a_picture_of_depth_has_a_row_for_each_network():
    table = rows(comparison="a-name-of-its-own", first="aligned", second="twin")
    labels = [text.get_text() for text in draw.depth(table).figure.axes[0].get_yticklabels()]
    assert labels == [ARMS["aligned"].title]
