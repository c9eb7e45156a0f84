"""The paper plot: true scale, all leads, heat where it belongs."""

import matplotlib
import numpy as np
import pytest

from cardiacnets.contracts import LEADS
from cardiacnets.ecg import plot_beats, plot_ecg

matplotlib.use("Agg")


@pytest.fixture
def signal() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.2, (12, 5000)).astype(np.float32)


def lines_of(figure, colour="#111111"):
    return [line for line in figure.axes[0].lines if line.get_color() == colour]


def millimetres(figure) -> np.ndarray:
    """Millimetres of print for one unit of the axes, horizontally and vertically."""
    axes = figure.axes[0]
    box = axes.get_position()
    size = figure.get_size_inches() * 25.4 * [box.width, box.height]
    return size / [np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())]


def test_one_unit_of_the_axes_is_one_millimetre_of_print(signal):
    for figure in (plot_ecg(signal, title="A title"), plot_ecg(signal), plot_beats(signal[:, :180])):
        np.testing.assert_allclose(millimetres(figure), 1, rtol=1e-6)


def test_scale_is_25_mm_a_second_and_10_mm_a_millivolt():
    signal = np.zeros((12, 5000))
    signal[1, 2500:] = 1.0  # a step of 1 mV in lead II after 5 s
    strip = next(line for line in lines_of(plot_ecg(signal)) if line.get_xdata().size == 5000)
    x, y = strip.get_xdata(), strip.get_ydata()
    assert (x[-1] - x[0]) * 5000 / 4999 == pytest.approx(250)
    assert y[-1] - y[0] == pytest.approx(10)
    assert x[np.argmax(np.diff(y)) + 1] - x[0] == pytest.approx(125)


def test_the_sheet_holds_tall_waves(signal):
    usual = np.ptp(plot_ecg(signal).axes[0].get_ylim())
    signal[LEADS.index("V4"), 4000:4020] = 3.2
    axes = plot_ecg(signal).axes[0]
    assert max(line.get_ydata().max() for line in axes.lines) < axes.get_ylim()[1]
    assert np.ptp(axes.get_ylim()) - usual == 15  # whole large squares


def test_every_lead_is_drawn_once_and_the_rhythm_strip_again(signal):
    names = [text.get_text() for text in plot_ecg(signal).axes[0].texts]
    assert sorted(name for name in names if name in LEADS) == sorted([*LEADS, "II"])
    assert "25 mm/s   10 mm/mV" in names


def test_the_title_is_on_the_sheet(signal):
    assert plot_ecg(signal, title="Simulated").texts[0].get_text() == "Simulated"


def test_heat_lies_behind_each_lead_at_its_time(signal):
    overlay = np.zeros((12, 10))
    overlay[LEADS.index("V6"), 8] = 1.0  # the ninth second, of which the fourth column shows all
    figure = plot_ecg(signal, overlay=overlay)
    meshes = [mesh for mesh in figure.axes[0].collections if mesh.get_array() is not None]
    hot = [mesh for mesh in meshes if mesh.get_array().max() == 1]
    assert len(hot) == 1
    figure.canvas.draw()
    corners = hot[0].get_coordinates()[0]  # (cells + 1, 2)
    cell = int(np.argmax(hot[0].get_array().ravel()))
    np.testing.assert_allclose(corners[cell : cell + 2, 0] - 10, [8 * 25, 9 * 25])


def test_several_beats_lie_over_each_other(signal, tmp_path):
    figure = plot_beats(np.stack([signal[:, :180], signal[:, 180:360]]), overlay=np.ones((12, 36)))
    assert len(lines_of(figure, "C0")) == len(lines_of(figure, "C1")) == 12
    figure.savefig(tmp_path / "beats.png", dpi=40)
    assert (tmp_path / "beats.png").stat().st_size > 1000


def test_other_rates_and_short_records_are_drawn(signal):
    assert plot_ecg(signal[:, :2400], rate=250).axes
    assert plot_ecg(signal[:, :1000], rate=100).axes


@pytest.mark.parametrize("overlay", [np.full((12, 4), 2.0), np.zeros((3, 4)), np.full((12, 4), np.nan)])
def test_wrong_overlays_are_refused(signal, overlay):
    with pytest.raises(ValueError, match="weights"):
        plot_ecg(signal, overlay=overlay)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="12, T"):
        plot_ecg(np.zeros((8, 5000)))
