"""What a page shows: recorded results, figures described in words, claims, and the gate."""

from cardiacnets.report.chapter import Chapter, open_chapter
from cardiacnets.report.results import Result, load_results

__all__ = ["Chapter", "Result", "load_results", "open_chapter"]
