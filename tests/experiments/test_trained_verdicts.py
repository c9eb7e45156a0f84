"""The headline comparison with networks that are really trained: other people, other seeds, same verdict."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from torch import nn
from torch.nn.functional import cross_entropy, normalize

from cardiacnets.cohorts.preprocessing import beat_view, resize_cine
from cardiacnets.digital_heart import simulate
from cardiacnets.ecg import clean
from cardiacnets.statistics import Comparison, bootstrap_correlations
from cardiacnets.statistics.trainings import OVER_TRAININGS, with_trainings

PEOPLE, LABELS, TRAININGS = 400, 60, 3
PENALTIES = 10.0 ** np.arange(5)
SEEDS = (61, 62, 63)


def aligned(ecg: np.ndarray, cmr: np.ndarray, people: np.ndarray, seed: int) -> np.ndarray:
    """Embeddings (n, 16) of ``people`` by a small network, contrasted with components of cines."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(ecg.shape[1], 64), nn.GELU(), nn.Linear(64, 16))
    head = nn.Linear(cmr.shape[1], 16)
    optimiser = torch.optim.AdamW([*network.parameters(), *head.parameters()], 3e-3, weight_decay=0.1)
    x, y = (torch.from_numpy(each.astype(np.float32)) for each in (ecg, cmr))
    for _ in range(30):
        for batch in torch.randperm(len(x)).split(70):
            scores = normalize(network(x[batch])) @ normalize(head(y[batch])).T / 0.1
            same = torch.arange(len(batch))
            optimiser.zero_grad()
            (cross_entropy(scores, same) + cross_entropy(scores.T, same)).backward()
            optimiser.step()
    with torch.inference_mode():
        return network(torch.from_numpy(people.astype(np.float32))).numpy()


def mean_r(truth: np.ndarray, answers: np.ndarray) -> float:
    return float(np.mean([np.corrcoef(*pair)[0, 1] for pair in zip(truth.T, answers.T, strict=True)]))


def verdict(seed: int) -> Comparison:
    """Aligned to one's own heart less aligned to a stranger's: mean r of the indices by few labels, over test
    people and three trainings of each.
    """
    hearts = simulate(PEOPLE, seed=seed, frames=8)
    beats = beat_view(clean(hearts.ecg)).reshape(PEOPLE, -1)  # (n, 12 x 180)
    cines = resize_cine(hearts.sax, 8, 16).reshape(PEOPLE, -1) / 255.0  # (n, 8 x 16 x 16)
    train, test = np.split(np.arange(PEOPLE), [280])
    x = PCA(30, whiten=True, random_state=seed).fit(beats[train]).transform(beats)
    y = PCA(32, whiten=True, random_state=seed).fit(cines[train]).transform(cines)
    truth = (hearts.indices - hearts.indices[train].mean(axis=0)) / hearts.indices[train].std(axis=0)
    answers = {"own": [], "strangers": []}
    for whose, partner in (("own", train), ("strangers", np.roll(train, 1))):
        for training in range(TRAININGS):
            z = aligned(x[train], y[partner], x, 1000 * seed + training)
            fit = RidgeCV(PENALTIES).fit(z[train[:LABELS]], truth[train[:LABELS]])
            answers[whose].append(fit.predict(z[test]))
    averaged = {whose: np.mean(each, axis=0) for whose, each in answers.items()}
    people = bootstrap_correlations(truth[test], averaged, resamples=300, seed=seed)
    left_out = [
        [mean_r(truth[test], np.mean(np.delete(each, one, axis=0), axis=0)) for one in range(TRAININGS)]
        for each in answers.values()
    ]
    return with_trainings(people.mean_difference("own", "strangers"), left_out)


@pytest.fixture(scope="module")
def verdicts():
    return [verdict(seed) for seed in SEEDS]


def test_intervals_hold_people_and_trainings(verdicts):
    assert all(OVER_TRAININGS in each.method and each.n == PEOPLE - 280 for each in verdicts)


def test_no_decided_verdict_of_trained_networks_flips(verdicts):
    sides = {np.sign(each.interval[0]) for each in verdicts if each.interval[0] * each.interval[1] > 0}
    assert sides <= {1.0}, [(each.estimate, each.interval) for each in verdicts]
    assert min(each.estimate for each in verdicts) > 0, "one's own heart teaches more than a stranger's"
