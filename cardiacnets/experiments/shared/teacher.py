"""Whether alignment can be interpreted: a teacher hands over only what it knows beyond its student."""

from __future__ import annotations

from cardiacnets.statistics import Estimate
from cardiacnets.statistics.in_words import as_trained, side_of_zero


def teacher_knows(student_less_teacher: Estimate) -> str:
    """The end of a sentence that begins with the teacher, the readout of the CMR features.

    ``student_less_teacher`` is the measure of the aligned ECG less that of the teacher, higher is better.
    Only where the whole interval lies below 0 has the teacher been seen to know more.
    """
    side = side_of_zero(student_less_teacher)
    if side is None:
        return "cannot be compared with its student in this run, so alignment cannot be interpreted"
    if side < 0:
        trained = as_trained(student_less_teacher)
        return f"knows more than its student{trained}, so there was something to hand over"
    count = student_less_teacher.n
    return (
        f"knows no more than its student that {count} participants could show: alignment cannot be "
        "interpreted, since what the aligned network gains need not come from the picture"
    )
