"""Hearts side by side: every row and lead is drawn, and what cannot be drawn is refused."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.digital_heart import one_heart
from cardiacnets.digital_heart.portraits import plot_portraits, plot_published, plot_twelve_leads

HEARTS = {"healthy": one_heart(seed=3, frames=4), "dilated": one_heart("dcm", 0.8, seed=3, frames=4)}
TARGETS = pd.DataFrame({
    "quantity": ["LV EF, %", "LV EF, %"], "sex": ["male", "female"], "target_mean": [58.0, 61.0],
    "target_sd": [5.0, 5.0],
})  # fmt: skip


def test_each_heart_has_its_row_and_each_lead_its_beat():
    figure = plot_twelve_leads(HEARTS)
    assert len(figure.axes) == 24
    assert np.array_equal(figure.axes[12 + 6].lines[0].get_ydata(), HEARTS["dilated"].beat[6])
    assert len(plot_portraits(HEARTS).axes) == 2 * 10


def test_histograms_stand_under_the_published_curve_of_their_sex():
    recorded = pd.DataFrame({"LV EF, %": [55.0, 60.0, 62.0, 58.0], "sex": [0, 0, 1, 1]})
    women, men = plot_published(recorded, TARGETS).axes[0].lines
    for line, mean in ((women, 61), (men, 58)):
        assert line.get_xdata()[np.argmax(line.get_ydata())] == pytest.approx(mean, abs=0.2)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: plot_portraits({}), "no heart"),
    (lambda: plot_published(pd.DataFrame({"size": [1.0], "sex": [0]}), TARGETS), "no published mean"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
