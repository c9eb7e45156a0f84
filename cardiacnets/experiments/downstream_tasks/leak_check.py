"""Chapter 05, a negative control: ECGs of hearts that are somebody else's.

They look like ECGs and know nothing of the participant; what a network still finds in them is a leak.
"""

from __future__ import annotations

import numpy as np
import torch

from cardiacnets.cohorts.preprocessing import encoder_view
from cardiacnets.digital_heart.controls import resampled_ecg
from cardiacnets.experiments.downstream_tasks.downstream import load_network, network_outputs
from cardiacnets.experiments.shared.inputs import scale_ecg
from cardiacnets.experiments.shared.tasks import labelled
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate, auc_interval


def foreign_auc(run: Run) -> Estimate:
    """AUC of the aligned network for cardiomyopathy in ``ukb``, for the test participants' own labels, when
    each shows the simulated ECG of a heart whose latents are all drawn anew: .5, unless something leaks.

    Raises ``ValueError`` where the run lacks the network.
    """
    labels = labelled(run, "ukb.cm")
    test = labels.of("test")
    cohorts = run.profile.cohorts
    foreign = resampled_ecg(range(len(test)), labels.task.cohort, cohorts.preset, run.profile.seed)
    settings = run.profile.ecg_input
    inputs = torch.from_numpy(scale_ecg(encoder_view(foreign[: len(test)], settings), settings))
    model, _ = load_network(run, labels.task.key, "aligned")
    scores = network_outputs(model, (inputs.float(), None))[:, 0]
    return auc_interval(np.asarray(labels.target)[test], scores)
