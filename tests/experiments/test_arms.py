"""Tables of arms: what their intervals hold, and what their sentences say."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.downstream_tasks import draw, evaluation, presentation
from cardiacnets.experiments.downstream_tasks.convergence import still_falling
from cardiacnets.experiments.downstream_tasks.downstream import arms_of, model_name, settings_of
from cardiacnets.experiments.shared.trainings import named, seeded, trainings_of
from cardiacnets.profile import load_profile
from cardiacnets.run import Run
from cardiacnets.statistics import Comparison, auc_difference, auc_interval
from cardiacnets.statistics.trainings import ONE_TRAINING
from cardiacnets.study import ARMS


def with_settings(**settings) -> Run:
    profile = load_profile("quick")
    downstream = dataclasses.replace(profile.downstream, **settings)
    return Run(None, "mine", dataclasses.replace(profile, downstream=downstream))


def screening(arms: tuple[str, ...], spread: float, several: tuple[str, ...]) -> evaluation.Predictions:
    """Scores of 200 people, each arm three noisy looks at the same truth."""
    rng = np.random.default_rng(3)
    truth = np.arange(200) % 2
    shared = truth + rng.normal(size=200)
    trainings = {arm: shared + spread * rng.normal(size=(3, 200)) for arm in several}
    scores = {arm: trainings[arm].mean(axis=0) if arm in several else shared for arm in arms}
    table = pd.DataFrame({"participant_id": range(200)})
    return evaluation.Predictions("ukb.cm", table, arms, truth, scores, table[:0], trainings)


@pytest.fixture
def tables(monkeypatch):
    def of(found):
        monkeypatch.setattr(evaluation, "open_predictions", lambda run, key: found)
        validation = pd.DataFrame({"label": [0, 1], **dict.fromkeys(found.arms, [0.1, 0.5])})
        monkeypatch.setattr(evaluation, "_learned_from", lambda run, task: validation)
        arms = evaluation.arm_table(None, "ukb.cm")
        return arms, evaluation.comparison_table(None, "ukb.cm", [("aligned", "classical")])

    return of


def test_an_arm_that_was_trained_thrice_has_a_wider_interval_and_three_dots(tables):
    found = screening(("classical", "aligned"), 1.0, ("aligned",))
    arms, (gain,) = tables(found)[0].query("metric == 'auc'"), tables(found)[1].itertuples()
    classical, aligned = arms.set_index("arm").loc[["classical", "aligned"]].itertuples()
    people = auc_interval(found.truth, found.scores["aligned"])
    assert aligned.estimate == people.estimate and len(aligned.trainings) == 3
    assert aligned.low < people.interval[0] and aligned.high > people.interval[1]
    assert classical.trainings == () and "training" not in classical.method
    narrow = auc_difference(found.truth, found.scores["aligned"], found.scores["classical"])
    assert gain.low < narrow.interval[0] and gain.high > narrow.interval[1] and gain.pvalue > narrow.pvalue
    each = [value - classical.estimate for value in aligned.trainings]
    assert gain.trainings == pytest.approx(each) and "3 trainings by jackknife" in gain.method
    assert gain.low_90 > gain.low and gain.high_90 < gain.high


def test_a_network_that_was_trained_once_says_what_its_interval_lacks(tables):
    arms, gains = tables(screening(("classical", "aligned"), 1.0, ()))
    methods = arms.query("metric == 'auc'").set_index("arm")["method"]
    assert ONE_TRAINING in methods["aligned"] and ONE_TRAINING not in methods["classical"]
    assert gains["method"].str.contains(ONE_TRAINING).all()


def test_the_spread_of_trainings_is_recorded_and_shown(tables):
    arms, gains = tables(screening(("classical", "aligned"), 1.0, ("aligned",)))
    kept = {}
    presentation.record_arms(lambda key, found, **words: kept.update({key: (found, words)}), arms)
    value, words = kept["ukb.cm.auc_trainings.aligned"]
    (singles,) = arms.query("arm == 'aligned' and metric == 'auc'")["trainings"]
    assert value == pytest.approx(np.std(singles, ddof=1))
    assert (words["n"], words["of"]) == (3, "trainings")
    assert "ukb.cm.auc_trainings.classical" not in kept
    assert presentation.readable(gains)["each training"].iloc[0].count(",") == 2


def test_auc_by_share_of_labels_counts_recordings():
    table = pd.DataFrame([{
        "task": "mimic.cm", "comparison": "aligned_10-ecg_100", "estimate": 0.1, "low": 0.0, "high": 0.2,
        "n": 276, "method": "", "why": "",
    }])  # fmt: skip
    kept = {}
    presentation.record_diseases_by_labels(lambda key, found, **words: kept.update({key: words}), table)
    assert kept == {"mimic.cm.auc_fraction.aligned_10-ecg_100": {"of": "recordings"}}


def gains_of(*limits: tuple[str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "task": task, "comparison": "aligned-ecg", "first": "aligned", "second": "ecg",
                "metric": "auc", "estimate": (low + high) / 2,
                "low": low, "high": high, "pvalue": 0.5, "n": 90, "method": "",
            }
            for task, low, high in limits
        ]
    )  # fmt: skip


def test_families_are_named_by_what_the_ecg_adds():
    columns = {"covariates only": [0.1, 0.5, 0.3], "aligned ECG": [0.4, 0.5, 0.5]}
    told = presentation.families_told(pd.DataFrame(columns, index=["strain", "volumes", "mass"]))
    assert "largest in the family strain (0.40 and 0.10)" in told and "in volumes (0.50 and 0.50)" in told
    unknown = pd.DataFrame({"covariates only": [float("nan")], "aligned ECG": [0.4]}, index=["strain"])
    assert "not known" in presentation.families_told(unknown)


def test_sentences_follow_from_the_intervals():
    rows = ("mimic.hf", 0.01, 0.03), ("mimic.ph", -0.2, -0.1), ("qph.cm", -0.02, 0.04)
    table = pd.concat([gains_of(row) for row in rows])  # as chapters do, with an index that repeats
    said = presentation.on_which_side(table, "aligned-ecg")
    assert said == (
        "lies above 0 in 1 of 3 rows (MIMIC-IV-ECG: heart failure); below it in 1 (MIMIC-IV-ECG: pulmonary "
        "hypertension); undecided in 1 (in half of these a difference below 0.043 would be lost by more than "
        "one such study in five; for 0.03 to be lost no more often would take about 200 test participants)"
    )
    all_above = presentation.on_which_side(gains_of(("mimic.hf", 0.01, 0.03)), "aligned-ecg")
    assert all_above == "lies above 0 in 1 of 1 rows (MIMIC-IV-ECG: heart failure); below it in 0"
    assert presentation.on_which_side(table, "aligned-cmr") == "cannot be judged in this run"


def test_a_pivot_has_a_row_a_task_and_a_dash_where_nothing_is():
    other = gains_of(("qph.cm", 0.1, 0.2)).assign(
        comparison="aligned-classical", second="classical"
    )
    table = pd.concat([gains_of(("mimic.hf", 0.01, 0.03), ("qph.cm", -0.02, 0.04)), other])
    wide = presentation.by_comparison(table, ("aligned-ecg", "aligned-classical"))
    assert list(wide["task"]) == ["MIMIC-IV-ECG: heart failure", "QPH: cardiomyopathy"]
    assert wide["aligned ECG − classical ECG"].tolist() == ["–", "0.150 (0.100 to 0.200)"]


def test_a_curve_is_a_row_an_arm_and_says_why_a_cell_is_empty():
    found = Comparison(0.4, (0.35, 0.45), 500, "bootstrap", 3.0, 0.01)
    nothing = {"estimate": np.nan, "low": np.nan, "high": np.nan}
    rows = [
        {"arm": "twin", "labels": 100, "all": False, "note": "", "statistic": 3.0} | found.row(),
        {"arm": "twin", "labels": 3850, "all": True, "note": "", "statistic": 3.0} | found.row(),
        {"arm": "causes", "labels": 100, "all": False, "note": "not available: why"} | nothing,
        {"arm": "causes", "labels": 3850, "all": True, "note": "not available: why"} | nothing,
        {"arm": "twin-classical", "labels": 100, "all": False, "note": "", "statistic": 3.0} | found.row(),
    ]
    wide = presentation.readable_curve(pd.DataFrame(rows))
    assert list(wide.columns) == ["arm", "100 labels", "3,850 labels (all)"]
    assert wide["100 labels"].tolist() == ["0.400 (0.350 to 0.450)", "not available: why"]
    kept = {}
    presentation.record_curve(lambda key, found, **words: kept.update({key: found}), pd.DataFrame(rows))
    ends = ("100.twin", "all.twin", "100.twin-classical")
    assert set(kept) == {f"ukb.indices.r_labels_{end}" for end in ends}
    assert kept["ukb.indices.r_labels_100.twin"].interval == (0.35, 0.45)


def test_how_often_a_network_is_trained_is_said_as_it_is():
    once = presentation.how_often_trained(with_settings(trainings=1))
    assert "trained once" in once and "no interval" in once
    some = presentation.how_often_trained(with_settings(trainings=3, repeated=("ukb.cm",)))
    assert "3 times" in some and "UK Biobank: cardiomyopathy" in some and "once" in some
    assert "all tasks" in presentation.how_often_trained(with_settings(trainings=2, repeated=()))


def test_trainings_have_names_and_seeds_of_their_own():
    run = with_settings(trainings=3, repeated=("ukb.cm",))
    assert list(trainings_of(run.profile)) == list(trainings_of(run.profile, "ukb.cm")) == [1, 2, 3]
    assert list(trainings_of(run.profile, "mimic.hf")) == [1]
    names = [model_name("ukb.cm", "aligned", training=number) for number in trainings_of(run.profile)]
    assert names == ["ukb.cm/aligned", "ukb.cm/aligned_training2", "ukb.cm/aligned_training3"]
    assert named("permuted", 1) == "permuted"
    seeds = [seeded(run.profile, number).seed for number in trainings_of(run.profile)]
    assert seeds[0] == run.profile.seed and len(set(seeds)) == 3
    with pytest.raises(ValueError, match="profile quick: downstream: trainings 0 must be 1 or more"):
        trainings_of(with_settings(trainings=0).profile)


def test_random_weights_get_the_epochs_and_batches_that_the_profile_grants_them():
    profile = with_settings(scratch_epochs=20, scratch_batch=128).profile
    gentle = settings_of(profile, "aligned", 1000)
    assert (gentle.epochs, gentle.batch, gentle.learning_rate) == (12, 32, profile.finetuning.learning_rate)
    many, few, fewest = (settings_of(profile, "random", count) for count in (2000, 100, 10))
    assert (many.epochs, many.patience, many.batch) == (20, 5, 128)
    assert (few.batch, fewest.batch) == (16, 10) and settings_of(profile, "aligned", 10).batch == 10
    assert many.learning_rate == profile.aligning.learning_rate
    plain = settings_of(with_settings(scratch_epochs=0, scratch_batch=0).profile, "random", 1000)
    assert (plain.epochs, plain.batch) == (profile.finetuning.epochs, profile.finetuning.batch)


def test_a_learning_curve_is_flat_or_not():
    falling = np.linspace(1, 0.5, 21)
    flat = np.concatenate([np.linspace(1, 0.5, 11), np.full(10, 0.5)])
    curves = pd.DataFrame({"arm": "ecg", "training": 1, "epoch": range(21), "loss": falling})
    said = "is still falling (25 % of its fall in the last quarter of its epochs)"
    assert still_falling(curves, "ecg") == said
    steady = curves.assign(loss=flat)
    assert still_falling(steady, "ecg").startswith("has flattened (0 %")
    both = pd.concat([curves.assign(training=2), steady])
    assert still_falling(both, "ecg").startswith("is still falling (25 %"), "the worst training counts"
    assert still_falling(curves.assign(loss=falling[::-1]), "ecg") == "never fell below its start"


def test_the_start_without_cmr_is_an_arm_of_two_tasks():
    assert "masked" in arms_of("ukb.indices") and "masked" in arms_of("ukb.cm")
    assert "masked" not in arms_of("mimic.cm")


def test_single_trainings_are_drawn_as_small_dots(tables):
    def dots(several):
        arms, _ = tables(screening(("classical", "aligned"), 1.0, several))
        (axis,) = draw.forest(arms.query("metric == 'auc'")).axes
        (drawn,) = [each for each in axis.collections if each.get_gid() == "trainings"]
        names = [tick.get_text() for tick in axis.get_yticklabels()]
        return [(x, names[round(y)]) for x, y in drawn.get_offsets()], arms

    assert dots(())[0] == []
    found, arms = dots(("aligned",))
    (singles,) = arms.query("arm == 'aligned' and metric == 'auc'")["trainings"]
    assert found == [(pytest.approx(value), "aligned ECG") for value in singles]


def test_the_curve_has_a_panel_with_and_one_without_covariates():
    found = Comparison(0.4, (0.35, 0.45), 500, "bootstrap", 3.0, 0.01)
    arms = ("classical", "classical_covariates", "aligned", "classical-covariates")
    rows = [{"arm": arm, "labels": labels} | found.row() for arm in arms for labels in (100, 1000)]
    picture = draw.arms_by_labels(pd.DataFrame(rows))
    panels = [axis.get_title() for axis in picture.figure.axes]
    assert panels == ["without covariates", "with covariates"]
    (legend,) = picture.figure.legends
    said = {text.get_text() for text in legend.get_texts()}
    assert said == {ARMS[arm].title for arm in arms[:3]} and "3 arms" in picture.alt
    assert [tick.get_text() for tick in picture.figure.axes[0].get_xticklabels()] == ["100", "1,000"]


def test_arms_of_one_colour_have_markers_of_their_own():
    names = [ARMS[arm].title for arm in ("cmr", "cmr_twin", "cmr_supervised", "classical")]
    markers = draw._markers(names)
    assert len({markers[name] for name in names[:3]}) == 3 and markers[names[3]] == markers[names[0]]


def test_methods_are_joined_once_and_means_stand_beside_single_trainings():
    table = pd.DataFrame({"method": ["DeLong; squares", "DeLong; 3 trainings", "squares"]})
    assert presentation.methods_in_words(table) == "DeLong; squares; 3 trainings"
    rows = pd.DataFrame({
        "task": "ukb.cm", "metric": "auc", "arm": ["aligned", "ecg", "classical"],
        "estimate": [0.81, 0.77, 0.72], "trainings": [(0.8, 0.79), (), ()],
    })  # fmt: skip
    assert presentation.means_beside_singles(rows) == (
        "UK Biobank: cardiomyopathy, aligned ECG: 0.810 beside 0.795"
    )
    assert presentation.means_beside_singles(rows[1:]).startswith("no network of these tasks")


@pytest.mark.parametrize(
    ("passes", "value", "unit"), [(1.0, 1, "pass"), (18.0, 18, "passes"), (np.nan, np.nan, "passes")]
)
def test_passes_are_counted_in_whole_ones(passes, value, unit):
    kept = {}
    presentation.record_passes(lambda key, found, **words: kept.update(found=found, **words), "k", passes)
    assert kept["found"] == pytest.approx(value, nan_ok=True) and kept["unit"] == unit
    assert isinstance(kept["found"], int) or np.isnan(passes)


def test_costs_are_headed_by_words():
    row = {"task": "ukb.cm", "n": 952, "ecg_own": 18.0, "ecg_goal": 18.0, "aligned_own": 1.0}
    shown = presentation.shown_passes(pd.DataFrame([row | {"aligned_goal": np.nan, "saved": -100.0}]))
    assert list(shown.columns)[:3] == ["task", "ECG-only, to its best", "aligned, to that loss"]
