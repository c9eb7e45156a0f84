"""What the study left open: each measure finds what was put in, and nothing where nothing is."""

import numpy as np
import pandas as pd
import pytest
import torch

from cardiacnets.experiments.left_open import explanations, presentation, privacy
from cardiacnets.experiments.left_open.fewer_leads import keep_leads
from cardiacnets.experiments.shared.attribution import flatten, occlusion


class OneWindow(torch.nn.Module):
    """A "network" that looks at one window of one lead and nowhere else."""

    class Encoder:
        grid = (12, 1)

    encoder = Encoder()

    def forward(self, ecg, covariates=None):
        return ecg[:, 3, 60:75].pow(2).mean(dim=1, keepdim=True)


@pytest.fixture
def ecg():
    return torch.from_numpy(np.random.default_rng(1).normal(size=(5, 12, 180)).astype(np.float32))


def test_a_flattened_window_is_a_line_and_the_rest_stays(ecg):
    cells = torch.zeros(5, 12, 12, dtype=torch.bool)
    cells[:, 3, 4] = True  # samples 60 to 74
    hidden = flatten(ecg, cells)
    steps = hidden[:, 3, 60:75].diff(dim=1)
    assert torch.allclose(steps, steps[:, :1].expand_as(steps), atol=1e-5)
    hidden[:, 3, 60:75] = ecg[:, 3, 60:75]
    assert torch.equal(hidden, ecg)


def test_occlusion_finds_the_only_window_and_deletion_follows_it(ecg):
    ecg[:, 3, 60:75] = torch.tensor([3.0, -3.0, 0.0]).repeat(5)  # no line passes near it
    heat = occlusion(OneWindow(), ecg)
    assert (heat.reshape(5, -1).argmax(axis=1) == 3 * 12 + 4).all()
    hot = explanations.hottest(heat, 1 / 144)
    assert hot.sum() == 5 and hot[:, 3, 4].all()
    fall = OneWindow()(ecg) - OneWindow()(flatten(ecg, torch.from_numpy(hot)))
    assert (fall > 0).all()


def test_rank_correlation_knows_equal_opposite_and_flat_maps():
    rng = np.random.default_rng(2)
    a = rng.random((3, 12, 12))
    assert explanations.rank_correlation(a, np.exp(a)) == pytest.approx([1, 1, 1])
    assert explanations.rank_correlation(a, -a) == pytest.approx([-1, -1, -1])
    assert explanations.rank_correlation(a, np.ones_like(a)) == pytest.approx([0, 0, 0])


def test_coarse_maps_are_spread_over_the_same_grid():
    tokens = np.arange(24.0).reshape(1, 12, 2)
    spread = explanations.on_one_grid(tokens)
    assert spread.shape == (1, 12, 12) and (spread[0, 5, :6] == 10).all() and (spread[0, 5, 6:] == 11).all()


def test_a_copied_training_movie_is_found_as_nearest():
    rng = np.random.default_rng(3)
    members, others = rng.integers(0, 255, size=(2, 40, 4, 8, 8), dtype=np.uint8)
    assert privacy.nearest_distance(members[:5], members) == pytest.approx(np.zeros(5), abs=0.1)
    assert (privacy.nearest_distance(members[:5], others) > 50).all()
    one, two = np.zeros((1, 1, 1, 4), np.uint8), np.full((1, 1, 1, 4), 3, np.uint8)
    assert privacy.nearest_distance(one, two) == pytest.approx([3.0])


def test_leads_that_are_missing_are_flat_and_the_others_untouched(ecg):
    kept = keep_leads(ecg, ("I", "V6"))
    assert torch.equal(kept[:, [0, 11]], ecg[:, [0, 11]]) and kept[:, 1:11].abs().max() == 0
    assert np.array_equal(keep_leads(ecg.numpy(), ("I", "V6")), kept.numpy())


def fairness_row(difference, low, high):
    return {
        "attribute": "sex", "group": "women", "metric": "auc", "difference": difference,
        "difference_low": low, "difference_high": high, "could_show": 0.1,
    }  # fmt: skip


def test_sentences_follow_from_intervals():
    apart = pd.DataFrame([fairness_row(-0.2, -0.3, -0.1)])
    assert presentation.unfair(apart, "auc").startswith(
        "of 1 comparison of a group with the rest one shows a difference (women, −0.20 (−0.30 to −0.10)); "
    )
    level = pd.DataFrame([fairness_row(-0.02, -0.1, 0.06)])
    assert presentation.unfair(level, "auc").startswith(
        "of 1 comparison of a group with the rest none shows a difference; they could show"
    )
    assert presentation.unfair(level, "sensitivity") == "no group is large enough to compare sensitivity"
    rows = pd.DataFrame({
        "view": ["short axis", "four-chamber"], "estimate": [0.7, 0.5], "low": [0.6, 0.4], "high": [0.8, 0.6],
    })  # fmt: skip
    assert presentation.leaks(rows) == "above 0.5: short axis, 0.70 (0.60 to 0.80)"
    assert presentation.leaks(rows.iloc[1:]).startswith("none of 1 lies above 0.5; an excess ")


