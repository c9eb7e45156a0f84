"""The run's answer in a few sentences: what alignment added, to what, and how sure that is. All computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cardiacnets.report.families import LEVEL
from cardiacnets.report.one_training import beyond_one_training
from cardiacnets.report.results import Result, decimals, ends, number
from cardiacnets.report.verdicts import AGREES, DISAGREES, NOT_RECORDED, UNDECIDED, judge_order
from cardiacnets.statistics import holm
from cardiacnets.statistics.trainings import OVER_TRAININGS
from cardiacnets.study import TASKS

INDICES = "ukb.indices.r"
SCREENED = tuple(task.key for task in TASKS.values() if task.kind == "binary")
JUDGED, AGAINST = "aligned_covariates-ecg_covariates", "aligned_covariates-classical_covariates"
CONTROL = "aligned-permuted"
BARE, BARE_AGAINST = "aligned-ecg", "aligned-classical"
VERBS = {AGREES: "raised", DISAGREES: "lowered", UNDECIDED: "took"}
WORDS = {AGREES: "a gain", DISAGREES: "a loss", UNDECIDED: "undecided", NOT_RECORDED: NOT_RECORDED}


def headline(results: Mapping[str, Result], real: bool) -> str:
    """Markdown: in bold what alignment added with covariates, as the study has them; then beside the
    classical model and alignment to strangers, in screening, and how sure that is.

    ``real``: whether any cohort of the run is real. What was not recorded is said to be so.
    """
    where = "In this run, part of it on real cohorts" if real else "On simulated hearts"
    return (
        f"**{where}, {_added(results)}** {_classical(results)} {_strangers(results)} In screening alignment "
        f"{_screening(results, JUDGED)} beside that network, and {_screening(results, AGAINST)} beside the "
        "classical model (Holm's correction here is over all screening tasks; the cards of the claims "
        "correct within their section; what rests on one training counts where it stays so with the spread "
        f"that trainings of like networks showed). {_sure(results)}"
    )


def without_covariates(results: Mapping[str, Result]) -> str:
    """The same of the arms that see the ECG alone."""
    return (
        f"Without covariates the two differences in mean r are {_change(results, BARE)} and "
        f"{_change(results, BARE_AGAINST)}; in screening alignment {_screening(results, BARE)}, and "
        f"{_screening(results, BARE_AGAINST)}."
    )


def _added(results: Mapping[str, Result]) -> str:
    """From what to what, in the arms with covariates."""
    what = "mean r, the correlation of predicted with recorded values averaged over the 82 indices"
    whose = "a network that knows the covariates"
    if _missing(found := results.get(f"{INDICES}.{JUDGED}")):
        return f"what alignment with CMR adds to {whose}, in {what}, is {_change(results, JUDGED)}."
    levels = [_level(results, arm) for arm in reversed(JUDGED.split("-"))]
    span = f", from {levels[0]} to {levels[1]}" if all(levels) else ""
    verb = VERBS[beyond_one_training(judge_order, found, results).word]
    return f"alignment with CMR {verb} {what}, in {whose}{span}: by {_change(results, JUDGED)}."


def _classical(results: Mapping[str, Result]) -> str:
    level, change = _level(results, AGAINST.split("-")[1]), _change(results, AGAINST)
    model = "classical model with the same covariates"
    if level and not _missing(results.get(f"{INDICES}.{AGAINST}")):
        return f"A {model}, which is no network, reaches {level}: the aligned network less that is {change}."
    return f"The difference from a {model} is {change}."


def _strangers(results: Mapping[str, Result]) -> str:
    return (
        "As a control, the aligned network less one aligned to the hearts of *strangers*, both without "
        f"covariates, is {_change(results, CONTROL)}."
    )


def _level(results: Mapping[str, Result], arm: str) -> str:
    """Mean r of an arm, or nothing."""
    found = results.get(f"{INDICES}.{arm}")
    return "" if found is None or found.value is None else number(found.value, decimals(found.value))


def _missing(found: Result | None) -> bool:
    return found is None or found.value is None or found.interval is None


def _change(results: Mapping[str, Result], arms: str) -> str:
    """ "0.049 (95 % interval 0.035 to 0.064, n = 1,096: a gain)"."""
    found = results.get(f"{INDICES}.{arms}")
    word = WORDS[beyond_one_training(judge_order, found, results).word]
    if WORDS[judge_order(found).word] != word:
        word += " as to trainings"
    if _missing(found):
        return word
    digits = decimals(found.value, *found.interval)
    low, high = ends(found.interval, digits)
    count = "" if found.n is None else f", n = {found.n:,}"
    return f"{number(found.value, digits)} (95 % interval {low} to {high}{count}: {word})"


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
    """Over what the intervals resample: of the first difference, and of those in screening."""
    keys = [f"{INDICES}.{JUDGED}", *(f"{task}.auc.{JUDGED}" for task in SCREENED)]
    trained = {key: OVER_TRAININGS in results[key].method for key in keys if key in results}
    said, people_only = [], not all(trained.values())
    if (first := trained.pop(keys[0], None)) is not None:
        holds = "and of each training" if first else "and not that of training a network again"
        said.append(f"the interval of the first difference holds the chance of who was studied {holds}")
    if trained:
        few = len(trained) - sum(trained.values())
        how = "hold people only" if few else "hold people and trainings"
        of = f"{few} of the {len(trained)}" if few else f"the {len(trained)}"
        said.append(f"in screening {of} differences from that network {how}")
    if not said:
        return "How sure that is: nothing was recorded yet."
    again = " Trained again, what holds people only may move further." if people_only else ""
    return f"How sure that is: {'; '.join(said)}.{again}"
