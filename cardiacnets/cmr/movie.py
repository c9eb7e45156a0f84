"""Cines as pictures that move (HTML5 video with its file inside the page) or stand (a contact sheet).

``frames (T, H, W)`` uint8. What a picture shows is written into the page as ``data-content``, for the
disclosure guard: ``aggregate`` (many people), ``simulated`` (nobody) or ``individual`` (one person, the
safe assumption).
"""

from __future__ import annotations

import base64
import html
import tempfile
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np

CONTENTS = ("aggregate", "simulated", "individual")


def mp4_bytes(frames: np.ndarray, fps: float = 25.0, scale: int = 3) -> bytes:
    """Encode grey frames as an H.264 film (yuv420p, even sizes) that every browser plays.

    Arguments:
        frames: (T, H, W) uint8.
        fps: frames a second.
        scale: each pixel becomes ``scale`` x ``scale`` pixels, so that small frames stay sharp.

    Raises ``ValueError`` if ``frames`` is not a film of uint8.
    """
    frames = _film(frames)
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
                "18",
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


def movie_html(
    frames: np.ndarray | Sequence[np.ndarray],
    fps: float = 25.0,
    labels: Sequence[str] = (),
    description: str = "",
    content: str = "individual",
    scale: int = 3,
) -> str:
    """A looping HTML5 video of one cine, or of several side by side, that needs nothing but the page
    itself.

    Arguments:
        frames: (T, H, W) uint8, or a sequence of such with one T; lower ones are padded with black.
        fps: frames a second.
        labels: one a cine, written above it.
        description: what a reader who cannot see the film should know (the ``aria-label``); by default the
            labels.
        content: one of :data:`CONTENTS`, read by the disclosure guard.

    Raises ``ValueError`` for films of unequal length, a wrong number of labels, or an unknown ``content``.
    """
    films = [_film(film) for film in (frames if isinstance(frames, (list, tuple)) else [frames])]
    if len({len(film) for film in films}) != 1:
        raise ValueError(
            f"films of {[len(film) for film in films]} frames: side by side they need one length"
        )
    if labels and len(labels) != len(films):
        raise ValueError(f"{len(labels)} labels for {len(films)} films: one a film is needed")
    if content not in CONTENTS:
        raise ValueError(f"content {content!r}: one of {', '.join(CONTENTS)} is needed")
    height = max(film.shape[1] for film in films)
    padded = [np.pad(film, ((0, 0), (0, height - film.shape[1]), (0, 0))) for film in films]
    joined = np.concatenate(padded, axis=2)  # (T, H, sum of W)
    encoded = base64.b64encode(mp4_bytes(joined, fps, scale)).decode("ascii")
    spoken = html.escape(description or "Cine: " + ", ".join(labels or ["one film"]), quote=True)
    columns = " ".join(f"{film.shape[2]}fr" for film in films)
    titles = "".join(f"<span>{html.escape(label)}</span>" for label in labels)
    heading = f'<div style="display:grid;grid-template-columns:{columns};text-align:center">{titles}</div>'
    return (
        f'<figure data-content="{content}" style="margin:0;max-width:{joined.shape[2] * scale}px">'
        f"{heading if labels else ''}"
        f'<video controls loop muted playsinline aria-label="{spoken}" style="width:100%">'
        f'<source src="data:video/mp4;base64,{encoded}" type="video/mp4"></video></figure>'
    )


def _film(frames: np.ndarray) -> np.ndarray:
    frames = np.asarray(frames)
    if frames.ndim != 3 or frames.dtype != np.uint8 or 0 in frames.shape:
        raise ValueError(f"frames {frames.shape} {frames.dtype}: a film is (T, H, W) of uint8")
    return frames
