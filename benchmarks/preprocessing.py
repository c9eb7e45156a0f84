"""Records a second of ``cardiacnets.ecg.clean`` beside the record-by-record route a user would write instead.

    python benchmarks/preprocessing.py --records 200 --processes 2 --out preprocessing.json

Both routes clean the same ECGs: the recording that ships with pydicom, with noise and another heart rate
for each record. The record-by-record route calls ``statsmodels.seasonal_decompose``, ``pywt.wavedec`` and
``scipy.signal.savgol_filter`` lead by lead. Both get the heart rate and the same number of processes, whose
start is not timed. The routes take turns; median and range over the repeats of speed and of the ratio within
a repeat are given.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # parallel by processes alone, so that both routes use as many cores

import numpy as np  # noqa: E402
import pywt  # noqa: E402
from scipy.signal import savgol_filter  # noqa: E402
from statsmodels.tsa.seasonal import seasonal_decompose  # noqa: E402

from cardiacnets.artefacts import write_json  # noqa: E402
from cardiacnets.ecg import clean, example_ecg_path, read_ecg  # noqa: E402

RATE = 500


def record_by_record(signals: np.ndarray, heart_rates: np.ndarray) -> np.ndarray:
    """Clean ``signals (n, 12, 5000)`` mV lead by lead with the usual libraries."""
    cleaned = np.empty_like(signals)
    for record, bpm, result in zip(signals, heart_rates, cleaned, strict=True):
        for lead in range(12):
            trace = record[lead].astype(np.float64)
            trend = seasonal_decompose(trace, model="additive", period=int(10 * RATE * 6 / bpm)).trend
            known = np.flatnonzero(~np.isnan(trend))
            trend[: known[0]], trend[known[-1] + 1 :] = trend[known[0]], trend[known[-1]]
            coefficients = pywt.wavedec(trace - trend, "db6", level=8)
            threshold = np.median(np.abs(coefficients[-1])) / 0.6745 * np.sqrt(2 * np.log(trace.size))
            details = [pywt.threshold(detail, threshold, "soft") for detail in coefficients[1:]]
            denoised = pywt.waverec([coefficients[0], *details], "db6")[: trace.size]
            result[lead] = savgol_filter(denoised, 11, 3)
    return cleaned


def batched(signals: np.ndarray, heart_rates: np.ndarray) -> np.ndarray:
    """Clean the same with this library."""
    return clean(signals, RATE, heart_rates)


def batched_with_rate_estimation(signals: np.ndarray, heart_rates: np.ndarray) -> np.ndarray:
    """Clean the same, finding the heart rates too."""
    return clean(signals, RATE)


def make_records(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """``count`` variants of a real ECG (count, 12, 5000) mV and a heart rate for each."""
    rng = np.random.default_rng(seed)
    signal = read_ecg(example_ecg_path()).standard()
    noise = rng.normal(0, 0.02, (count, *signal.shape)).astype(np.float32)
    return signal + noise, rng.uniform(50, 100, count)


def _seconds(job: tuple[Callable, int, int]) -> tuple[float, float]:
    """By the clock, and of the processor."""
    route, count, seed = job
    signals, heart_rates = make_records(count, seed)
    route(signals[:2], heart_rates[:2])
    started, worked = time.perf_counter(), time.process_time()
    route(signals, heart_rates)
    return time.perf_counter() - started, time.process_time() - worked


def measure(counts: dict[Callable, int], processes: int, repeats: int) -> dict[Callable, list[tuple]]:
    """Records a second of each route in each of ``repeats``, the routes taking turns: by the clock, and by
    what the processors spent, which other work on the machine hardly changes.

    Processes run side by side, the slowest one counts. Routes of one repeat follow each other within seconds,
    so that whatever else the machine does slows them alike and their ratio is steadier than their speeds.
    """
    speeds: dict[Callable, list[tuple]] = {route: [] for route in counts}
    with ProcessPoolExecutor(processes) as pool:
        for _ in range(repeats):
            for route, count in counts.items():
                share = max(1, count // processes)
                jobs = [(route, share, seed) for seed in range(processes)]
                seconds, spent = np.max(list(pool.map(_seconds, jobs)), axis=0)
                speeds[route].append((share * processes / seconds, share * processes / spent))
    return speeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=200, help="records for the batched route")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()

    signals, heart_rates = make_records(2)
    difference = np.abs(batched(signals, heart_rates) - record_by_record(signals, heart_rates)).max()
    counts = {  # the slow route needs fewer records for the same precision
        record_by_record: max(2, options.records // 10), batched: options.records,
        batched_with_rate_estimation: options.records,
    }
    speeds = measure(counts, options.processes, options.repeats)
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} cores, {options.processes} processes, {options.repeats} repeats")
    print(f"largest difference between the routes: {difference:.1e} mV")
    print(f"{'route':32}{'clock':12}{'records/s':>10}{'range':>18}{'ratio':>8}{'range':>15}")
    summary = {}
    for route, values in speeds.items():
        summary[route.__name__] = {}
        for column, clock in enumerate(("wall", "processor")):
            speed = np.array(values)[:, column]
            ratio = speed / np.array(speeds[record_by_record])[:, column]
            summary[route.__name__][clock] = {
                "records_per_second": float(np.median(speed)), "range": [speed.min(), speed.max()],
                "ratio": float(np.median(ratio)), "ratio_range": [ratio.min(), ratio.max()],
            }  # fmt: skip
            print(f"{route.__name__:32}{clock:12}{np.median(speed):10.1f}"
                  f"{f'{speed.min():.1f} - {speed.max():.1f}':>18}{np.median(ratio):8.1f}"
                  f"{f'{ratio.min():.1f} - {ratio.max():.1f}':>15}")  # fmt: skip
    if options.out:
        write_json(options.out, {
            "routes": summary, "largest_difference_mv": float(difference), "processes": options.processes,
            "records": options.records, "repeats": options.repeats, "machine": machine,
            "cores": os.cpu_count(), "python": platform.python_version(), "numpy": np.__version__,
        })


if __name__ == "__main__":
    main()
