"""Three routes from an ECG to a movie: what is closer to the person's own heart is said to add, whatever the
measure's sign; and the start alone is what an untrained generator draws.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from cardiacnets.experiments.diffusion import routes, start_movies
from cardiacnets.experiments.diffusion.generate import sample_movies
from cardiacnets.models.diffusion import VideoDiffusion
from cardiacnets.models.mean_heart import MeanHeart, cross_fit
from cardiacnets.profile import load_profile
from cardiacnets.statistics import Estimate

TWINS = 15
PEOPLE = 2 * TWINS
SMOKE = load_profile("smoke")
FLOW = replace(SMOKE.diffusion, prediction="flow", sampler="euler", start="mean_heart", guidance=1.0)


@pytest.fixture
def stage(monkeypatch):
    """A run whose generator's movies and readings are ``network`` to the real ones, the other routes'
    ``other``.
    """
    generator = np.random.default_rng(0)
    one, indices = generator.integers(60, 190, (TWINS, 2, 16, 16)), generator.normal(100, 20, (TWINS, 82))
    real, truth = (np.concatenate([each, each]) for each in (one.astype(np.uint8), indices))

    def blurred(amount):
        noise = generator.normal(0, amount, one.shape)
        return (real + np.concatenate([noise, noise])).round().clip(0, 255).astype(np.uint8)

    def read(amount):
        noise = generator.normal(0, amount, indices.shape)
        return truth + np.concatenate([noise, noise])

    arms = {"near": (blurred(2), read(2)), "far": (blurred(60), read(60))}
    # one of two twins is near, the other far: all in all no better than the other way round
    halves = {"first half": ("near", "far"), "second half": ("far", "near")}
    for name, order in halves.items():
        pairs = zip(*(arms[arm] for arm in order), strict=True)
        arms[name] = tuple(np.concatenate([one[:TWINS], two[TWINS:]]) for one, two in pairs)

    def set_up(network, other, sizes=FLOW):
        kinds = {"generated": arms[network][0], "real": real}
        found = {"sax": arms[other][0], "lax": arms[other][0], "indices": arms[other][1]}
        readings = {"generated": arms[network][1], "real": truth, "truth": truth}
        monkeypatch.setattr(routes, "movies", lambda run, cohort, view, kind: kinds[kind])
        monkeypatch.setattr(routes, "linear_movies", lambda run, cohort, name: found[name])
        monkeypatch.setattr(routes, "start_movies", lambda run, cohort, name: found[name])
        monkeypatch.setattr(routes, "measured", lambda run, cohort: readings)
        profile = SimpleNamespace(resampling={"resamples": 200, "seed": 1}, diffusion=sizes)
        own = dict.fromkeys(("sax", "lax"), routes.movie_similarity(kinds["generated"], real))
        return routes.beside(SimpleNamespace(profile=profile), "ukb", own)

    return set_up


@pytest.mark.parametrize(
    ("network", "other", "word", "told"),
    [
        ("near", "far", "adds (one training)", "adds to the start"),
        ("far", "near", "worse (one training)", "is worse than the start"),
        ("first half", "second half", "nothing seen", "adds nothing to the start"),
        ("near", "near", "next to nothing", "changes next to nothing"),
    ],
)
def test_every_measure_says_who_is_closer_to_the_own_heart(stage, network, other, word, told):
    for found in stage(network, other).values():
        assert list(found["measure"]) == list(routes.MEASURES)
        assert set(found["word"]) == {word} and (found["n"] == PEOPLE).all()
        for row in found.itertuples():
            gain = Estimate.of(row)
            assert gain.interval[0] - 1e-9 <= gain.estimate <= gain.interval[1] + 1e-9
            assert routes.depth_told(row).startswith(told)


def test_a_certain_difference_can_be_too_small_to_count():
    counts = Estimate(0.004, (0.003, 0.0051), 1000, "")
    assert routes.next_to_nothing(counts, 0.6) and not routes.next_to_nothing(counts, 0.5)
    assert not routes.next_to_nothing(Estimate(np.nan, (np.nan, np.nan), None, ""), 0.5)


def test_two_runs_of_roles_differ_by_the_sign_alone(stage):
    one, other = stage("near", "far")["twin"], stage("far", "near")["twin"]
    np.testing.assert_allclose(one["estimate"], -other["estimate"], atol=1e-6)


def test_the_page_names_measures_units_and_intervals(stage):
    tables = stage("near", "far")
    shown, gains = routes.values_table(tables), routes.gains_table(tables)
    assert list(shown["measure"]) == list(gains["measure"]) == list(routes.MEASURES.values())
    assert list(shown.columns) == ["measure", "generator", "start, untrained", "rival, closed form", "n"]
    assert shown.loc[4, "rival, closed form"].endswith("ml")
    assert gains.loc[3, "closer than its start by (what depth adds)"].endswith("points")


def test_a_generator_that_starts_from_noise_has_no_start(stage):
    tables = stage("near", "far", SMOKE.diffusion)
    assert tables["start"]["estimate"].isna().all() and tables["twin"]["estimate"].notna().all()
    row = next(tables["start"].itertuples())
    assert "starts from noise" in routes.depth_told(row) and "starts from noise" in row.method
    assert (routes.values_table(tables)["start, untrained"] == "not available").all()
    assert (routes.gains_table(tables)["in a word"] == "not available").all()


def test_the_start_alone_is_what_the_generator_draws_before_it_has_learned():
    torch.manual_seed(0)
    profile, width = replace(SMOKE, diffusion=FLOW), SMOKE.ecg_encoder.width
    model = VideoDiffusion(profile, width).eval()
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randn(40, 36, width, generator=generator)
    model.mean_heart.fit(tokens, torch.randn(40, *model.latent_shape(), generator=generator))
    with torch.inference_mode():
        untrained = sample_movies(model, tokens[:4], FLOW, seed=3)
        torch.nn.init.constant_(model.network.conv_out.bias, 0.5)
        trained = sample_movies(model, tokens[:4], FLOW, seed=3)
        start = sample_movies(start_movies.without_network(model), tokens[:4], FLOW, seed=3)
    assert np.array_equal(start, untrained) and not np.array_equal(start, trained)


def test_without_a_start_nothing_is_drawn_without_the_network():
    with pytest.raises(ValueError, match="starts from noise draws nothing"):
        start_movies.without_network(VideoDiffusion(SMOKE, SMOKE.ecg_encoder.width))
    assert start_movies.why_no_start(FLOW) == ""
    assert "from noise" in start_movies.why_no_start(SMOKE.diffusion)


def test_errors_of_unseen_people_stand_beside_the_untrained():
    person = np.arange(40) / 400
    known = start_movies.Unseen(0.5 + person, 0.7 + person)
    unknown = start_movies.Unseen(0.6 + person, np.full(40, np.nan))
    told = start_movies.losses_told({"sax": known, "lax": unknown}, {"resamples": 200, "seed": 1})
    assert told == (
        "short axis: 0.549 with the network, 0.749 untrained, the latter less the former 0.200 (0.200 to "
        "0.200) over 40 people; four-chamber: 0.649 with the network, untrained not known"
    )


def test_a_start_is_measured_on_people_whom_it_has_not_seen():
    """Along the directions in which its own people differ most, others differ less."""
    generator, shape = torch.Generator().manual_seed(0), (16, 1, 4, 4)
    tokens = torch.randn(2, 120, 2, 8, generator=generator)
    latents = torch.randn(2, 120, *shape, generator=generator)
    whole = MeanHeart(8, shape)
    whole.fit(tokens[0], latents[0])
    naive = whole.variance.clone()
    starts, halves = cross_fit(whole, tokens[0], latents[0], seed=1)
    assert whole.used == 30  # of 60, as many as half of the people allow
    others = MeanHeart(8, shape)
    others.load_state_dict(whole.state_dict())
    others.measure(tokens[1], latents[1])
    assert naive[:30].mean() > 1.5 * others.variance[:30].mean()
    assert whole.variance[:30].mean() == pytest.approx(float(others.variance[:30].mean()), rel=0.1)
    assert float(whole.left) == pytest.approx(float(others.left), rel=0.1)
    assert sorted(np.concatenate(halves)) == list(range(120)) and [len(half) for half in halves] == [60, 60]
    for start, own, other in zip(starts, halves, reversed(halves), strict=True):
        again = MeanHeart(8, shape)
        again.fit(tokens[0][other], latents[0][other])
        assert torch.equal(start.axes, again.axes)
        assert torch.equal(start(tokens[0][own]), again(tokens[0][own]))
