"""Sampling movies faster at equal quality: speed ratios and a non-inferiority test on a run's own models.

    python benchmarks/sampling.py --run quick --people 64 --json sampling.json     (half an hour on one core)

Three ways to draw the same validation participants' movies, both views, from the same noise:

obvious   guidance by two passes, the ECG repeated for every frame and step, 100 DDIM steps
reused    one batched pass, keys and values computed once a clip, 100 DDIM steps
fast      the same with 20 DPM-Solver++ steps

Models of a flow are walked back in one way only: ``obvious`` is 100 equal steps there, ``fast`` the profile's
few. Profiles that differ in ``prediction``, ``start`` and ``guidance`` are compared by a run of each, on the
same people; beside the margins stand the seconds a clip and mean r of the 82 indices with the recorded ones.

Margins, stated before any movie was drawn. ``fast`` is as good as ``obvious`` if the 95 % interval of the
paired difference, over participants, stays on the right side of:

ssim      structural similarity to the real movie, mean of both views: not lower by .02
ef_error  error of the ejection fraction read from the movies, against that read from the real one: not larger
          by 1 percentage point
frechet   Frechet distance to the real movies, mean of both views, on the first eight principal components of
          the real movies' pixels, whitened: not larger by a tenth of that of ``obvious``

and the speed is enough if the ratio of median times is at least 3.

With ``--equal-training STEPS`` networks are trained for the comparison itself, see ``equal_training.py``.
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path

import numpy as np
import torch
from diffusers.models.attention_processor import AttnProcessor2_0
from equal_training import equal_training, shown
from sklearn.decomposition import PCA

from cardiacnets.artefacts import write_json
from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.diffusion.cine_reader import CineReader, diffusion_cines, open_lesson
from cardiacnets.experiments.diffusion.generate import ecg_tokens, load_diffusion
from cardiacnets.experiments.diffusion.movie_quality import frechet_distance, movie_similarity
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.diffusion import VideoDiffusion
from cardiacnets.models.ecg_attention import FrameAttention
from cardiacnets.models.noising import noise_scheduler
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.run import open_run
from cardiacnets.statistics.correlation_resampling import bootstrap_correlations

WAYS = {False: ("obvious", "reused", "fast"), True: ("obvious", "fast")}
"""Ways to draw, of models of a flow and others."""
MARGINS = {"ssim": 0.02, "ef_error": 1.0, "frechet_share": 0.1}
ENOUGH = 3.0
BATCH, COMPONENTS = 16, 8


@torch.no_grad()
def obvious(
    model: VideoDiffusion, tokens: torch.Tensor, generator: torch.Generator, steps: int
) -> torch.Tensor:
    """Guided sampling as it is usually written: with and without the ECG one after the other."""
    model.network.set_attn_processor(AttnProcessor2_0())
    scheduler = noise_scheduler(model.sizes, "ddim")
    scheduler.set_timesteps(steps)
    contexts = model.condition(tokens), model.condition.absent(len(tokens))
    latents = model.first_noise(len(tokens), generator, tokens.device)
    for step in scheduler.timesteps:
        told, untold = (model.network(latents, step, context).sample for context in contexts)
        told = untold + model.sizes.guidance * (told - untold)
        latents = scheduler.step(told, step, latents).prev_sample
    model.network.set_attn_processor(FrameAttention())
    return model.decode(latents)


def draw(
    way: str, model: VideoDiffusion, tokens: torch.Tensor, slow: int, fast: int
) -> tuple[np.ndarray, list[float]]:
    """Movies (n, T, H, W) uint8 and the seconds a clip of each batch."""
    generator, movies, seconds = torch.Generator().manual_seed(1), [], []
    for part in tokens.split(BATCH):
        started = time.perf_counter()
        if model.sizes.prediction == "flow":
            steps = slow if way == "obvious" else model.sizes.sampling_steps
            clips = model.sample(part, generator, steps=steps)
        elif way == "obvious":
            clips = obvious(model, part, generator, slow)
        else:
            steps, sampler = (slow, "ddim") if way == "reused" else (fast, "dpm_solver")
            clips = model.sample(part, generator, steps=steps, sampler=sampler)
        seconds.append((time.perf_counter() - started) / len(part))
        movies.append(clips.mul(255).round().byte().numpy())
    return np.concatenate(movies), seconds


def compare(measured: dict, resamples: int, seed: int = 1) -> dict[str, dict]:
    """Differences ``fast`` - ``obvious``, percentile intervals over participants, whether margins hold."""
    random, slow, quick = np.random.default_rng(seed), measured["obvious"], measured["fast"]
    people = len(slow["ssim"])
    drawn = random.integers(people, size=(resamples, people))

    def distance(way: dict, rows: np.ndarray) -> float:
        return np.mean([
            frechet_distance(measured["real"][view][rows], way["scores"][view][rows]) for view in VIEWS
        ])

    everyone = np.arange(people)
    whole = {way: distance(measured[way], everyone) for way in ("obvious", "fast")}
    shifts = {
        "ssim": (quick["ssim"] - slow["ssim"])[drawn].mean(1),
        "ef_error": (quick["ef_error"] - slow["ef_error"])[drawn].mean(1),
        "frechet": np.array([distance(quick, rows) - distance(slow, rows) for rows in drawn[:200]]),
    }
    found = {}
    for name, values in shifts.items():
        low, high = np.quantile(values, [0.025, 0.975])
        if name == "frechet":
            margin = MARGINS["frechet_share"] * whole["obvious"]
            estimates = whole["obvious"], whole["fast"]
        else:
            margin, estimates = MARGINS[name], (slow[name].mean(), quick[name].mean())
        holds = low > -margin if name == "ssim" else high < margin
        found[name] = {
            "obvious": float(estimates[0]), "fast": float(estimates[1]),
            "difference": float(estimates[1] - estimates[0]), "low": float(low), "high": float(high),
            "margin": float(margin), "holds": bool(holds),
        }  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--run", default="")
    parser.add_argument("--people", type=int, default=64, help="validation participants")
    parser.add_argument("--slow", type=int, default=100, help="DDIM steps")
    parser.add_argument("--fast", type=int, default=20, help="DPM-Solver++ steps")
    parser.add_argument("--equal-training", type=int, default=0, help="steps of networks of its own")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    run = open_run(options.profile, options.run)
    if options.equal_training:
        table = equal_training(run, options.equal_training, options.people, options.resamples)
        print(shown(table))
        if options.json:
            write_json(options.json, table.to_dict("records"))
        return
    lessons = (open_lesson(run, split) for split in ("train", "validation"))
    clean, reader = open_clean(run, "ukb"), CineReader.fit(*lessons, run.profile.seed)
    rows = clean.rows("validation")[: options.people]
    tokens = ecg_tokens(load_aligner(run).encoder, ecg_batch(clean, rows, run.profile.ecg_input))
    real = {view: diffusion_cines(run, clean, view, rows) for view in VIEWS}
    axes = {
        view: PCA(min(COMPONENTS, len(rows) // 4), whiten=True).fit(real[view].reshape(len(rows), -1) / 255.0)
        for view in VIEWS
    }
    ways = WAYS[run.profile.diffusion.prediction == "flow"]
    drawn, seconds = {way: {} for way in ways}, {way: [] for way in ways}
    for view in VIEWS:
        model = load_diffusion(run, view)
        for way in ways:
            drawn[way][view], spent = draw(way, model, tokens, options.slow, options.fast)
            seconds[way] += spent

    def scores(cines: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {view: axes[view].transform(cines[view].reshape(len(rows), -1) / 255.0) for view in VIEWS}

    place = INDEX_NAMES.index("lv_ef")
    true_ef, measured = reader(real)[:, place], {"real": scores(real)}
    recorded, followed = open_cohort(run, "ukb").indices[rows], {}
    for way in ways:
        similar = [movie_similarity(drawn[way][view], real[view]) for view in VIEWS]
        read = reader(drawn[way])
        error = np.abs(read[:, place] - true_ef)
        found = bootstrap_correlations(recorded, {way: read}, resamples=options.resamples)
        followed[way] = found.mean(way).estimate
        measured[way] = {"ssim": np.mean(similar, axis=0), "ef_error": error, "scores": scores(drawn[way])}
    medians = {way: float(np.median(seconds[way])) for way in ways}
    report = {
        "machine": platform.processor() or platform.machine(), "torch": torch.__version__,
        "threads": options.threads, "people": len(rows),
        "steps": {"slow": options.slow, "fast": options.fast},
        "seconds_a_clip": {way: {"median": medians[way], "range": [min(seconds[way]), max(seconds[way])],
                                 "faster": medians["obvious"] / medians[way]} for way in ways},
        "mean_r": followed,
        "quality": compare(measured, options.resamples),
    }  # fmt: skip
    for way, spent in report["seconds_a_clip"].items():
        low, high = spent["range"]
        print(f"{way:9} {spent['median']:.3f} s a clip ({low:.3f} - {high:.3f})  {spent['faster']:.1f}x  "
              f"mean r {report['mean_r'][way]:.3f}")
    for name, row in report["quality"].items():
        verdict = "holds" if row["holds"] else "NOT SHOWN"
        print(f"{name:9} {row['obvious']:.3f} -> {row['fast']:.3f}  difference {row['difference']:+.3f} "
              f"[{row['low']:+.3f}, {row['high']:+.3f}]  margin {row['margin']:.3f}  {verdict}")
    enough = report["seconds_a_clip"]["fast"]["faster"] >= ENOUGH
    print("fast enough" if enough else f"not {ENOUGH:.0f} times as fast")
    if options.json:
        write_json(options.json, report)


if __name__ == "__main__":
    main()
