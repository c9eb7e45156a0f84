"""Processor time of the two steps of cleaning that are written here, beside the libraries' own.

    python benchmarks/cleaning.py --records 64 --repeats 9

One thread, float32, eight records with all their leads at once: wavelet decomposition and its inverse
(``pywt.wavedec``, ``pywt.waverec``, ``axis=-1``) and Savitzky-Golay smoothing
(``scipy.signal.savgol_filter``) against ``cardiacnets.ecg``, alone and as parts of the whole cleaning.
Medians over the repeats, in which the steps take turns. Where the library is as fast, the code here can go.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import pywt  # noqa: E402
from measuring import machine  # noqa: E402
from scipy.signal import savgol_filter  # noqa: E402

from cardiacnets.ecg import clean, cleaning, example_ecg_path, read_ecg, smooth  # noqa: E402
from cardiacnets.ecg.cleaning import SMOOTHING_ORDER, SMOOTHING_WINDOW  # noqa: E402
from cardiacnets.ecg.wavelet import MAXIMUM_LEVEL, WAVELET, decompose, recompose  # noqa: E402

RATE, HEART_RATE = 500, 70.0


def decompose_by_pywt(leads: np.ndarray, level: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """As :func:`cardiacnets.ecg.wavelet.decompose`."""
    approximation, *details = pywt.wavedec(leads, WAVELET, level=level, axis=-1)
    return approximation, details[::-1]


def recompose_by_pywt(approximation: np.ndarray, details: list[np.ndarray]) -> np.ndarray:
    """As :func:`cardiacnets.ecg.wavelet.recompose`."""
    return pywt.waverec([approximation, *details[::-1]], WAVELET, axis=-1)


def smooth_by_scipy(signal: np.ndarray) -> np.ndarray:
    """As :func:`cardiacnets.ecg.smooth`."""
    return savgol_filter(signal, SMOOTHING_WINDOW, SMOOTHING_ORDER)


LIBRARIES = {"decompose": decompose_by_pywt, "recompose": recompose_by_pywt, "smooth": smooth_by_scipy}


def clean_with(signals: np.ndarray, *replaced: str) -> np.ndarray:
    """``signals`` cleaned with some of the steps as the libraries have them."""
    ours = {name: getattr(cleaning, name) for name in replaced}
    for name in replaced:
        setattr(cleaning, name, LIBRARIES[name])
    try:
        return clean(signals, RATE, HEART_RATE)
    finally:
        for name, step in ours.items():
            setattr(cleaning, name, step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    example = read_ecg(example_ecg_path()).standard()
    noise = np.random.default_rng(0).normal(0, 0.01, (options.records, *example.shape))
    signals = (example + noise).astype(np.float32)  # (n, 12, 5000)
    batches = [signals[start : start + 8] for start in range(0, len(signals), 8)]
    leads = [batch.reshape(-1, signals.shape[-1]) for batch in batches]
    wavelet = ("decompose", "recompose")
    steps = {
        "wavelet there and back, here": lambda: [
            recompose(*decompose(each, MAXIMUM_LEVEL)) for each in leads
        ],
        "wavelet there and back, pywt": lambda: [
            recompose_by_pywt(*decompose_by_pywt(each, MAXIMUM_LEVEL)) for each in leads
        ],
        "smoothing, here": lambda: [smooth(each) for each in leads],
        "smoothing, scipy": lambda: [smooth_by_scipy(each) for each in leads],
        "cleaning, here": lambda: clean_with(signals),
        "cleaning with pywt": lambda: clean_with(signals, *wavelet),
        "cleaning with scipy": lambda: clean_with(signals, "smooth"),
        "cleaning with both": lambda: clean_with(signals, *wavelet, "smooth"),
    }
    difference = np.abs(clean_with(signals) - clean_with(signals, *wavelet, "smooth")).max()
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(options.repeats + 1):
        for name, step in steps.items():
            began = time.process_time()
            step()
            spent[name].append(time.process_time() - began)
    print(f"{machine()}, {options.records} recordings of {example.shape}")
    print(f"largest difference of a cleaned sample: {difference:.1e} mV")
    for name, seconds in spent.items():
        measured = [1000 * one / options.records for one in seconds[1:]]  # the first warms the caches
        print(f"{name:30s} {statistics.median(measured):6.2f} ms a recording "
              f"({min(measured):.2f} - {max(measured):.2f})")  # fmt: skip


if __name__ == "__main__":
    main()
