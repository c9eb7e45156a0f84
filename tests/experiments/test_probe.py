"""The probe is an affine map that folds into a network's head; its penalty comes from validation."""

import numpy as np
import pytest
import torch

from cardiacnets.experiments.shared.probe import fit_probe, standardise_targets
from cardiacnets.experiments.shared.tasks import TASKS
from cardiacnets.models import Downstream
from cardiacnets.phenotypes import INDEX_NAMES


@pytest.fixture
def hearts():
    """Features (n, 6) with a known linear relation to 82 indices and to two and three classes."""
    generator = np.random.default_rng(0)
    features = generator.normal(3, 2, (400, 6))
    relation = 5 * generator.normal(size=(6, len(INDEX_NAMES)))
    indices = features @ relation + 100 + generator.normal(size=(400, 82))
    return features, indices, (features[:, 0] > 3).astype(int), np.digitize(features[:, 1], [2, 4])


def split(features, target):
    return features[:300], target[:300], (features[300:], target[300:])


def test_index_readout_is_in_the_units_of_the_indices(hearts):
    features, indices, *_ = hearts
    probe = fit_probe(TASKS["ukb.indices"], *split(features, indices))
    read = probe(features[300:])
    assert np.abs(read - indices[300:]).mean() < 1.5  # the noise has a mean magnitude of 0.8
    assert np.corrcoef(read[:, 0], indices[300:, 0])[0, 1] > 0.95


def test_missing_indices_are_left_out(hearts):
    features, indices, *_ = hearts
    holed = indices.copy()
    holed[::7, 3] = np.nan
    z_scores, mean, deviation = standardise_targets(holed)
    assert np.isnan(z_scores[0, 3]) and np.isclose(np.nanmean(z_scores[:, 3]), 0)
    assert np.isclose(mean[3], np.nanmean(holed[:, 3])) and np.isclose(deviation[3], np.nanstd(holed[:, 3]))
    assert np.isfinite(fit_probe(TASKS["ukb.indices"], *split(features, holed))(features)).all()


@pytest.mark.parametrize(("key", "place", "outputs"), [("ukb.cm", 2, 1), ("mimic.subtypes", 3, 3)])
def test_class_readouts_rank_held_out_classes(hearts, key, place, outputs):
    probe = fit_probe(TASKS[key], *split(hearts[0], hearts[place]))
    scores = probe(hearts[0][300:])
    assert scores.shape == (100, outputs)
    decided = scores[:, 0] > 0 if outputs == 1 else scores.argmax(1)
    assert (decided == hearts[place][300:]).mean() > 0.9


@pytest.mark.parametrize(("key", "place"), [("ukb.indices", 1), ("ukb.cm", 2), ("mimic.subtypes", 3)])
def test_a_head_that_starts_from_the_probe_gives_the_same_answers(hearts, key, place):
    class Identity(torch.nn.Identity):
        width = 6

    probe = fit_probe(TASKS[key], *split(hearts[0], hearts[place]))
    model = Downstream(Identity(), TASKS[key].outputs)
    model.start_from_probe(*(torch.from_numpy(part).float() for part in probe.affine()))
    answers = model(torch.from_numpy(hearts[0]).float()).detach().numpy()
    in_units = answers * probe.target_deviation + probe.target_mean
    np.testing.assert_allclose(in_units, probe(hearts[0]), atol=1e-3)
