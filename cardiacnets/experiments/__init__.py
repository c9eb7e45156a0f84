"""What a chapter does: pre-train, align, generate, predict, explain."""

from typing import Any

from cardiacnets import torchvision_schemas as torchvision_schemas  # before any import of timm or torchvision

__all__ = ["explain_ecg"]


def __getattr__(name: str) -> Any:
    """``explain_ecg``, imported only when asked for: it needs every model, a chapter needs few."""
    if name != "explain_ecg":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cardiacnets.experiments.your_own_ecg.explain import explain_ecg

    return explain_ecg
