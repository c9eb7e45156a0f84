"""What guidance buys and costs: on readings made by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from cardiacnets.experiments.diffusion import guidance_strength
from cardiacnets.phenotypes import INDEX_NAMES

PEOPLE = 120


@pytest.fixture
def told(monkeypatch, tmp_path):
    """What is told of readings that lie ``strength`` times as far from the average as what is expected of
    ``share`` of the truth, with ``noise`` of their own.
    """
    rng = np.random.default_rng(0)
    truth = rng.normal(100, 20, (PEOPLE, len(INDEX_NAMES)))
    monkeypatch.setattr(guidance_strength, "measured", lambda run, cohort: {"truth": truth, "real": truth})
    profile = SimpleNamespace(resampling={"resamples": 200, "seed": 1})
    run = SimpleNamespace(profile=profile, predictions=tmp_path, require=lambda path: path)
    (tmp_path / "generated.guidance").mkdir()

    def ask(share, noise):
        expected = (
            20 * share * (share * (truth - 100) / 20 + (1 - share**2) ** 0.5 * rng.normal(size=truth.shape))
        )
        own = rng.normal(0, noise, truth.shape) if noise else 0
        read = [100 + strength * expected + own for strength in guidance_strength.STRENGTHS]
        np.save(tmp_path / "generated.guidance" / "read.npy", np.stack(read))
        return guidance_strength.guided(run)

    return ask


def test_alone_it_changes_no_correlation_but_spread_and_error(told):
    found = told(share=0.6, noise=0)
    each, (change,) = found[:-1], found[-1:].itertuples()
    np.testing.assert_allclose(each["r"], each["r"].iloc[0], rtol=1e-6)
    np.testing.assert_allclose(each["spread"], each["spread"].iloc[0] * each["strength"], rtol=1e-6)
    assert each["spread"].iloc[0] == pytest.approx(0.6, abs=0.05)
    assert change.error == pytest.approx(each["error"].iloc[-1] - each["error"].iloc[0])
    assert change.error_interval[0] > 0
    words = guidance_strength.guided_told(found)
    assert abs(change.r) < 1e-6
    assert "between real ones: it rises" in words and words.endswith(" ml: it rises")


def test_against_noise_the_correlation_rises(told):
    found = told(share=0.6, noise=12)
    words = guidance_strength.guided_told(found)
    assert words.startswith("From a guidance of 1 to 2 the correlation with the record changes by 0.")
    assert "): it rises; the deviation" in words
    for row in found.itertuples():
        for measure in guidance_strength.MEASURES:
            low, high = getattr(row, f"{measure}_interval")
            assert low <= getattr(row, measure) <= high and row.n == PEOPLE


def test_the_page_has_a_line_a_strength_and_the_paired_difference(told):
    table = guidance_strength.guided_table(told(share=0.5, noise=5))
    assert table["guidance"].tolist() == ["1", "1.25", "1.5", "2", "last less first"]
    assert table.map(bool).all(axis=None)
