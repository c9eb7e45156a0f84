"""The run's answer in a few sentences: what alignment added, to what, and how sure that is. All computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cardiacnets.report.families import LEVEL
from cardiacnets.report.one_training import beyond_one_training
from cardiacnets.report.results import Result, decimals, number
from cardiacnets.report.verdicts import AGREES, DISAGREES, NOT_RECORDED, UNDECIDED, judge_order
from cardiacnets.statistics import holm
from cardiacnets.statistics.trainings import OVER_TRAININGS
from cardiacnets.study import TASKS

INDICES = "ukb.indices.r"
SCREENED = tuple(task.key for task in TASKS.values() if task.kind == "binary")
JUDGED, AGAINST = "aligned_covariates-ecg_covariates", "aligned_covariates-classical_covariates"
BARE, BARE_AGAINST = "aligned-ecg", "aligned-classical"
WORDS = {AGREES: "a gain", DISAGREES: "a loss", UNDECIDED: "undecided", NOT_RECORDED: NOT_RECORDED}


def headline(results: Mapping[str, Result], real: bool) -> str:
    """Markdown: in bold what alignment added with covariates, as the study has them; then how sure that is.

    ``real``: whether any cohort of the run is real. What was not recorded is said to be so.
    """
    where = "In this run, part of it on real cohorts" if real else "On simulated hearts"
    return (
        f"**{where}, alignment added to a network that knows the covariates, in mean r over the 82 indices, "
        f"{_change(results, JUDGED)}; the difference from a classical model with the same covariates is "
        f"{_change(results, AGAINST)}. In screening it {_screening(results, JUDGED)} beside that network, "
        f"and {_screening(results, AGAINST)} beside the classical model.** {_sure(results)}"
    )


def without_covariates(results: Mapping[str, Result]) -> str:
    """The same of the arms that see the ECG alone."""
    return (
        f"Without covariates the two differences in mean r are {_change(results, BARE)} and "
        f"{_change(results, BARE_AGAINST)}; in screening alignment {_screening(results, BARE)}, and "
        f"{_screening(results, BARE_AGAINST)}."
    )


def _change(results: Mapping[str, Result], arms: str) -> str:
    """ "0.049 (95 % interval 0.035 to 0.064: a gain)"."""
    found = results.get(f"{INDICES}.{arms}")
    word = WORDS[beyond_one_training(judge_order, found, results).word]
    if WORDS[judge_order(found).word] != word:
        word += " as to trainings"
    if found is None or found.value is None or found.interval is None:
        return word
    digits = decimals(found.value, *found.interval)
    low, high = (number(end, digits) for end in found.interval)
    return f"{number(found.value, digits)} (95 % interval {low} to {high}: {word})"


def _screening(results: Mapping[str, Result], arms: str) -> str:
    """ "gained in 2 of 13 tasks (1 after Holm's correction) and lost in none"."""
    found = [results.get(f"{task}.auc.{arms}") for task in SCREENED]
    found = [each for each in found if each is not None and each.interval is not None]
    if not found:
        return f"is {NOT_RECORDED}"
    words = [beyond_one_training(judge_order, each, results).word for each in found]
    adjusted = holm([float("nan") if each.pvalue is None else each.pvalue for each in found])
    counts = Counter(words)
    kept = Counter(word for word, p in zip(words, adjusted, strict=True) if p < LEVEL)
    won, lost = (
        f"{counts[word]}{of} ({kept[word]} after Holm's correction)" if counts[word] else f"none{of}"
        for word, of in ((AGREES, f" of {len(found)} tasks"), (DISAGREES, ""))
    )
    return f"gained in {won} and lost in {lost}"


def _sure(results: Mapping[str, Result]) -> str:
    """Over what the intervals resample."""
    stems = (INDICES, *(f"{task}.auc" for task in SCREENED))
    judged = [results[key] for stem in stems if (key := f"{stem}.{JUDGED}") in results]
    if not judged:
        return "How sure that is: nothing was recorded yet."
    trained = sum(OVER_TRAININGS in each.method for each in judged)
    if trained == len(judged):
        return "How sure that is: the intervals hold the chance of who was studied and of each training."
    some = "" if not trained else f" in {len(judged) - trained} of {len(judged)} comparisons"
    return (
        f"How sure that is: the intervals{some} hold the chance of who was studied and not that of training "
        "a network; trained again, a difference may move further."
    )
