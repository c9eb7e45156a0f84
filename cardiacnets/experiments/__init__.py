"""What a chapter does: pre-train, align, generate, predict, explain."""

from cardiacnets.experiments.explain import Explanation, explain_ecg

__all__ = ["Explanation", "explain_ecg"]
