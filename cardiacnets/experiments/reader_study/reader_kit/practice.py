"""The case to practise with: a simulated dilated heart that belongs to no study, as every case is shown."""

from __future__ import annotations

from pathlib import Path

from cardiacnets.cohorts.preprocessing import resize_cine
from cardiacnets.digital_heart import one_heart
from cardiacnets.ecg import clean
from cardiacnets.experiments.reader_study.reader_kit.pictures import ecg_picture, film

CONDITION, SEVERITY, SEED = "dcm", 0.8, 11
"""What the page says of the practice case once it is answered (``kit.js``) rests on these."""


def write_practice(
    folder: Path, short_axis: tuple[int, int, int], four_chamber: tuple[int, int, int]
) -> None:
    """Write ``ecg.png`` and ``film.mp4`` into ``folder``, which must not exist; the views in frames and
    pixels (T, H, W) of the run's own films.
    """
    heart = one_heart(CONDITION, severity=SEVERITY, seed=SEED, frames=short_axis[0])
    views = [resize_cine(view[None], size[0], size[1])[0] for view, size in
             ((heart.sax, short_axis), (heart.lax, four_chamber))]  # fmt: skip
    folder.mkdir()
    (folder / "ecg.png").write_bytes(ecg_picture(clean(heart.ecg)))
    (folder / "film.mp4").write_bytes(film(*views))
