"""The processes that train here: one, or as many as ``accelerate launch`` started."""

from __future__ import annotations

from datetime import timedelta

from accelerate import PartialState
from accelerate.utils import parse_flag_from_env

PATIENCE = timedelta(days=1)
"""How long processes wait for each other: one of them may have hours of work that the others need."""


def this_process() -> PartialState:
    """This process's place among them; ``wait_for_everyone`` and ``main_process_first`` keep step.

    On the CPU where ``ACCELERATE_USE_CPU`` says so, as the training loop does.
    """
    return PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU"), timeout=PATIENCE)
