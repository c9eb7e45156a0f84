"""How these benchmarks measure: seconds of repeats after a warm-up, and the peak memory of this process."""

from __future__ import annotations

import platform
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def machine() -> str:
    """The card where there is one, else the processor."""
    if DEVICE.type == "cuda":
        return torch.cuda.get_device_name()
    return platform.processor() or platform.machine()


def timed(work: Callable[[], Any], repeats: int) -> list[float]:
    """Seconds of each of ``repeats`` after one that is not counted."""
    seconds = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        if DEVICE.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


def peak_memory() -> float:
    """GB: what torch held on the card where there is one, else the resident memory of this process."""
    if DEVICE.type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    scale = 1 if sys.platform == "darwin" else 1024  # kilobytes on Linux, bytes on macOS
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9
