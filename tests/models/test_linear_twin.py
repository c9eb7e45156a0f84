"""The linear twin: what is linear it finds whole, nobody has a part in their own prediction, noise is as wide
as what is left open.
"""

import numpy as np
import pytest

from cardiacnets.models.linear_twin import CineComponents, ClosedFormAlignment, RidgeMap

VIEWS = ("sax", "lax")


def flat_world(people: int, rank: int, side: int = 12, frames: int = 3) -> dict[str, np.ndarray]:
    """Cines that are a mean and ``rank`` pictures in shares that differ from person to person."""
    generator = np.random.default_rng(1)
    cines = {}
    for view in VIEWS:
        pictures = generator.uniform(-1, 1, (rank, frames * side * side))
        shares = generator.normal(size=(people, rank)) * 8
        cines[view] = (128 + shares @ pictures).reshape(people, frames, side, side)
    return cines


@pytest.fixture
def linear():
    """Features (400, 6) and scores (400, 3) that follow from them but for noise of a known covariance."""
    generator = np.random.default_rng(2)
    features = generator.normal(3, 2, (400, 6))
    relation, mixing = generator.normal(size=(6, 3)), np.array([[1.0, 0, 0], [0.8, 0.6, 0], [0, 0.5, 2.0]])
    return features, features @ relation, generator.normal(size=(400, 3)) @ mixing.T, mixing @ mixing.T


def test_a_world_of_few_components_comes_back_whole():
    cines = flat_world(40, 4)
    twin = CineComponents.fit(cines, 4, pixels=12)
    scores = twin.encode(cines)
    assert scores.shape == (40, 2, 4)
    back = twin.decode(scores)
    for view in VIEWS:
        assert back[view].shape == cines[view].shape and back[view].dtype == np.uint8
        assert np.abs(back[view] - cines[view].clip(0, 255)).max() <= 0.51  # rounding


def test_new_people_of_that_world_come_back_whole_too():
    cines = flat_world(60, 4)
    twin = CineComponents.fit({view: cine[:40] for view, cine in cines.items()}, 4, pixels=12)
    fresh = {view: cine[40:] for view, cine in cines.items()}
    for view, movie in twin.decode(twin.encode(fresh)).items():
        assert np.abs(movie - fresh[view].clip(0, 255)).max() <= 0.51


def test_the_error_falls_with_every_component():
    cines = flat_world(60, 12)
    twin = CineComponents.fit(cines, 12, pixels=12)
    scores = twin.encode(cines)
    errors = [((twin.decode(scores[:, :, :k])["sax"] - cines["sax"]) ** 2).mean() for k in (1, 4, 8, 12)]
    assert errors[0] > 1.5 * errors[1] > 1.5 * errors[2] > 20 * errors[3]


@pytest.mark.parametrize("pixels", [5, 12, 24])
def test_an_even_grey_stays_as_it_is_at_every_size(pixels):
    cines = {
        view: np.broadcast_to(np.arange(10.0, 40)[:, None, None, None], (30, 3, 12, 10)) for view in VIEWS
    }
    twin = CineComponents.fit(cines, 2, pixels)
    assert twin.pixels == min(pixels, 10)  # nothing is gained by enlarging
    np.testing.assert_array_equal(twin.decode(twin.encode(cines))["lax"], cines["lax"])


def test_small_pictures_keep_the_mean_grey_and_the_place():
    cine = np.zeros((3, 1, 12, 12))
    cine[:, :, :3, 6:9] = 200
    cines = {view: cine + np.arange(3)[:, None, None, None] for view in VIEWS}
    twin = CineComponents.fit(cines, 1, pixels=4)
    small = twin.mean[0].reshape(4, 4)
    assert small.mean() == pytest.approx(cines["sax"].mean()) and small[0, 2] == pytest.approx(201)
    assert np.delete(small.ravel(), 2) == pytest.approx(1)


