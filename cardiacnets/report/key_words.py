"""Keys of results in words: what was measured, of whom, by which arm, and what belongs beside a difference.

A key reads ``cohort.task.measure.arm``; the arm of a difference is ``first-second``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cardiacnets.contracts import DIAGNOSIS_NAMES, SUBTYPES
from cardiacnets.phenotypes import INDEX_NAMES, axis_label
from cardiacnets.study import ARMS, COHORTS, TASKS

EQUIVALENCE = "_equivalence"
MEASURES = {
    "auc": "AUC",
    "auc_equivalence": "AUC",
    "accuracy": "accuracy",
    "balanced_accuracy": "average accuracy",
    "specificity": "specificity",
    "r": "mean r",
    "r_fraction": "mean r",
    "percent": "agreement",
    "heat_coverage": "share of the ECG covered",
}
NOT_CLASSICAL = ("r_fraction", "percent", "heat_coverage")
"""Measures that the classical model may not have."""
READ_WITH = {
    "model": "the model",
    "ecg": "readers with the ECG",
    "ecg+generated": "readers with ECG and generated movie",
    "ecg+real": "readers with ECG and real movie",
    "junior": "junior readers",
    "senior": "senior readers",
}
"""What stands for an arm in the reader study."""
READINGS = {
    "reader.cm.recovered.readings": "Missed with the ECG, found with the generated movie",
    "reader.cm.lost.readings": "Found with the ECG, missed with the generated movie",
}
READERS = "reader."
SHARE = re.compile(r"(.+)_(\d+)")
COVARIATES = "_covariates"
CLASSICAL, STRANGERS = "classical", "permuted"


def about(key: str) -> str:
    """Of whom and what: ``ukb.cm.auc.aligned`` is "UK Biobank: cardiomyopathy"; the key where nobody knows.

    Tasks, subtypes and single indices of the study's cohorts have names; where subtypes stand for arms, they
    are named too: "RCM less DCM".
    """
    if key in READINGS:
        return READINGS[key]
    cohort, _, rest = key.partition(".")
    name, last = rest.partition(".")[0], rest.rpartition(".")[2].split("-")
    if f"{cohort}.{name}" in TASKS:
        of = f", {' less '.join(each.upper() for each in last)}" if set(last) <= set(SUBTYPES) else ""
        return TASKS[f"{cohort}.{name}"].title + of
    if cohort in COHORTS and name in SUBTYPES:
        return f"{COHORTS[cohort].title}: {DIAGNOSIS_NAMES[name]}"
    if name in INDEX_NAMES:
        return axis_label(name)
    return key


def measure(key: str) -> str:
    """The measure as a page calls it: "AUC"; nothing for one that has no such name."""
    return MEASURES.get(_metric(key), "")


def titles(key: str) -> tuple[str, ...]:
    """In words the arm of a key, or the two of its difference, or what readers were shown; none where a part
    has no name.
    """
    known = READ_WITH if key.startswith(READERS) else {arm.name: arm.title for arm in ARMS.values()}
    found = [_titled(part, known) for part in key.rpartition(".")[2].split("-")]
    return tuple(found) if len(found) < 3 and all(found) else ()


def in_words(key: str) -> str:
    """Of whom, by which measure and by which arm, or arm less arm; empty where nobody knows of whom."""
    told = about(key), measure(key), " less ".join(titles(key))
    return "" if told[0] == key else ", ".join(filter(None, told))


def _titled(part: str, known: Mapping[str, str]) -> str:
    """``aligned_10`` is "aligned ECG, 10 % of the labels"; empty where nobody knows."""
    share = None if part in known else SHARE.fullmatch(part)
    if share is None:
        return known.get(part, "")
    if share[1] == "gain":
        return f"gain with {share[2]} % of the labels"
    return f"{known[share[1]]}, {share[2]} % of the labels" if share[1] in known else ""


def arms_of(key: str) -> tuple[str, ...]:
    """The arm of a key, or the two of its difference; none where a part is no arm of the study."""
    if key.startswith(READERS):
        return ()
    arms = tuple(key.rpartition(".")[2].split("-"))
    return arms if len(arms) < 3 and all(arm in ARMS for arm in arms) else ()


def sides(key: str) -> tuple[str, str] | None:
    """The keys of the two that a difference is taken of, first and second; ``None`` for other keys."""
    if len(titles(key)) != 2:
        return None
    stem = _stem(key)
    first, second = key.rpartition(".")[2].split("-")
    return f"{stem}.{first}", f"{stem}.{second}"


def beside(key: str) -> Iterator[tuple[str, str]]:
    """What a reader needs beside a judged result, in words, and its key, recorded or not.

    Beside a difference of two arms: the same without covariates; the first arm less the classical model,
    with covariates where it has them; alignment less alignment to strangers, without; beside a single arm:
    the classical model. Nothing beside a measure that has no name here, or that the classical model may not
    have.
    """
    arms, stem = arms_of(key), _stem(key)
    if not arms or not measure(key) or _metric(key) in NOT_CLASSICAL:
        return
    first, last = arms[0], key.rpartition(".")[0]
    classical = CLASSICAL + COVARIATES * first.endswith(COVARIATES)
    if len(arms) == 1:
        if first != classical:
            yield f"{ARMS[classical].title}", f"{stem}.{classical}"
        return
    bare = tuple(arm.removesuffix(COVARIATES) for arm in arms)
    if bare != arms and all(arm in ARMS for arm in bare):
        yield "Without covariates", f"{last}.{'-'.join(bare)}"
    if classical not in arms:
        yield "Less the classical model", f"{stem}.{first}-{classical}"
    if bare[0] == "aligned" and STRANGERS not in arms:
        without = ", both without covariates" * (bare != arms)
        yield f"Less alignment to strangers{without}", f"{stem}.{bare[0]}-{STRANGERS}"


def _metric(key: str) -> str:
    return key.rpartition(".")[0].rpartition(".")[2]


def _stem(key: str) -> str:
    return key.rpartition(".")[0].removesuffix(EQUIVALENCE)
