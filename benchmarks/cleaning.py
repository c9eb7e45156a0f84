"""Milliseconds a recording of the two steps of cleaning that are written here, beside the libraries' own.

    python benchmarks/cleaning.py --records 64 --repeats 9

One thread, float32, all leads of all records at once: wavelet decomposition (``pywt.wavedec(axis=-1)``) and
Savitzky-Golay smoothing (``scipy.signal.savgol_filter``) against ``cardiacnets.ecg``. Medians over the
repeats. Where the library is as fast, the code here can go.
"""

from __future__ import annotations

import argparse
import os
import statistics

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import pywt  # noqa: E402
from measuring import machine, timed  # noqa: E402
from scipy.signal import savgol_filter  # noqa: E402

from cardiacnets.ecg import example_ecg_path, read_ecg, smooth  # noqa: E402
from cardiacnets.ecg.cleaning import SMOOTHING_ORDER, SMOOTHING_WINDOW  # noqa: E402
from cardiacnets.ecg.wavelet import MAXIMUM_LEVEL, WAVELET, decompose  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    example = read_ecg(example_ecg_path()).standard()
    noise = np.random.default_rng(0).normal(0, 0.01, (options.records, *example.shape))
    signals = (example + noise).astype(np.float32)  # (n, 12, 5000)
    batches = [
        signals[start : start + 8].reshape(-1, signals.shape[-1]) for start in range(0, len(signals), 8)
    ]
    steps = {
        "wavelet, pywt.wavedec": lambda leads: pywt.wavedec(leads, WAVELET, level=MAXIMUM_LEVEL, axis=-1),
        "wavelet, here": lambda leads: decompose(leads, MAXIMUM_LEVEL),
        "smoothing, savgol_filter": lambda leads: savgol_filter(leads, SMOOTHING_WINDOW, SMOOTHING_ORDER),
        "smoothing, here": smooth,
    }
    print(f"{machine()}, {options.records} recordings of {example.shape}")
    for name, step in steps.items():
        seconds = timed(lambda step=step: [step(leads) for leads in batches], options.repeats)
        print(f"{name:26s} {1000 * statistics.median(seconds) / options.records:6.2f} ms a recording")


if __name__ == "__main__":
    main()