def test_the_same_seed_gives_the_same_components():
    cines = flat_world(40, 12)
    one, other = (CineComponents.fit(cines, 5, 6, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.axes, other.axes)


def test_ridge_finds_a_linear_relation_and_its_units(linear):
    features, scores, *_ = linear
    ridge = RidgeMap.fit(features[:300], scores[:300])
    np.testing.assert_allclose(ridge(features[300:]), scores[300:], atol=0.01)
    stretched = RidgeMap.fit(features[:300] * 1000 - 7, scores[:300])  # units are nothing to it
    np.testing.assert_allclose(stretched(features[300:] * 1000 - 7), ridge(features[300:]), atol=1e-6)


def test_the_penalty_is_high_where_there_is_nothing_to_find(linear):
    features, scores, noise, _ = linear
    related, unrelated = (RidgeMap.fit(features, targets) for targets in (scores + noise, noise))
    assert related.penalty < 20 and unrelated.penalty > 20 * related.penalty


def test_generalised_cross_validation_is_near_leaving_one_out(linear):
    """The penalty chosen predicts people left out about as well as the best of all penalties would."""
    features, scores, noise, _ = linear
    wide = np.hstack([features, np.random.default_rng(4).normal(size=(400, 80))])
    train, test = slice(0, 120), slice(120, 400)
    ridge = RidgeMap.fit(wide[train], (scores + 3 * noise)[train])
    x, y = (wide[train] - ridge.centre) / ridge.spread, (scores + 3 * noise)[train] - ridge.offset

    def missed(penalty):
        weight = np.linalg.solve(x.T @ x + penalty * np.eye(86), x.T @ y)
        at = (wide[test] - ridge.centre) / ridge.spread
        return ((at @ weight + ridge.offset - scores[test]) ** 2).mean()

    errors = {penalty: missed(penalty) for penalty in np.logspace(-1, 6, 15)}
    assert errors[min(errors)] > 1.5 * min(errors.values()) and errors[max(errors)] > 1.5 * min(
        errors.values()
    )
    assert missed(ridge.penalty) < 1.25 * min(errors.values())


def test_nobody_has_a_part_in_their_own_prediction(linear):
    features, scores, noise, _ = linear
    before = ClosedFormAlignment.fit(features, scores + noise, seed=1)
    moved = scores + noise
    moved[17] += 1000
    after = ClosedFormAlignment.fit(features, moved, seed=1)
    np.testing.assert_array_equal(after.out_of_fold[17], before.out_of_fold[17])
    assert (np.abs(after.out_of_fold - before.out_of_fold).max(axis=1) > 0.01).mean() > 0.7  # others do
    assert np.abs(after(features[17]) - before(features[17])).max() > 0.1


def explained(predicted, scores):
    """The share of the scores' variance that predictions explain; below 0: worse than the mean."""
    return 1 - ((predicted - scores) ** 2).sum() / ((scores - scores.mean(0)) ** 2).sum()


def test_out_of_fold_predictions_are_as_good_as_those_of_new_people(linear):
    """Many features remember; what is predicted for oneself by others does not."""
    features, scores, noise, _ = linear
    wide = np.hstack([features, np.random.default_rng(5).normal(size=(400, 90))])
    blurred = scores + 3 * noise
    twin = ClosedFormAlignment.fit(wide[:150], blurred[:150])
    remembered = explained(twin(wide[:150]), blurred[:150])
    others = explained(twin.out_of_fold, blurred[:150])
    new = explained(twin(wide[150:]), blurred[150:])
    assert remembered > new + 0.2 and others < new + 0.05 and others > 0.1


def test_strangers_carry_nothing(linear):
    features, scores, noise, _ = linear
    people = np.arange(400)
    own, strangers = (
        ClosedFormAlignment.fit(features[:300], (scores + noise)[:300], partner)(features[300:])
        for partner in (None, np.roll(people[:300], 7))
    )
    assert explained(own, scores[300:]) > 0.95 and abs(explained(strangers, scores[300:])) < 0.05
    assert (strangers.std(0) < 0.3 * own.std(0)).all()
    itself = ClosedFormAlignment.fit(features[:300], (scores + noise)[:300], people[:300])
    np.testing.assert_array_equal(itself(features[300:]), own)


def test_drawn_scores_scatter_as_new_people_do(linear):
    features, scores, left, covariance = linear
    twin = ClosedFormAlignment.fit(features, scores + left)
    np.testing.assert_allclose(twin.covariance, covariance, atol=0.45)  # standard error about .2 at n 400
    centre = np.tile(twin(features[:1]), (20_000, 1))
    noise = np.random.default_rng(3).standard_normal(centre.shape)
    drawn = twin.draw(centre, noise)
    np.testing.assert_allclose(drawn.mean(0), centre[0], atol=0.05)
    np.testing.assert_allclose(np.cov(drawn, rowvar=False), twin.covariance, atol=0.12)
    np.testing.assert_allclose(twin.draw(centre, noise / 2) - centre, (drawn - centre) / 2, atol=1e-9)
    np.testing.assert_array_equal(twin.draw(centre, 0 * noise), centre)
    hearts = scores + left
    np.testing.assert_allclose(twin.draw(twin.out_of_fold, twin.noise_of(hearts)), hearts, atol=1e-9)


def test_what_is_left_open_is_the_unit_of_the_embedding(linear):
    features, scores, noise, _ = linear
    twin = ClosedFormAlignment.fit(features, scores + noise)
    left = twin.embed(scores + noise) - twin.embed(twin.out_of_fold)
    np.testing.assert_allclose(np.cov(left, rowvar=False), np.eye(3), atol=1e-6)
    assert np.abs(twin.embed((scores + noise).mean(0, keepdims=True))).max() < 1e-9


def broken(cines, row):
    cines["lax"][row, 1, 2, 3] = np.nan
    return cines


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: {v: a[:4] for v, a in c.items()}, "4 people cannot span 4 components: .*linear_twin"),
        (lambda c: {"sax": c["sax"], "lax": c["lax"][..., :10]}, r"unlike grids: sax \(20, 3, 12, 12\), lax"),
        (lambda c: {"sax": c["sax"], "lax": c["lax"][:19]}, "unlike grids"),
        (lambda c: {v: a[:, 0] for v, a in c.items()}, "unlike grids"),
        (lambda c: broken(c, 6), "cines of lax: NaN or infinity, first in row 6"),
    ],
)
def test_cines_that_do_not_fit_are_refused_in_one_line(spoil, message):
    with pytest.raises(ValueError, match=message) as refused:
        CineComponents.fit(spoil(flat_world(20, 4)), 4, 12)
    assert "\n" not in str(refused.value)


def test_cines_of_another_grid_than_the_fit_are_refused():
    twin = CineComponents.fit(flat_world(20, 4), 4, 12)
    with pytest.raises(ValueError, match=r"cines of \(2, 12, 12\) do not fit components of \(3, 12, 12\)"):
        twin.encode(flat_world(20, 4, frames=2))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x, y: (x[:-1], y), "399 ECGs and 400 hearts"),
        (lambda x, y: (x[:6], y[:6]), "6 ECGs and 6 hearts: .*at least 10"),
        (lambda x, y: (np.where(np.arange(400)[:, None] == 5, np.nan, x), y), "ECG features: NaN.* row 5"),
        (lambda x, y: (x, np.where(np.arange(400)[:, None] == 8, np.inf, y)), "scores: NaN.* row 8"),
    ],
)
def test_pairs_that_do_not_fit_are_refused_in_one_line(linear, spoil, message):
    with pytest.raises(ValueError, match=message) as refused:
        ClosedFormAlignment.fit(*spoil(*linear[:2]))
    assert "\n" not in str(refused.value)