def test_keys_are_made_of_words():
    assert presentation.key("leads", "ukb.cm", "one (I)") == "leads.ukb.cm.one_I"


def test_weights_that_remember_are_not_called_shareable():
    rows = pd.DataFrame({"low": [0.6, 0.4], "high": [0.8, 0.6]})
    assert presentation.kept_private(rows).startswith("1 of 2 attacks tell the training people")
    assert presentation.kept_private(rows.iloc[:1]).startswith("Every attack tells")
    assert presentation.kept_private(rows.iloc[1:]).startswith("No attack tells")
    assert presentation.kept_private(rows * np.nan) == "No attack could be tried in this run."


def changed(estimate, low, high, **columns):
    return columns | {"change": estimate, "change_interval": (low, high), "change_method": "m", "n": 9}


def test_one_lead_is_said_of_every_task_and_movies_with_their_numbers():
    shared = {"leads": "one (I)", "how": "aligned encoder, frozen"}
    table = pd.DataFrame([
        changed(-0.14, -0.16, -0.12, task="ukb.indices", **shared),
        changed(-0.06, -0.12, 0.01, task="ukb.cm", **shared),
    ])
    assert presentation.one_lead(table) == (
        "loses in mean r of 82 indices (change −0.140 (−0.160 to −0.120)) and is not shown to lose or gain "
        "in AUC of cardiomyopathy (change −0.060 (−0.120 to 0.010))"
    )
    added = pd.DataFrame([changed(0.02, 0.01, 0.03, added="real")])
    assert presentation.augmentation_in_words(added, "real") == "raises mean r: 0.020 (0.010 to 0.030)"


def test_maps_are_said_to_resemble_only_what_the_interval_shows():
    rows = pd.DataFrame({
        "how": ["occlusion", "Grad-CAM"], "estimate": [0.0, -0.4], "low": [-0.03, -0.5], "high": [0.02, -0.3],
        "n": 24, "method": "m",
    })  # fmt: skip
    assert presentation.sanity_in_words(rows) == (
        "maps of occlusion are not shown to resemble or to oppose those of random weights (0.00 (−0.03 "
        "to 0.02)); maps of Grad-CAM oppose those of random weights (−0.40 (−0.50 to −0.30))"
    )


def test_scans_stand_beside_each_other_and_overlap_is_said():
    rows = pd.DataFrame({
        "arm": ["one", "other"], "prevalence": 0.01, "estimate": [0.04, 0.03], "low": [0.03, 0.02],
        "high": [0.05, 0.04], "scans": [25.0, 33.3], "why": "",
    })  # fmt: skip
    said = presentation.scans_in_words(rows, 0.01)
    assert said.startswith("one, 25 (PPV 0.040 (0.030 to 0.050)); other, 33 (PPV")
    assert "overlap, so the order" in said
    apart = presentation.scans_in_words(rows.assign(low=[0.045, 0.02]), 0.01)
    assert apart.endswith("do not overlap")
    missing = rows.assign(why=["not estimable: few", ""], estimate=[np.nan, 0.03])
    assert presentation.scans_in_words(missing, 0.01).startswith("one, not estimable: few; other, 33")


def test_an_audit_counts_covariates_apart_and_tells_rare_rivals_in_words():
    rows = [("", 0.8, 0.7, 0.9), ("covariates", 0.25, 0.2, 0.3), ("classical", 0.01, -0.1, 0.1)]
    keys = ("ukb.cm", "ukb.cad", "ukb.hf", "ukb.pc", "mimic.cm", "mimic.cad")
    table = pd.DataFrame([
        {"task": key, "output": key.split(".")[1], "against": against, "metric": "auc",
         "estimate": value, "low": low, "high": high}
        for key in keys
        for against, value, low, high in rows + [("oracle", -0.1, -0.2, 0.0)] * (key == "ukb.cm")
    ])  # fmt: skip
    said = presentation.audit_counts(table)
    assert said.startswith("against covariates it lies above in 6 of 6 questions, below in 0 (they have an")
    assert "AUC of 0.55 themselves" in said
    assert said.endswith("against the other rivals it lies above in 0 of 7 questions, below in 0")
    assert list(presentation.audited(table).columns) == [
        "task", "the model", "less covariates", "less classical",
    ]  # fmt: skip
    assert presentation.seldom_asked(table) == (
        "less oracle: −0.10 (−0.20 to 0.00) (UK Biobank: cardiomyopathy)"
    )
