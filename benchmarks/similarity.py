"""Structural similarity of movies: one at a time against all at once, by torchmetrics either way.

    python benchmarks/similarity.py --movies 160 --pixels 80

Prints seconds of either way on the same random movies, their ratio, and the largest difference of what was
found.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from cardiacnets.experiments.diffusion.movie_quality import movie_similarity


def all_at_once(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What :func:`movie_similarity` finds of movies (n, T, H, W), (n,), in one call."""
    pair = (torch.from_numpy(part).float().flatten(0, 1)[:, None] for part in (a, b))  # (n * T, 1, H, W)
    values = structural_similarity_index_measure(*pair, data_range=255.0, reduction="none")
    return values.reshape(len(a), -1).mean(1).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, value in (("movies", 160), ("frames", 16), ("pixels", 80), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    chosen = parser.parse_args()
    shape = chosen.movies, chosen.frames, chosen.pixels, chosen.pixels
    pair = [np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8) for seed in (0, 1)]
    seconds, found = {}, {}
    for way in (all_at_once, movie_similarity) * chosen.rounds:
        started = time.perf_counter()
        found[way] = way(*pair)
        seconds.setdefault(way, []).append(time.perf_counter() - started)
    whole, one_by_one = (float(np.median(seconds[way])) for way in (all_at_once, movie_similarity))
    print(f"all at once {whole:.2f} s, one by one {one_by_one:.2f} s: {whole / one_by_one:.1f} times as fast")
    print(f"largest difference {np.abs(found[all_at_once] - found[movie_similarity]).max():.1e}")


if __name__ == "__main__":
    main()
