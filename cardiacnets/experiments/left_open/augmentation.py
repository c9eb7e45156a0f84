"""Chapter 09: do generated movies help to read CMR where few people have labels?

A hundred training people have a cine and its indices. Further people have an ECG and indices but no cine: a
movie is drawn from each one's ECG and added with the indices, as if it were a cine. A ridge readout of cine
components learns from both and is tried on real cines.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.diffusion.cine_reader import open_cine_reader, small_cines
from cardiacnets.experiments.diffusion.generate import draw_movies, ecg_tokens, freely
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.probe import fit_probe
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.run import Run
from cardiacnets.statistics import bootstrap_correlations
from cardiacnets.study import TASKS

REAL = 100
"""People with a cine and labels."""
ADDED = (0, 1, 3)
"""Generated movies for each real cine."""


def augmentation(run: Run) -> pd.DataFrame:
    """One row a share of generated movies added: ``estimate`` with interval, mean r on real test cines;
    ``change`` with ``change_interval`` against none added, paired; and the same with as many further *real*
    cines, which is what they could be worth at best.

    Raises ``ValueError`` where fewer than 20 training people are there.
    """
    clean, indices = open_clean(run, "ukb"), open_cohort(run, "ukb").indices
    order = np.random.default_rng([run.profile.seed, 912]).permutation(clean.rows("train"))
    real = min(REAL, len(order) // 4)
    if real < 5:
        raise ValueError(f"{len(order)} training people are too few to add movies to")
    labelled, further = np.sort(order[:real]), order[real : real * (1 + max(ADDED))]
    validation, test = clean.rows("validation"), clean.rows("test")
    reader = open_cine_reader(run)

    def seen(rows: np.ndarray) -> np.ndarray:
        return reader.features({view: small_cines(run, clean, view, rows) for view in VIEWS})

    tokens = ecg_tokens(load_aligner(run).encoder, ecg_batch(clean, further, run.profile.ecg_input))
    drawing = tokens, run.profile.seed, freely(run.profile.diffusion)
    drawn = reader.features({view: draw_movies(run, view, *drawing) for view in VIEWS})
    known, others, held_out, asked = seen(labelled), seen(further), seen(validation), seen(test)
    scores = {}
    for times in ADDED:
        for kind, more in (("generated", drawn), ("real", others)):
            count = times * real
            features = np.vstack([known, more[:count]])
            target = np.vstack([indices[labelled], indices[further[:count]]])
            probe = fit_probe(TASKS["ukb.indices"], features, target, (held_out, indices[validation]))
            scores[f"{kind}.{times}"] = probe(asked)
    found = bootstrap_correlations(indices[test], scores, **run.profile.resampling)
    rows = []
    for name in scores:
        kind, times = name.split(".")
        if kind == "real" and times == "0":
            continue  # nothing is added of either kind
        row = {"added": "nothing" if times == "0" else kind, "movies": int(times) * real, "real": real}
        row |= found.mean(name).row()
        if times != "0":
            row |= found.mean_difference(name, "generated.0").columns("change")
        rows.append(row)
    return pd.DataFrame(rows)
