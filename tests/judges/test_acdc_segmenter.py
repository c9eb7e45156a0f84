"""The outside judge: found or not in one line, and what it sees in simulated hearts where it is installed."""

import importlib.metadata
import importlib.util
import types
from pathlib import Path

import numpy as np
import pytest

from cardiacnets.digital_heart import one_heart
from cardiacnets.judges import acdc_segmenter, seen_heart

reason = acdc_segmenter.why_not()
needs_judge = pytest.mark.skipif(bool(reason), reason=f"no outside judge: {reason}")


def package(version, file):
    return types.SimpleNamespace(version=version, locate_file=lambda name: file)


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """As if the package were installed: ``installed(version, content)``."""

    def install(version=acdc_segmenter.VERSION, content=b"network"):
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.onnx"
        if content is not None:
            file.write_bytes(content)
        monkeypatch.setattr(importlib.metadata, "distribution", lambda name: package(version, file))
        return file

    return install


def test_what_is_missing_is_said_in_one_line_with_the_way_out(monkeypatch, installed):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    assert "myopari is not installed" in acdc_segmenter.why_not()
    with pytest.raises(ValueError, match="judge is not available.*pip install --no-deps myopari==0.1.6"):
        acdc_segmenter.segment(np.zeros((1, 80, 80), np.uint8))
    installed(version="0.2.0")
    assert "myopari 0.2.0 is installed, and 0.1.6 was tried" in acdc_segmenter.why_not()
    gone = installed(content=None)
    assert f"{gone}: no such file" in acdc_segmenter.why_not()
    other = installed(content=b"another network")
    assert f"{other}: not the network that was tried" in acdc_segmenter.why_not()
    file = installed()
    monkeypatch.setattr(acdc_segmenter, "SHA256", acdc_segmenter._digest(file))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "onnxruntime, which runs the network, is not installed" in acdc_segmenter.why_not()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert acdc_segmenter.why_not() == ""


@pytest.mark.parametrize("shape", [(80, 80), (2, 80, 96), (2, 1, 1)])
def test_what_is_no_square_picture_is_refused(shape):
    with pytest.raises(ValueError, match="takes square pictures"):
        acdc_segmenter.segment(np.zeros(shape, np.uint8))


def test_a_frame_lies_in_the_middle_of_a_black_canvas_in_zero_to_one():
    frames = np.random.default_rng(0).integers(1, 256, (3, 48, 48)).astype(np.uint8)
    pictures, around = acdc_segmenter.canvas(frames), (acdc_segmenter.CANVAS - acdc_segmenter.GRID) // 2
    assert pictures.shape == (3, 1, 256, 256) and pictures.dtype == np.float32
    assert pictures.min() == 0 and pictures.max() <= 1 and pictures[0].max() > 0.9
    assert pictures[:, :, :around].max() == 0 and pictures[..., -around:].max() == 0
    assert np.allclose(acdc_segmenter.canvas(frames // 2 * 2), acdc_segmenter.canvas(frames // 2)), (
        "any scale"
    )


def test_enlarging_keeps_a_ramp_and_the_middle():
    ramp = np.tile(np.arange(20.0), (20, 1))[None]
    large = acdc_segmenter.enlarged(ramp, 40)
    assert np.allclose(large[0, 0, 1:-1], (np.arange(1, 39) + 0.5) / 2 - 0.5)
    assert np.allclose(acdc_segmenter.enlarged(ramp, 20), ramp)


@needs_judge
def test_the_judge_finds_the_parts_of_a_healthy_simulated_heart():
    heart = one_heart(seed=3, frames=2)
    labels = acdc_segmenter.segment(heart.sax)
    seen = seen_heart.on_grid(labels, 80)
    least = {"lv": 0.9, "muscle": 0.75, "rv": 0.8}
    for part, bound in least.items():
        assert seen_heart.dice(seen, heart.masks.sax, part).min() > bound, part
    assert seen_heart.wall_closed(labels).all() and seen_heart.in_one_piece(labels).all()


@needs_judge
def test_threads_and_company_change_no_answer_and_grey_is_no_heart():
    frames = one_heart("dcm", 0.8, seed=5, frames=5).sax
    frames = np.concatenate([frames, np.full((1, 80, 80), 90, np.uint8)])
    together = acdc_segmenter.segment(frames, threads=2)
    assert np.array_equal(acdc_segmenter.segment(frames[4:]), together[4:])
    assert not together[-1].any() and set(np.unique(together)) == {0, 1, 2, 3}
    assert acdc_segmenter.segment(frames[:0]).shape == (0, 160, 160)


def test_the_environment_holds_the_version_that_was_tried_without_what_it_would_bring():
    repository = Path(__file__).parents[2]
    lock = (repository / "judge.lock").read_text().split()
    assert lock == [f"{acdc_segmenter.PACKAGE}=={acdc_segmenter.VERSION}"]
    assert "--no-deps --requirement judge.lock" in (repository / "Makefile").read_text()
    assert "pip install --no-deps -r judge.lock" in (repository / "environment.yml").read_text()
    locked = [line.split("==")[0] for line in (repository / "requirements.lock").read_text().split()]
    assert "onnxruntime" in locked and not {"napari", acdc_segmenter.PACKAGE} & set(locked)
