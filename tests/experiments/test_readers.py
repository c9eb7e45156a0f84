"""Simulated readers see what the display shows, and nothing else."""

import numpy as np
import pytest

from cardiacnets.experiments.reader_study.readers import (
    MODALITIES,
    READERS,
    Displays,
    Reference,
    mean_areas,
    simulate_readers,
    sweep_readers,
)
from cardiacnets.statistics import obuchowski_rockette


def study(n=120, seed=0):
    """Cases and reference whose ECG tells a little and whose movie tells more."""
    rng = np.random.default_rng(seed)

    def draw(count):
        truth = np.arange(count) % 2
        ecg = rng.normal(size=(count, 8)) + 0.5 * truth[:, None]
        movie = rng.normal(size=(count, 12)) + 0.6 * truth[:, None]
        return ecg, movie, truth

    reference = Reference(*draw(160))
    ecg, movie, truth = draw(n)
    return ecg, movie, truth, reference


def areas(generated, seeds=range(4)):
    ecg, movie, truth, reference = study()
    return np.mean([
        mean_areas(simulate_readers(ecg, generated, movie, truth, reference, seed=seed))
        for seed in seeds
    ], axis=0)


def test_informative_movies_help_and_empty_ones_do_not():
    _, movie, _, _ = study()
    rng = np.random.default_rng(1)
    ecg_only, informative, real = areas(movie)
    # standard error of the mean of 4 x 6 readings of AUC differences: about .012
    assert informative - ecg_only > 0.08 and real - ecg_only > 0.08
    for empty in (np.zeros_like(movie), rng.permutation(movie), rng.normal(size=movie.shape)):
        assert areas(empty)[1] - ecg_only < 0.02


def test_movies_of_other_people_mislead():
    """Readers trust the picture: someone else's heart costs them part of what the ECG told."""
    _, movie, _, _ = study()
    ecg_only, exchanged, _ = areas(np.random.default_rng(1).permutation(movie))
    assert exchanged < ecg_only - 0.03


def test_nobody_beats_chance_without_information():
    ecg, movie, truth, reference = study()
    noise = np.random.default_rng(2).normal(size=(3, 120, 12))
    found = np.mean([
        mean_areas(simulate_readers(noise[0, :, :8], noise[1], noise[2], truth, reference, seed=seed))
        for seed in range(4)
    ], axis=0)
    # one draw of noise for all readers: the AUC of 60 + 60 cases varies by .05 about one half
    assert np.abs(found - 0.5).max() < 0.13


def test_table_is_a_complete_reader_study():
    ecg, movie, truth, reference = study(n=40)
    names = np.array([f"case {i}" for i in range(40)])
    table = simulate_readers(ecg, movie, movie, truth, reference, cases=names)
    assert len(table) == 6 * 3 * 40 and set(table["experience"]) == {"junior", "senior"}
    assert table["rating"].between(0, 10).all() and set(table["decision"]) == {0, 1}
    assert table.groupby("modality")["session"].first().loc[list(MODALITIES)].tolist() == [1, 2, 3]
    found = obuchowski_rockette(table, modalities=MODALITIES, readers=[reader.name for reader in READERS])
    assert len(found.differences) == 3


def test_same_seed_same_readings():
    ecg, movie, truth, reference = study(n=30)
    first, second, other = (
        simulate_readers(ecg, movie, movie, truth, reference, seed=seed) for seed in (1, 1, 2)
    )
    assert first.equals(second) and not first.equals(other)


def test_the_generated_movie_decides_the_generated_reading_only():
    ecg, movie, truth, reference = study(n=30)
    true, exchanged = (
        simulate_readers(ecg, shown, movie, truth, reference) for shown in (movie, movie[::-1])
    )
    same = (true["rating"] == exchanged["rating"]).groupby(true["modality"]).all()
    assert same.to_dict() == {"ecg": True, "ecg+generated": False, "ecg+real": True}


def test_memory_carries_the_first_reading_over():
    ecg, movie, truth, reference = study(n=30)
    table = simulate_readers(ecg, movie, movie, truth, reference, memory=1.0)
    wide = table.pivot(index=["reader", "case"], columns="modality", values="rating")
    assert (wide["ecg"] == wide["ecg+real"]).all()


def test_missing_measurements_look_average():
    ecg, movie, truth, reference = study(n=30)
    ecg[3] = np.nan
    assert np.isfinite(simulate_readers(ecg, movie, movie, truth, reference)["rating"]).all()


def test_sweep_covers_the_grid_and_skill_helps():
    ecg, movie, truth, reference = study(n=60)
    displays = Displays(ecg, movie, movie, truth, np.arange(60))
    table = sweep_readers(displays, reference, skills=(0.5, 1.5), noises=(0.5, 4.0), seeds=(0, 1))
    assert len(table) == 2 * 2 * 3 and (table.query("modality == 'ecg'")["gain"] == 0).all()
    ecg_only = table.query("modality == 'ecg'").set_index(["skill", "noise"])["auc"]
    assert ecg_only[1.5, 0.5] > ecg_only[0.5, 4.0] + 0.03


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"movie": np.zeros((30, 3))}, r"generated_features must be \(30, 12\)"),
        ({"truth": np.zeros(160, dtype=int)}, "0 diseased and 160 healthy"),
        ({"memory": 2.0}, "memory lies between 0 and 1"),
    ],
)
def test_bad_input_is_named(change, message):
    ecg, movie, truth, reference = study(n=30)
    shown = change.get("movie", movie)
    reference = Reference(reference.ecg, reference.movie, change.get("truth", reference.truth))
    with pytest.raises(ValueError, match=message):
        simulate_readers(ecg, shown, movie, truth, reference, memory=change.get("memory", 0.0))
