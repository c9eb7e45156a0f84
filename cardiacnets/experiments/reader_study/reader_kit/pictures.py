"""What a case shows: its ECG on millimetre paper, and films of both views, generated and real, alike but
for origin.
"""

from __future__ import annotations

import io
from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np
from PIL import Image

from cardiacnets.cmr.movie import mp4_bytes
from cardiacnets.ecg import plot_ecg

DPI = 160
FILM_HEIGHT = 288
"""Pixels of a film's height: small frames are enlarged as a viewing station would, not as blocks."""
_GAP = 8
_BOX = 8
"""Bytes that head a box of an MP4 file: its length and its kind."""
_Name = TypeVar("_Name", bound=Hashable)
_SECONDS = 3.0
"""Least length of a film: a loop of one beat would stutter."""


def ecg_picture(signal: np.ndarray) -> bytes:
    """``signal (12, 5000)`` mV at 500 Hz on paper, as PNG without date or software."""
    buffer = io.BytesIO()
    plot_ecg(signal).savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    picture = Image.open(buffer).convert("RGB").quantize(64)  # a third of the bytes, and looks the same
    small = io.BytesIO()
    picture.save(small, format="PNG", optimize=True)
    return small.getvalue()


def film(short_axis: np.ndarray, four_chamber: np.ndarray) -> bytes:
    """Both views (T, H, W) uint8 side by side as H.264, one heartbeat a second, repeated."""
    joined = np.concatenate(
        [_enlarged(short_axis), _enlarged(four_chamber)], axis=2
    )  # (T, H, W_sax + gap + W_lax)
    beats = int(np.ceil(_SECONDS))
    return mp4_bytes(np.tile(joined, (beats, 1, 1)), fps=len(joined), scale=1)


def of_one_size(films: Mapping[_Name, bytes], rng: np.random.Generator) -> dict[_Name, bytes]:
    """The films, all as long in bytes: a sharp film takes more of them than a blurred one, and a folder lists
    sizes.

    What lacks is filled by a closing box of kind ``free`` (ISO/IEC 14496-12, 8.1.2), which players pass over;
    its content is random, so that the films stay alike where the folder is compressed.
    """
    length = max(map(len, films.values()), default=0) + _BOX
    filled = {}
    for name, film in films.items():
        filler = rng.bytes(length - len(film) - _BOX)
        filled[name] = film + (len(filler) + _BOX).to_bytes(4, "big") + b"free" + filler
    return filled


def _enlarged(frames: np.ndarray) -> np.ndarray:
    """Frames (T, H, W) at the film's height, and a dark margin of half the gap at either side."""
    width = round(frames.shape[2] * FILM_HEIGHT / frames.shape[1])
    large = [
        np.asarray(Image.fromarray(frame).resize((width, FILM_HEIGHT), Image.Resampling.BICUBIC))
        for frame in frames
    ]
    return np.pad(np.stack(large), ((0, 0), (0, 0), (_GAP // 2, _GAP // 2)))
