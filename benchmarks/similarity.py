"""Structural similarity of movies by torchmetrics: at once, one by one, and that with frames as channels.

    python benchmarks/similarity.py --movies 160 --pixels 80

Prints seconds of each way on the same random movies, how many times as fast as the first it is, and the
largest difference of what was found.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from cardiacnets.experiments.diffusion.movie_quality import (
    movie_similarity,
    structural_similarity_index_measure,
)


def all_at_once(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What :func:`movie_similarity` finds of movies (n, T, H, W), (n,), in one call."""
    pair = (torch.from_numpy(part).float().flatten(0, 1)[:, None] for part in (a, b))  # (n * T, 1, H, W)
    values = structural_similarity_index_measure(*pair, data_range=255.0, reduction="none")
    return values.reshape(len(a), -1).mean(1).numpy()


def one_by_one(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The same, a call a movie, whose frames are pictures of one channel."""
    return np.concatenate([all_at_once(each[None], other[None]) for each, other in zip(a, b, strict=True)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, value in (("movies", 160), ("frames", 16), ("pixels", 80), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    chosen = parser.parse_args()
    shape = chosen.movies, chosen.frames, chosen.pixels, chosen.pixels
    pair = [np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8) for seed in (0, 1)]
    ways, seconds, found = (all_at_once, one_by_one, movie_similarity), {}, {}
    for way in ways * chosen.rounds:
        started = time.perf_counter()
        found[way] = way(*pair)
        seconds.setdefault(way, []).append(time.perf_counter() - started)
    middle = {way: float(np.median(spent)) for way, spent in seconds.items()}
    for way in ways:
        apart = np.abs(found[way] - found[all_at_once]).max()
        times = middle[all_at_once] / middle[way]
        print(f"{way.__name__:18}{middle[way]:7.2f} s {times:5.1f} times as fast, differs by {apart:.1e}")


if __name__ == "__main__":
    main()
