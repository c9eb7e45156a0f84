"""For classes: answers checked in place, and an edition without solutions."""

from cardiacnets.teaching.self_check import Verdict, check, exercises
from cardiacnets.teaching.student_edition import write_student_edition

__all__ = ["Verdict", "check", "exercises", "write_student_edition"]
