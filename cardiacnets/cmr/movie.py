"""Cines as pictures that move (HTML5 video with its file inside the page) or stand (a contact sheet).

``frames (T, H, W)`` uint8. Whom a film shows is written into the page as ``data-content``, for the disclosure
guard; one person is the safe assumption.
"""

from __future__ import annotations

import base64
import html
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import imageio_ffmpeg
import numpy as np
from PIL import Image

from cardiacnets.picture import Content

FINE, ON_A_PAGE = 18, 23
"""Constant rate factors of H.264: about 2.3 and 3.7 grey levels of error on a four-chamber cine with noise,
1.3 and 1.8 on a generated one. A film weighs little more than half by the second.
"""


def mp4_bytes(frames: np.ndarray, fps: float = 25.0, scale: int = 3, rate_factor: int = FINE) -> bytes:
    """Encode grey frames as an H.264 film (yuv420p, even sizes) that every browser plays.

    Arguments:
        frames: (T, H, W) uint8.
        fps: frames a second.
        scale: each pixel becomes ``scale`` x ``scale`` pixels, so that small frames stay sharp.
        rate_factor: the larger, the smaller the file and the coarser the picture.

    Raises ``ValueError`` if ``frames`` is not a film of uint8.
    """
    frames = _frames(frames)
    large = frames.repeat(scale, axis=1).repeat(scale, axis=2)  # (T, scale H, scale W)
    large = np.pad(large, ((0, 0), (0, large.shape[1] % 2), (0, large.shape[2] % 2)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "movie.mp4"
        writer = imageio_ffmpeg.write_frames(
            str(path),
            size=(large.shape[2], large.shape[1]),
            fps=fps,
            pix_fmt_in="gray",
            pix_fmt_out="yuv420p",
            codec="libx264",
            quality=None,
            macro_block_size=1,
            ffmpeg_log_level="error",
            # bitexact: the same frames give the same bytes, so an unchanged page stays unchanged
            output_params=[
                "-crf",
                str(rate_factor),
                "-movflags",
                "+faststart",
                "-threads",
                "1",
                "-fflags",
                "+bitexact",
                "-flags:v",
                "+bitexact",
            ],
        )
        writer.send(None)
        for frame in large:
            writer.send(np.ascontiguousarray(frame))
        writer.close()
        return path.read_bytes()


@dataclass(frozen=True, eq=False)
class Film:
    """An encoded film of one cine, or of several side by side.

    ``labels`` stand above them, or in them where there are several rows; ``widths`` are those of a row in
    pixels, ``scale`` is how large each pixel is shown at most, ``poster`` is the first frame as PNG, which
    stands where the film does not play, and ``fps`` are its frames a second.

    What it shows to whom is said where it is shown, once: see :meth:`html`.
    """

    mp4: bytes
    widths: tuple[int, ...]
    labels: tuple[str, ...] = ()
    scale: int = 3
    poster: bytes = b""
    fps: float = 25.0

    def html(self, description: str = "", content: Content = "individual") -> str:
        """A looping HTML5 video that needs nothing but the page itself.

        Arguments:
            description: what a reader who cannot see the film should know; by default its labels.
            content: whom it shows, read by the disclosure guard.

        Raises ``ValueError`` for an unknown ``content``.
        """
        if content not in get_args(Content):
            raise ValueError(f"content {content!r}: one of {', '.join(get_args(Content))} is needed")
        spoken = html.escape(description or "Cine: " + ", ".join(self.labels or ["one film"]))
        columns = " ".join(f"{width}fr" for width in self.widths)
        titles = "".join(f"<span>{html.escape(label)}</span>" for label in self.labels)
        grid = f"display:grid;grid-template-columns:{columns};text-align:center"
        rows = len(self.labels) > len(self.widths)
        heading = f'<div style="{grid}">{titles}</div>' if self.labels and not rows else ""
        inside = f'<div style="{_INSIDE}{grid}">{titles}</div>' if rows else ""
        encoded, still = (base64.b64encode(each).decode("ascii") for each in (self.mp4, self.poster))
        poster = f' poster="data:image/png;base64,{still}"' if still else ""
        return (
            f'<div data-content="{content}" style="margin:0;max-width:{sum(self.widths) * self.scale}px">'
            f'{heading}<div class="film-frame" style="position:relative">'
            f'<video aria-label="{spoken}" controls loop muted playsinline data-fps="{self.fps:g}"{poster} '
            'style="width:100%">'
            f'<source src="data:video/mp4;base64,{encoded}" type="video/mp4"></video>{inside}</div></div>'
        )

    def _repr_html_(self) -> str:
        """A film that nobody described or marked: one person's, for all that is known."""
        return self.html()


_INSIDE = (
    "position:absolute;inset:0;pointer-events:none;grid-auto-rows:1fr;color:#fff;font-size:0.8em;"
    "line-height:1.1;text-shadow:0 0 3px #000,0 0 6px #000;"
)
"""Labels at the top of each place of a film of several rows; what is clicked is the film."""


def film(
    frames: np.ndarray | Sequence[np.ndarray], fps: float = 25.0, labels: Sequence[str] = (), scale: int = 3,
    columns: int = 0,
) -> Film:  # fmt: skip
    """Encode one cine, or several side by side.

    Arguments:
        frames: (T, H, W) uint8, or a sequence of such with one T; lower ones are padded with black.
        fps: frames a second.
        labels: one a cine, written above it.
        columns: cines in a row; 0 for all in one.

    Raises ``ValueError`` for films of unequal length, a wrong number of labels, and rows of cines of unequal
    width.
    """
    films = [_frames(each) for each in (frames if isinstance(frames, (list, tuple)) else [frames])]
    if len({len(each) for each in films}) != 1:
        raise ValueError(
            f"films of {[len(each) for each in films]} frames: side by side they need one length"
        )
    if labels and len(labels) != len(films):
        raise ValueError(f"{len(labels)} labels for {len(films)} films: one a film is needed")
    height = max(each.shape[1] for each in films)
    padded = [np.pad(each, ((0, 0), (0, height - each.shape[1]), (0, 0))) for each in films]
    columns = min(columns or len(films), len(films))
    if columns < len(films) and len({each.shape[2] for each in films}) != 1:
        raise ValueError(f"cines {sorted({each.shape[2] for each in films})} wide: rows need one width")
    padded += [np.zeros_like(padded[0])] * (-len(padded) % columns)
    rows = [np.concatenate(padded[i : i + columns], axis=2) for i in range(0, len(padded), columns)]
    joined = np.concatenate(rows, axis=1)  # (T, rows of H, sum of W in a row)
    widths = tuple(each.shape[2] for each in padded[:columns])
    mp4, poster = mp4_bytes(joined, fps, scale, ON_A_PAGE), _png(joined[0], scale)
    return Film(mp4, widths, tuple(labels), scale, poster, fps)


def _png(frame: np.ndarray, scale: int) -> bytes:
    """``frame (H, W)`` as the film shows it, each pixel a square."""
    buffer = io.BytesIO()
    height, width = frame.shape
    large = Image.fromarray(frame).resize((width * scale, height * scale), Image.Resampling.NEAREST)
    large.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _frames(frames: np.ndarray) -> np.ndarray:
    frames = np.asarray(frames)
    if frames.ndim != 3 or frames.dtype != np.uint8 or 0 in frames.shape:
        raise ValueError(f"frames {frames.shape} {frames.dtype}: a film is (T, H, W) of uint8")
    return frames
