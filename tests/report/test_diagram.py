"""Diagrams: sizes come from the profile, and letters stay where they belong."""

import re
from dataclasses import replace

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch

from cardiacnets.profile import load_profile
from cardiacnets.report import network_diagrams as networks
from cardiacnets.report.diagram import COLOURS, Arrow, Box, drawn
from cardiacnets.report.exhibits import svg_bytes

DIAGRAMS = [networks.overview, networks.cmr_network, networks.ecg_network, networks.video_network]


def words(picture) -> set[str]:
    (axes,) = picture.figure.axes
    return {text.get_text() for text in axes.texts}


def extents(picture):
    """Letters and boxes in pixels, as they are drawn."""
    renderer = FigureCanvasAgg(picture.figure).get_renderer()
    (axes,) = picture.figure.axes
    texts = {text: text.get_window_extent(renderer) for text in axes.texts}
    boxes = [
        patch.get_window_extent(renderer)
        for patch in axes.patches
        if isinstance(patch, FancyBboxPatch) and patch.get_gid() == "box"
    ]
    return texts, boxes, picture.figure.bbox


@pytest.mark.parametrize("draw", DIAGRAMS, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("profile", ["smoke", "quick", "full", "paper"])
def test_letters_lie_within_their_box_and_on_no_other(draw, profile):
    texts, boxes, whole = extents(draw(load_profile(profile)))
    held = {number: 0 for number in range(len(boxes))}
    for text, place in texts.items():
        assert whole.x0 <= place.x0 and place.x1 <= whole.x1 and whole.y0 <= place.y0 <= place.y1 <= whole.y1
        touched = [number for number, box in enumerate(boxes) if box.overlaps(place)]
        if touched:
            (number,) = touched
            box = boxes[number]
            assert box.x0 <= place.x0 and place.x1 <= box.x1, text.get_text()
            assert box.y0 <= place.y0 and place.y1 <= box.y1, text.get_text()
            held[number] += 1
    assert all(held.values()), "every box has its words"
    assert not [1 for number, one in enumerate(boxes) for other in boxes[:number] if one.overlaps(other)]


def test_a_box_grows_with_its_words():
    short, long = (Box(0, 0, "data", "ECG", ("a" * count,)).size for count in (3, 60))
    assert long[0] > short[0] and long[1] == short[1]
    assert Box(0, 0, "data", "ECG", ("a", "b")).size[1] > short[1]


def changed(**sections):
    profile = load_profile("quick")
    return replace(
        profile, **{name: replace(getattr(profile, name), **values) for name, values in sections.items()}
    )


@pytest.mark.parametrize(
    ("draw", "sections", "before", "after"),
    [
        (
            networks.ecg_network,
            {"ecg_encoder": {"patch": 60}},
            "12 tokens, width 128",
            "36 tokens, width 128",
        ),
        (networks.ecg_network, {"ecg_encoder": {"depth": 2}}, "4 blocks, 4 heads", "2 blocks, 4 heads"),
        (networks.ecg_network, {"alignment": {"cmr_heads": "random"}}, "trained too", "never trained"),
        (networks.overview, {"alignment": {"projection": 32}}, "64 numbers each", "32 numbers each"),
        (networks.overview, {"cmr_encoder": {"condensed": 32}}, "192 numbers a view", "160 numbers a view"),
        (
            networks.cmr_network,
            {"cmr_autoencoder": {"mask_ratio": 0.5}},
            "9 seen, 27 hidden",
            "18 seen, 18 hidden",
        ),
        (networks.cmr_network, {"cmr_encoder": {"condensed": 32}}, "128 + 64 numbers", "128 + 32 numbers"),
        (
            networks.video_network,
            {"diffusion": {"latent_channels": 24}},
            "128 channels, 1 frame",
            "24 channels, 1 frame",
        ),
        (networks.video_network, {"diffusion": {"guidance": 1.0}}, "guidance 1.25", "one pass a step"),
    ],
)
def test_a_number_in_the_picture_is_the_profile_s(draw, sections, before, after):
    old, new = draw(load_profile("quick")), draw(changed(**sections))
    assert before in words(old) and before not in words(new)
    assert after in words(new) and after not in words(old)
    assert before in old.alt and after in new.alt


def test_weights_are_counted_on_the_network_itself():
    encoder = networks._built("ecg_encoder", load_profile("quick"))
    count = sum(weight.numel() for weight in encoder.parameters())
    (said,) = [
        text
        for text in words(networks.ecg_network(load_profile("quick")))
        if "weights" in text and "m" in text and re.match(r"[\d.]+ million", text)
    ]
    assert float(said.split()[0]) == pytest.approx(count / 1e6, rel=5e-3)
    assert all(weight.is_meta for weight in encoder.parameters())


def test_the_paper_s_sizes_are_the_study_s():
    profile = load_profile("paper")
    assert "600 tokens, width 1024" in words(networks.ecg_network(profile))
    assert {"blocks 2–2–18–2", "49 of 32 × 32 pixels"} <= words(networks.cmr_network(profile))
    assert {"4 channels, 50 frames", "channels 320–640–1280–1280"} <= words(networks.video_network(profile))


def test_equal_diagrams_are_equal_files():
    one, other = (svg_bytes(networks.overview(load_profile("smoke")).figure) for _ in range(2))
    assert one == other and one.lstrip().startswith(b"<?xml") and b"http://" not in one.split(b"<g id")[1]


def test_what_does_not_fit_together_is_named():
    box = Box(0, 0, "data", "ECG")
    said = {"name": "d", "caption": "c", "alt": "a"}
    with pytest.raises(ValueError, match="no box 'b'; there are a"):
        drawn({"a": box}, [Arrow("a", "b")], {}, **said)
    with pytest.raises(ValueError, match="no box 'c'"):
        drawn({"a": box}, [], {"panel": ["c"]}, **said)
    with pytest.raises(ValueError, match="'a' and 'b' stand in one place"):
        drawn({"a": box, "b": box}, [], {}, **said)
    with pytest.raises(ValueError, match=f"kind 'x' is not one of {', '.join(COLOURS)}"):
        drawn({"a": replace(box, kind="x")}, [], {}, **said)
