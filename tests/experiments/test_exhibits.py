"""The study's exhibits from the open table: thresholds come from validation, matrices count what was
called.
"""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.downstream_tasks import draw_exhibits, evaluation, exhibits
from cardiacnets.experiments.downstream_tasks.decisions import decisions
from cardiacnets.experiments.downstream_tasks.evaluation import Predictions
from cardiacnets.experiments.shared.small_multiples import short
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.statistics.trainings import ONE_TRAINING, OVER_TRAININGS


def rows(cohort, task, kind, split, arm, truth, score, outputs):
    n = len(truth)
    truth, score = (np.asarray(part, float).reshape(n, -1) for part in (truth, score))
    return pd.DataFrame({
        "participant": np.repeat([f"{split}{i}" for i in range(n)], len(outputs)),
        "recording": np.repeat([f"{split}{i}" for i in range(n)], len(outputs)),
        "cohort": cohort, "task": task, "kind": kind, "output": list(outputs) * n, "arm": arm,
        "training": 1, "split": split, "truth": truth.ravel(), "score": score.ravel(),
    })  # fmt: skip


def test_the_threshold_is_validation_s_and_travels_to_a_site():
    table = pd.concat(
        [
            rows("mimic", "cm", "binary", "validation", "ecg", [0, 0, 1, 1], [1.0, 2.0, 3.0, 4.0], ["cm"]),
            rows(
                "sahzu", "cm", "binary", "test", "ecg", [0, 0, 0, 1, 1, 1], [0, 2.5, 3.5, 2.9, 3.5, 9], ["cm"]
            ),
        ]
    )
    found = decisions(table, "sahzu.cm", "ecg")
    assert found.threshold == 3.0
    assert (np.diff(found.probabilities[np.argsort(found.scores)]) >= 0).all()
    shown = exhibits.decision_table(table, "sahzu.cm").set_index("metric")
    assert shown.loc["sensitivity", "estimate"] == pytest.approx(2 / 3)
    assert shown.loc["specificity", "estimate"] == pytest.approx(2 / 3)
    assert shown.loc["ppv", "n"] == 3
    wide = exhibits.shown_decisions(shown.reset_index())
    assert wide.loc[0, "arm"] == "ECG-only network" and wide.loc[0, "sensitivity"].startswith("0.67 (")
    with pytest.raises(ValueError, match="no predictions of arm 'aligned'"):
        decisions(table, "sahzu.cm", "aligned")


@pytest.fixture
def subtypes():
    """Twelve people of two subtypes; "aligned" knows all, "ecg" calls every hypertrophic heart dilated."""
    truth = np.eye(3)[[0] * 6 + [1] * 6]
    called = np.eye(3)[[0] * 12]
    names = ("dcm", "hcm", "rcm")
    return pd.concat(
        [
            rows("mimic", "subtypes", "classes", "test", "aligned", truth, 0.1 + 0.8 * truth, names),
            rows("mimic", "subtypes", "classes", "test", "ecg", truth, 0.1 + 0.8 * called, names),
        ]
    )


def test_confusion_counts_what_is_called_and_says_who_is_missing(subtypes):
    found = exhibits.confusion(subtypes, "mimic.subtypes", "ecg")
    assert found.counts.tolist() == [[6, 0, 0], [6, 0, 0], [0, 0, 0]]
    recalls = found.recalls.set_index("subtype")
    assert recalls.loc["dcm", "estimate"] == 1 and recalls.loc["hcm", "estimate"] == 0
    assert recalls.loc["rcm", "why"] == "not estimable: nobody has it"


def predicted(**trainings) -> Predictions:
    """Sixty people of two subtypes; each arm's trainings (T, n, 3) as given."""
    truth = np.repeat([0, 1], 30)
    table = pd.DataFrame({"participant_id": np.arange(60), "label": truth})
    several = {arm: np.asarray(each, dtype=float) for arm, each in trainings.items()}
    scores = {arm: each.mean(axis=0) for arm, each in several.items()}
    kept = {arm: each for arm, each in several.items() if len(each) > 1}
    return Predictions("mimic.subtypes", table, tuple(scores), truth, scores, table[:0], kept)


def test_recall_differences_are_paired_within_a_subtype():
    truth, dilated = np.eye(3)[np.repeat([0, 1], 30)], np.eye(3)[[0] * 60]
    told = predicted(aligned=[truth], ecg=[dilated])
    found = {name: test for _, name, test in exhibits.recall_differences(told, [("aligned", "ecg")])}
    assert set(found) == {"dcm", "hcm"}
    assert found["hcm"].estimate == 1 and 0.5 < found["hcm"].interval[0] < 1
    assert found["dcm"].estimate == 0 and ONE_TRAINING in found["hcm"].method


def test_a_gain_in_recall_holds_its_trainings():
    rng = np.random.default_rng(0)
    truth = np.eye(3)[np.repeat([0, 1], 30)]
    alike = 0.3 * truth + rng.random((60, 3))
    few = np.repeat(alike[None], 3, axis=0)
    told = truth * (truth.argmax(axis=1) == 1)[:, None]  # of hypertrophic hearts, trainings disagree
    apart = alike + 2 * np.stack([-told, 0 * told, told])
    plain = predicted(aligned=few, ecg=[rng.random((60, 3))] * 3)
    loud = predicted(aligned=apart, ecg=plain.trainings["ecg"])
    for less in (None, "dcm"):
        quiet, wide = (
            evaluation.recall_difference(each, ("aligned", "ecg"), "hcm", less) for each in (plain, loud)
        )
        assert wide.estimate == pytest.approx(quiet.estimate)
        assert np.ptp(wide.interval) > 1.2 * np.ptp(quiet.interval) and wide.pvalue > quiet.pvalue
        assert OVER_TRAININGS in wide.method


def test_no_small_count_is_drawn_where_none_may_be_published(subtypes):
    confusion = exhibits.confusion(subtypes, "mimic.subtypes", "aligned")
    picture = draw_exhibits.confusions([confusion], "mimic.subtypes", least=10)
    words = [text.get_text() for axis in picture.figure.axes for text in axis.texts]
    counts = {int(word.split("\n")[1]) for word in words}
    assert counts <= {0, 10}


def test_regressions_hide_single_people_on_demand():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(60, 82))
    table = rows(
        "ukb", "indices", "values", "test", "ecg", truth, truth + rng.normal(size=truth.shape), INDEX_NAMES
    )
    found = exhibits.regressions(table, "ecg")
    assert list(found["index"]) == list(INDEX_NAMES) and found["estimate"].between(0.4, 0.95).all()
    for people, dots, content in ((True, 60, "simulated"), (False, 10, "aggregate")):
        picture = draw_exhibits.regressions(found.iloc[:3], "ecg", people)
        assert [len(axis.collections[0].get_offsets()) for axis in picture.figure.axes[:3]] == [dots] * 3
        assert picture.content == content
    assert short("Circumferential strain, AHA segment 3") == "circ. strain 3"


def test_denominators_are_explained_where_people_repeat():
    one = rows("mimic", "cm", "binary", "test", "ecg", [0, 1], [0.1, 0.2], ["cm"])
    assert exhibits.counted(one, "mimic.cm") == ""
    both = pd.concat([one, one.assign(recording="again" + one["recording"], truth=1 - one["truth"])])
    assert "counts in PPV and in NPV" in exhibits.counted(both, "mimic.cm")
