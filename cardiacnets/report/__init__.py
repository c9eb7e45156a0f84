"""What a page shows: recorded results, figures described in words, claims, and the gate."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers, and for the Snakefile, which reads imports without running them
    from cardiacnets.report.chapter import Chapter, open_chapter
    from cardiacnets.report.results import Result, load_results

_PLACES = {"Chapter": "chapter", "open_chapter": "chapter", "Result": "results", "load_results": "results"}

__all__ = ["Chapter", "Result", "load_results", "open_chapter"]


def __getattr__(name: str) -> Any:
    """Names imported only when asked for: papermill loads :mod:`.progress` at every start, and no more."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
