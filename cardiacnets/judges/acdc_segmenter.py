"""An outside judge: a segmenter of short-axis frames that was trained on real hearts only.

The network is ``TIRAMISU_ACDC`` of the package ``myopari`` (MIT licence). Its weights were learned from ACDC
(Bernard et al., IEEE Transactions on Medical Imaging 2018;37:2514; CC BY-NC-SA 4.0: non-commercial, and to be
cited by whoever uses the data): 150 patients of one French hospital. It never saw a simulated heart, and
nothing in this library was fitted to its answers.

The package is found, not imported (its own dependencies bring a desktop viewer): only its file is run, by
``onnxruntime``, and only the version and the bytes that were tried here.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

PACKAGE, VERSION = "myopari", "0.1.6"
FILE = "myopari/Resources/tiramisu_acdc_fp32.onnx"
SHA256 = "794d775a4977e714f4c4ef081c536ab371fe3d36ea682c7ce6014b52c8df0974"
GET = f"pip install onnxruntime && pip install --no-deps {PACKAGE}=={VERSION}"
CREDIT = f"{PACKAGE} {VERSION} (MIT licence), trained on ACDC (CC BY-NC-SA 4.0)"

CANVAS = 256
"""Pixels of the picture that the network takes."""
GRID = 160
"""Pixels to which a frame of any size is enlarged in the middle of the canvas, and of the answer.

Tried on two frames of twelve simulated hearts that no page shows: at 128, 160, 192 and 256 the least Dice of
a right ventricle was .78, .90, .91 and .86, the mean of the muscle .875, .869, .861 and .829.
"""
CLIPPED = (0.05, 99.05)
"""Percentiles of the pixels above 0 that become 0 and 1, as the package prepares its own pictures."""
OURS = np.array([0, 3, 2, 1], np.uint8)
"""The network says 1 right ventricle, 2 muscle, 3 left ventricle; here 1 is LV, 2 muscle, 3 RV, as in
:class:`~cardiacnets.digital_heart.cohort.Masks`."""
BATCH = 4


def why_not() -> str:
    """In one line why the judge cannot be asked here, and the way out; empty where it can be."""
    try:
        found = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return f"the package {PACKAGE} is not installed: {GET}"
    if found.version != VERSION:
        return f"{PACKAGE} {found.version} is installed, and {VERSION} was tried: {GET}"
    path = Path(str(found.locate_file(FILE)))
    if not path.is_file():
        return f"{path}: no such file; install the package again: {GET}"
    if _digest(path) != SHA256:
        return f"{path}: not the network that was tried (its SHA-256 differs); install it again: {GET}"
    if importlib.util.find_spec("onnxruntime") is None:
        return f"onnxruntime, which runs the network, is not installed: {GET}"
    return ""


def segment(frames: np.ndarray, threads: int = 1) -> np.ndarray:
    """What the judge sees in short-axis frames.

    Arguments:
        frames: (N, H, W) of any grey scale, H = W, the heart in the middle of a field of about 144 mm (the
            study's crop: 80 pixels of 1.8 mm); enlarged to :data:`GRID` whatever their size.
        threads: batches worked on at once; their number changes no answer.

    Returns labels (N, GRID, GRID) uint8: 0 elsewhere, 1 left ventricle, 2 muscle, 3 right ventricle. A frame
    of one grey shows no heart. Raises ``ValueError`` with the reason where the judge is not available, and
    for frames that are no square pictures.
    """
    frames = np.asarray(frames)
    if frames.ndim != 3 or frames.shape[1] != frames.shape[2] or frames.shape[1] < 2:
        raise ValueError(f"frames {frames.shape}: the judge takes square pictures (N, H, H)")
    if reason := why_not():
        raise ValueError(f"the outside judge is not available: {reason}")
    session = _session(Path(str(importlib.metadata.distribution(PACKAGE).locate_file(FILE))))
    parts = [frames[start : start + BATCH] for start in range(0, len(frames), BATCH)]
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda part: _answer(session, part), parts))
    return np.concatenate([np.zeros((0, GRID, GRID), np.uint8), *answers])


def canvas(frames: np.ndarray) -> np.ndarray:
    """Frames (N, H, H) as the network takes them: (N, 1, CANVAS, CANVAS) float32 in [0, 1], black around."""
    around = (CANVAS - GRID) // 2
    large = enlarged(np.stack([_scaled(frame) for frame in np.asarray(frames, np.float64)]), GRID)
    return np.pad(large, ((0, 0), (around, around), (around, around))).astype(np.float32)[:, None]


def enlarged(frames: np.ndarray, pixels: int) -> np.ndarray:
    """Frames (N, H, H) at ``pixels`` squared, bilinear between the middles of pixels."""
    old = frames.shape[-1]
    at = np.clip((np.arange(pixels) + 0.5) * old / pixels - 0.5, 0, old - 1)
    left = np.minimum(at.astype(int), old - 2)
    share = at - left
    rows = frames[:, left] * (1 - share)[:, None] + frames[:, left + 1] * share[:, None]
    return rows[:, :, left] * (1 - share) + rows[:, :, left + 1] * share


def _scaled(frame: np.ndarray) -> np.ndarray:
    """A frame in [0, 1]; all 0 where it has one grey only."""
    bright = frame[frame > 0]
    low, high = np.percentile(bright, CLIPPED) if len(bright) else (0.0, 0.0)
    return (np.clip(frame, low, high) - low) / (high - low) if high > low else np.zeros_like(frame)


def _answer(session: Any, frames: np.ndarray) -> np.ndarray:
    pictures, around = canvas(frames), (CANVAS - GRID) // 2
    (scores,) = session.run(None, {session.get_inputs()[0].name: pictures})  # (N, 4, CANVAS, CANVAS)
    labels = OURS[scores.argmax(axis=1)[:, around : around + GRID, around : around + GRID]]
    labels[pictures.reshape(len(pictures), -1).max(axis=1) == 0] = 0
    return labels


@lru_cache(maxsize=1)
def _session(path: Path) -> Any:
    import onnxruntime  # an optional dependency

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=4)
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
