"""The pictures of chapter 08: one ECG as read, its median beat, and where the evidence lies."""

from __future__ import annotations

import numpy as np

from cardiacnets.contracts import DIAGNOSIS_NAMES
from cardiacnets.ecg import plot_beats, plot_ecg
from cardiacnets.experiments.your_own_ecg.explain import Explanation
from cardiacnets.picture import Content, Picture


def paper(signal: np.ndarray, content: Content) -> Picture:
    """The ECG (12, T) mV on paper; ``content`` says whether it is one person's or published."""
    return Picture(
        plot_ecg(signal, title="As read"),
        "paper",
        "The ECG on standard paper: 25 mm/s, 10 mm/mV."
        + " A real one, published openly with pydicom." * (content == "public"),
        "Twelve-lead electrocardiogram on millimetre paper with a rhythm strip of lead II.",
        content,
        simulated=False,
    )


def beat(found: Explanation, content: Content) -> Picture:
    """The median beat that the encoder sees."""
    return Picture(
        plot_beats(found.beat, title="Median beat after cleaning"),
        "beat",
        "The median beat that the encoder sees, 720 ms around the R wave.",
        "Twelve median heartbeats, one for each lead, on millimetre paper.",
        content,
        simulated=False,
    )


def occlusion(found: Explanation, disease: str, content: Content) -> Picture:
    """Where the score of ``disease`` falls when a piece of the beat is hidden."""
    name = DIAGNOSIS_NAMES[disease]
    return Picture(
        plot_beats(found.beat, title=f"What the score of {name} rests on", overlay=found.heat[disease]),
        "heat",
        f"Occlusion map over leads and time for the score of {name}, the highest of the five. Chosen to show "
        "a map, not as a finding: one of five is always the highest, also in a healthy person.",
        "Median beats of twelve leads, coloured behind where the evidence for the disease score lies.",
        content,
        simulated=False,
    )


def grad_cam(found: Explanation, disease: str, content: Content) -> Picture:
    """The same as published, by Grad-CAM: one value a token."""
    title = f"As published: {DIAGNOSIS_NAMES[disease]}"
    return Picture(
        plot_beats(found.beat, title=title, overlay=found.heat_as_published[disease]),
        "heat-as-published",
        "Grad-CAM for the same score, as published: one value a token.",
        "Median beats of twelve leads, each with a background of one colour a token.",
        content,
        simulated=False,
    )
