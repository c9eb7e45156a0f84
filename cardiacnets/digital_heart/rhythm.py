"""Ten seconds of rhythm at the electrodes: when the beats come, what breathing does, noise, filters,
digitising.

Noise enters at the electrodes, so that Einthoven's and Goldberger's relations hold exactly before rounding.
"""

from __future__ import annotations

import numpy as np

from cardiacnets.contracts import ECG_RATE, ECG_SAMPLES
from cardiacnets.digital_heart.electrics import BEAT_SAMPLES, BEAT_START, MILLIVOLT
from cardiacnets.digital_heart.latents import Latents
from cardiacnets.digital_heart.sites import Site
from cardiacnets.digital_heart.torso import electrode_vectors, leads

STEP_MV = 0.005
"""Digitising step: 5 microvolts."""

FREQUENCIES = np.fft.rfftfreq(ECG_SAMPLES, 1 / ECG_RATE)  # Hz
CLOCK = np.arange(ECG_SAMPLES) / ECG_RATE  # s


def beat_onsets(rate: float, fibrillating: bool, stream: np.random.Generator) -> tuple[np.ndarray, float]:
    """QRS onsets, s, from one beat before the record to its end, and the phase of breathing.

    Sinus rhythm varies by breathing (0.25 Hz) and vasomotion (0.1 Hz); fibrillation is irregularly irregular.
    """
    phase = stream.uniform(0, 2 * np.pi)
    count = int(12 * rate / 60) + 6
    noise = stream.standard_normal(count)
    cycle = 60 / rate
    if fibrillating:
        intervals = cycle * np.exp(0.20 * noise - 0.02)
    else:
        about = np.arange(count) * cycle
        swing = (
            0.026 * np.sin(1.57 * about + phase) + 0.018 * np.sin(0.63 * about + 2 * phase) + 0.008 * noise
        )
        intervals = cycle * (1 + swing)
    start = -stream.uniform(0.1, 0.1 + cycle)
    return start + np.concatenate([[0], np.cumsum(np.maximum(intervals, 0.28))]), phase


def filter_response(site: Site) -> np.ndarray:
    """Amplitude response of the device's filters at ``FREQUENCIES``: second-order high-pass, fourth-order
    low-pass.
    """
    high = 1 / np.sqrt(1 + (site.highpass / np.maximum(FREQUENCIES, 1e-9)) ** 4)
    return high / np.sqrt(1 + (FREQUENCIES / site.lowpass) ** 8)


def record(
    beat: np.ndarray, latents: Latents, row: int, site: Site, stream: np.random.Generator
) -> np.ndarray:
    """Noisy, filtered electrode potentials of ten seconds, mV ``(9, 5000)``, from one ``beat (9,
    BEAT_SAMPLES)``.
    """
    rate, fibrillating = latents["heart_rate"][row], bool(latents["fibrillation"][row])
    onsets, phase = beat_onsets(rate, fibrillating, stream)
    margin = BEAT_SAMPLES
    gain = np.broadcast_to(latents["electrode_gain"][row], (9,))[:, None]
    signal = np.zeros((9, ECG_SAMPLES + 2 * margin))
    swinging = 0.22 * latents["effusion"][row] * (latents["effusion"][row] > 0.75)  # electrical alternans
    for number, onset in enumerate(onsets):
        start = int(round(onset * ECG_RATE)) + BEAT_START + margin
        if 0 <= start <= signal.shape[1] - BEAT_SAMPLES:
            strength = 1 + 0.035 * np.sin(1.57 * onset + phase) + swinging * (1 if number % 2 else -1)
            signal[:, start : start + BEAT_SAMPLES] += strength * beat
            if latents["paced"][row]:
                spike = start - BEAT_START - 2
                signal[:, spike : spike + 2] += gain * electrode_vectors()[:, 1:2] * 0.9
    signal = signal[:, margin:-margin]
    if fibrillating:
        signal = signal + gain * fibrillation_waves(latents["gain"][row] * latents["p_gain"][row], stream)
    spectrum = np.fft.rfft(signal + electrode_noise(site, phase, stream), axis=1)
    return np.fft.irfft(spectrum * filter_response(site), n=ECG_SAMPLES, axis=1)


def fibrillation_waves(gain: float, stream: np.random.Generator) -> np.ndarray:
    """f waves of 4 to 9 Hz at the electrodes, mV ``(9, 5000)``: a wandering dipole, strongest in V1."""
    dipole = np.zeros((3, ECG_SAMPLES))
    for frequency, offset, direction in zip(
        stream.uniform(4, 9, 5), stream.uniform(0, 2 * np.pi, 5), stream.standard_normal((5, 3)), strict=True
    ):
        dipole += (direction * [0.7, 0.8, 1.4])[:, None] * np.sin(2 * np.pi * frequency * CLOCK + offset)
    return 20 * MILLIVOLT * gain * electrode_vectors() @ dipole


def electrode_noise(site: Site, phase: float, stream: np.random.Generator) -> np.ndarray:
    """Muscle noise, mains hum and baseline wander at the electrodes, mV ``(9, 5000)``; each recording its
    own.
    """
    quality = np.exp(0.45 * stream.standard_normal(3))
    noise = stream.standard_normal((9, ECG_SAMPLES), dtype=np.float32) * (site.muscle * quality[0])
    hum = np.sin(2 * np.pi * site.mains * CLOCK + stream.uniform(0, 2 * np.pi))
    noise += (site.mains_amplitude * quality[1] * stream.standard_normal((9, 1))) * hum
    slow = np.stack([np.sin(1.57 * CLOCK + phase), *(
        np.sin(2 * np.pi * frequency * CLOCK + offset)
        for frequency, offset in zip(stream.uniform(0.05, 0.5, 3), stream.uniform(0, 6.28, 3), strict=True)
    )])  # fmt: skip
    return noise + (site.wander * quality[2] * 0.5 * stream.standard_normal((9, 4))) @ slow


def digitise(potentials: np.ndarray) -> np.ndarray:
    """Twelve leads on the 5-microvolt grid, float32 mV ``(..., 12, T)``, from electrode potentials."""
    return (np.rint(leads(potentials) / STEP_MV) * STEP_MV).astype(np.float32)
