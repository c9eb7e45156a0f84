"""How the ECG guides the picture: where changes lie, what stays when only the ECG changes, and the scores."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from cardiacnets.artefacts import write_json
from cardiacnets.digital_heart import one_heart
from cardiacnets.experiments.diffusion import draw, guidance, guidance_told
from cardiacnets.models import build
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.profile import load_profile
from cardiacnets.run import SIDECAR, Run


def test_a_change_in_the_true_region_scores_the_most_and_one_anywhere_scores_one():
    true = np.zeros((1, 2, 10, 10))
    true[:, :, :2] = 1  # a fifth of the pixels
    assert guidance.enrichment(true, true) == pytest.approx([5])
    assert guidance.enrichment(np.ones_like(true), true) == pytest.approx([1])
    assert guidance.enrichment(1 - true, true) == pytest.approx([0])
    assert guidance.enrichment(np.zeros_like(true), true) == pytest.approx([1])


def test_a_turned_heart_changes_its_ecg_and_nothing_in_the_cine():
    turned = next(cause for cause in guidance.CAUSES if not cause.index)
    before, after = (one_heart(seed=3, frames=4, **latents) for latents in ({}, turned.latents))
    assert np.array_equal(before.sax, after.sax) and np.array_equal(before.lax, after.lax)
    assert np.array_equal(before.indices_true, after.indices_true)
    assert np.abs(before.beat - after.beat).max() > 0.1  # mV


@pytest.mark.parametrize(
    "cause", [cause for cause in guidance.CAUSES if cause.index], ids=lambda cause: cause.name
)
def test_each_cause_moves_its_index_upwards_in_truth(cause):
    place = INDEX_NAMES.index(cause.index)
    for seed in (1, 2):
        before, after = (one_heart(seed=seed, frames=4, **latents) for latents in ({}, cause.latents))
        assert after.indices_true[place] > before.indices_true[place]


def test_attention_is_spread_over_leads_and_times():
    profile = load_profile("smoke")
    torch.manual_seed(0)
    model, sizes = build("diffusion", profile).eval(), profile.diffusion
    cines = np.random.default_rng(0).integers(0, 255, (2, sizes.frames, sizes.pixels, sizes.pixels), np.uint8)
    maps = guidance.attention_maps(model, cines, torch.randn(2, 36, profile.ecg_encoder.width), seed=1)
    assert maps.shape == (2, sizes.frames, 4, 4, 12, 3)
    np.testing.assert_allclose(maps.sum(axis=(-1, -2)), 1, atol=1e-4)
    assert maps.std() > 0


@pytest.fixture
def run(tmp_path):
    """Counterfactuals made by hand: the movie follows causes half-way, in place, and ignores the turning."""
    smoke = load_profile("smoke")
    run = Run(tmp_path, "hand", replace(smoke, diffusion=replace(smoke.diffusion, counterfactuals=8)))
    generator, folder = np.random.default_rng(0), tmp_path / "counterfactuals"
    folder.mkdir()
    count, states = 8, len(guidance.CAUSES) + 2
    base = generator.integers(100, 110, (count, 2, 10, 10))
    for view in ("sax", "lax"):
        real, drawn = np.stack([base] * (states - 1)), np.stack([base] * states)
        for state, cause in enumerate(guidance.CAUSES, start=1):
            if cause.index:
                real[state, :, :, :2] += 40
                drawn[state, :, :, :2] += 20
        drawn[-1] += generator.integers(-5, 5, base.shape)
        np.save(folder / f"real_{view}.npy", real.astype(np.uint8))
        np.save(folder / f"generated_{view}.npy", drawn.astype(np.uint8))
    truth = np.zeros((states - 1, count, len(INDEX_NAMES)))
    read = np.zeros((states, count, len(INDEX_NAMES)))
    for state, cause in enumerate(guidance.CAUSES, start=1):
        if cause.index:
            truth[state, :, INDEX_NAMES.index(cause.index)] = 10
            read[state, :, INDEX_NAMES.index(cause.index)] = 5 + generator.normal(0, 1, count)
            read[state, 0, INDEX_NAMES.index(cause.index)] = -1
    np.save(folder / "truth.npy", truth)
    np.save(folder / "read.npy", read)
    write_json(folder / SIDECAR, {})
    return run


def test_directions_are_scored_against_the_known_cause(run):
    found = guidance.score_directions(run).set_index("cause")
    for cause in guidance.CAUSES:
        row = found.loc[cause.name]
        if cause.index:
            assert row["true"] == 10 and 2 < row["estimate"] < 6 and row["agree"] == 7 / 8
            assert row["low"] < row["estimate"] < row["high"] and row["agree_low"] < 7 / 8 < row["agree_high"]
        else:
            assert row["estimate"] == 0 and row["true"] == 0 and np.isnan(row["agree"])


def test_places_are_scored_against_the_known_cause_and_beside_other_noise(run):
    found = guidance.score_places(run)
    causes = found[(found["measure"] == "in_region") & (found["change"] != guidance.REDRAWN)]
    chance = found[(found["measure"] == "in_region") & (found["change"] == guidance.REDRAWN)]
    assert causes["estimate"].to_numpy() == pytest.approx(5)
    assert chance["estimate"].between(0.8, 1.2).all() and len(chance) == len(causes) == 6
    size = found[found["measure"] == "size"].set_index(["cause", "change", "view"])["estimate"]
    # 20 grey levels in a fifth of the pixels
    assert size["dilated", "dilated", "sax"] == pytest.approx(20 * 0.2**0.5)
    assert size["turned in the chest", "turned in the chest", "sax"] == 0


def test_each_cause_gets_a_verdict_by_its_four_signs(run):
    scored = guidance_told.score_causes(run)
    assert list(scored["cause"]) == [cause.name for cause in guidance.CAUSES if cause.index]
    told = guidance_told.cause_told(scored, "dilated")
    assert "+10 ml in truth" in told and "in 7 of 8 hearts" in told
    assert told.endswith("all four signs hold: the cause guides the picture.")
    few = scored.assign(right=4, larger_interval=[(-1.0, 1.0)] * len(scored))
    told = guidance_told.cause_told(few, "dilated")
    assert "2 of four signs hold" in told and "turned in the chest; it moves so" in told
    tables = guidance_told.causes_table(guidance.score_directions(run))
    assert len(tables) == 4 and tables["cause"].iloc[-1] == "turned in the chest"
    places = guidance_told.places_table(guidance.score_places(run))
    assert len(places) == 16 and list(dict.fromkeys(places["view"])) == ["short axis", "four-chamber"]


@pytest.mark.parametrize(
    ("low", "words"),
    [((-1, -1), "is not shown at any level"), ((-1, 1), "costs something at 0.9; at 0.3 that is not shown"),
     ((1, 1), "costs something at every level")],
)  # fmt: skip
def test_levels_at_which_no_ecg_is_as_good_are_named(low, words):
    rows = [(level, "own", 0.5, np.nan, np.nan) for level in (0.3, 0.9)]
    rows += [(level, "stranger", 0.51, 0.01, 0.005) for level in (0.3, 0.9)]
    rows += [(level, "none", 0.51, 0.01, 0.001 * end) for level, end in zip((0.3, 0.9), low, strict=True)]
    found = pd.DataFrame(rows, columns=["level", "told", "error", "estimate", "low"])
    told = guidance_told.listening_told(found, "sax")
    assert words in told and "+2.0 %, +2.0 %" in told and "short axis" in told


def test_attention_is_read_against_an_equal_share():
    looked = np.full((1, 12, 1), 1 / 12)
    looked[0, 0], looked[0, 1] = 1.5 / 12, 0.5 / 12
    told = guidance_told.attention_told(looked)
    assert "more than 50 % above" in told and "that is I;" in told and "II, lies 50 % below" in told
    assert guidance_told.charts_told(looked).startswith("One chart")
    assert guidance_told.charts_told(np.full((4, 12, 3), 1 / 36)).startswith("Two charts")
    bars = draw.attention(looked, 1 / 12, 16).figure.axes
    assert len(bars) == 1 and bars[0].get_ylim()[0] == 0
    assert len(draw.attention(np.full((4, 12, 3), 1 / 36), 1 / 36, 16).figure.axes) == 4
    assert "10.0 %" in guidance_told.gaze_told(np.full((2, 2), 0.1), "person to person")
    assert "One vector" in guidance_told.gaze_told(np.full((1, 1), 0.1), "person to person")
    places = draw.attended_places(np.zeros((2, 2, 8, 8)), np.full((2, 2), 0.1), "person to person").figure
    assert places.axes[-1].get_ylabel() == "times an equal share"


def test_counterfactuals_that_were_not_drawn_name_the_chapter(tmp_path):
    with pytest.raises(ValueError, match="papermill notebooks/04_diffusion.ipynb"):
        guidance.score_places(Run(tmp_path, "empty", load_profile("smoke")))
