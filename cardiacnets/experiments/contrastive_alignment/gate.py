"""The gate of chapter 03: what the teacher knows beside what its student does, read out alike."""

from __future__ import annotations

import numpy as np

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.experiments.cmr_self_supervision.features import cmr_features
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.shared.encoding import in_batches
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.probe import read_out
from cardiacnets.experiments.shared.tasks import labelled
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.run import Run
from cardiacnets.statistics.correlation_resampling import BootstrappedCorrelations, bootstrap_correlations


def student_and_teacher(run: Run) -> BootstrappedCorrelations:
    """Test correlations of ridge readouts of the aligned ECG encoder's embedding, the ``student``, and of the
    CMR features that it was aligned to, the ``teacher``, with the same labels; resampled together.
    """
    labels = labelled(run, "ukb.indices")
    rows = labels.table["row"].to_numpy()
    ecg = ecg_batch(open_clean(run, "ukb"), rows, run.profile.ecg_input)
    known = {
        "student": in_batches(load_aligner(run).encoder, (ecg, None)),
        "teacher": np.hstack([cmr_features(run, "ukb", view)[0, rows] for view in VIEWS]),
    }
    read = {name: read_out(labels, features) for name, features in known.items()}
    return bootstrap_correlations(labels.target[labels.of("test")], read, **run.profile.resampling)
