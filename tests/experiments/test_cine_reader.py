"""Chapter 04's measuring stick: fitted once for all that is measured, and the same when opened."""

from dataclasses import replace

import numpy as np
import pytest

from cardiacnets.cohorts.preprocessing import open_clean, preprocess_cohort
from cardiacnets.cohorts.store import open_cohort, simulate_cohort
from cardiacnets.experiments.diffusion import cine_reader, generate
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.profile import load_profile
from cardiacnets.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Forty people with CMR whose movies, real and "generated" (those of the next person), lie there."""
    smoke = load_profile("smoke")
    run = Run(
        tmp_path_factory.mktemp("runs") / "stick",
        "stick",
        replace(smoke, cohorts=replace(smoke.cohorts, ukb=40)),
    )
    simulate_cohort(run, "ukb", processes=1)
    clean = preprocess_cohort(run, "ukb", processes=1, progress=False)
    for view in VIEWS:
        real = cine_reader.diffusion_cines(run, clean, view, generate.generated_rows(run, "ukb"))

        def make(folder, real=real):
            np.save(folder / "real.npy", real)
            np.save(folder / "generated.npy", np.roll(real, 1, axis=0))

        run.fit_or_load(run.root / "movies" / f"ukb.{view}", {"view": view}, make)
    return run


def test_it_is_fitted_once_for_all_that_is_measured(run, monkeypatch):
    fits, fit = [], cine_reader.CineReader.fit
    monkeypatch.setattr(cine_reader.CineReader, "fit", lambda *lessons: fits.append(run) or fit(*lessons))
    generate.measure_movies(run, "ukb")
    generate.measure_reference(run)
    cine_reader.open_cine_reader(run)
    assert len(fits) == 1
    folder = run.predictions / "generated.ukb"
    real, generated = (np.load(folder / f"indices_{kind}.npy") for kind in ("real", "generated"))
    assert np.array_equal(np.roll(real, 1, axis=0), generated)


def test_another_size_of_movie_has_its_own(run):
    first = cine_reader.fit_cine_reader(run) / "artefact.json"
    before = first.read_text()
    smaller = replace(run.profile, diffusion=replace(run.profile.diffusion, frames=2))
    cine_reader.fit_cine_reader(Run(run.root, run.name, smaller))
    assert first.read_text() != before


def test_opened_it_reads_what_the_fitted_one_reads(run, tmp_path):
    lessons = (cine_reader.open_lesson(run, split) for split in ("train", "validation"))
    fitted = cine_reader.CineReader.fit(*lessons, run.profile.seed)
    fitted.save(tmp_path)
    opened = cine_reader.CineReader.load(tmp_path)
    clean = open_clean(run, "ukb")
    rows = clean.rows("train")
    cines = {view: cine_reader.diffusion_cines(run, clean, view, rows) for view in VIEWS}
    assert np.array_equal(opened(cines), fitted(cines))
    assert opened.probe.validation_loss == fitted.probe.validation_loss
    errors = np.abs(opened(cines) - open_cohort(run, "ukb").indices[rows])
    spread = open_cohort(run, "ukb").indices[rows].std(axis=0)
    assert np.nanmedian(errors / spread) < 1  # on those who taught it, nearer than their mean is
