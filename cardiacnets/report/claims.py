"""The study's claims, each with the recorded results that test it, and what this run says of it.

The words are those of :mod:`cardiacnets.report.verdicts`; a claim about several results is as strong as its
weakest. Where the results rest on an assumption of the simulation instead of a finding, there is no
verdict. How the page shows them is :mod:`cardiacnets.report.claim_cards`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any, Literal

import yaml

from cardiacnets.report.families import Corrected, corrected
from cardiacnets.report.one_training import beyond_one_training
from cardiacnets.report.results import Result
from cardiacnets.report.verdicts import (
    ASSUMED,
    NOT_RECORDED,
    Verdict,
    judge_equality,
    judge_not_worse,
    judge_order,
    weakest,
)

Kind = Literal["greater", "equivalent", "not_worse", "value", "contradicted", "not_tested"]
UNJUDGED = ("contradicted", "not_tested")
"""Kinds that need a reason instead of results."""
MARGINAL = ("equivalent", "not_worse")

CONTRADICTED = "contradicted by the published figures"
BESIDE = "shown beside the published figure"
NOT_TESTED = "not tested here"
PEOPLE = "people"
"""How the method of a result begins whose readers were people: it rests on no assumed skill."""


@dataclass(frozen=True)
class Claim:
    """One claim as published, and the keys that test it.

    ``published`` is what the preprint says, ``article`` what is known of the version in NEJM AI; ``sign``
    is -1 where the first arm should lose; ``size`` is the preprint's difference, above 0, in the results'
    unit; ``shown`` are keys of figures beside it; ``assumed`` is what the simulation assumes of the very
    thing that is claimed; ``reason`` says why there is no test, or what a measure of ours stands for;
    ``family`` names the claims whose comparisons are corrected together, by default the section's;
    ``exhibit`` are identifiers of the figure or table to look at, the best first.
    """

    section: str
    claim: str
    published: str
    kind: Kind
    results: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    margin: float | None = None
    sign: int = 1
    reason: str = ""
    article: str = ""
    size: float | None = None
    assumed: str = ""
    family: str = ""
    exhibit: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", self.family or self.section)


def load_claims(path: Path) -> list[Claim]:
    """The claims of a YAML file; ``ValueError``, in one line, naming the file and the claim that cannot be
    judged.
    """
    try:
        sections = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(sections, list):
        raise ValueError(f"{path}: expected a list of sections, found {type(sections).__name__}")
    claims: list[Claim] = []
    for place, section in enumerate(sections, start=1):
        if not isinstance(section, dict) or set(section) != {"section", "claims"}:
            raise ValueError(
                f"{path}: entry {place}: expected the keys section and claims, found {section!r:.80}"
            )
        for row in section["claims"] or ():
            try:
                claims.append(_checked(_read(section["section"], row)))
            except (TypeError, ValueError) as error:
                named = row.get("claim") if isinstance(row, dict) else row
                raise ValueError(f"{path}: claim {named!r}: {error}") from None
    names = [claim.claim for claim in claims]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{path}: claim {twice!r} stands twice")
    return claims


def judgements(claim: Claim, results: Mapping[str, Result]) -> tuple[Verdict, ...]:
    """The verdict of each of the claim's results, in their order; of a network that was trained once as
    :func:`cardiacnets.report.one_training.beyond_one_training` has it.

    Raises ``ValueError`` where equivalence would be judged by another interval than that of two one-sided
    tests.
    """
    found = [results.get(key) for key in claim.results]
    if claim.kind in UNJUDGED:
        return ()
    if claim.kind == "value":
        return tuple(Verdict(NOT_RECORDED if each is None else BESIDE) for each in found)

    def judged(result: Result | None) -> Verdict:
        if claim.assumed and not _by_people(result):
            return Verdict(ASSUMED)
        return beyond_one_training(partial(_judge, claim), result, results)

    return tuple(map(judged, found))


def verdict(claim: Claim, results: Mapping[str, Result]) -> str:
    """What this run says of a claim; a claim about several results is as strong as its weakest.

    Raises ``ValueError`` as :func:`judgements`.
    """
    if claim.kind in UNJUDGED:
        return NOT_TESTED if claim.kind == "not_tested" else CONTRADICTED
    found = judgements(claim, results)
    if claim.kind == "value":
        return NOT_RECORDED if Verdict(NOT_RECORDED) in found else BESIDE
    return weakest(found).word


def corrections(claims: Sequence[Claim], results: Mapping[str, Result]) -> dict[tuple[str, str], Corrected]:
    """The p-values of all claims of order, corrected within each family; by family and key of the result."""
    tested = [
        (claim.family, key)
        for claim in claims
        for key in claim.results
        if claim.kind == "greater" and not (claim.assumed and not _by_people(results.get(key)))
    ]
    return corrected(tested, results)


def _judge(claim: Claim, result: Result | None) -> Verdict:
    if claim.kind == "equivalent":
        return judge_equality(result, claim.margin)
    if claim.kind == "not_worse":
        return judge_not_worse(result, claim.margin)
    return judge_order(result, claim.sign, claim.size)


def _by_people(result: Result | None) -> bool:
    return result is None or result.method.startswith(PEOPLE)


def _read(section: str, row: Any) -> Claim:
    """A row of the file; ``ValueError`` for what is no row, or a key that none has or that none lacks."""
    if not isinstance(row, dict):
        raise ValueError("expected keys and values")
    known = {field.name for field in fields(Claim)} - {"section"}
    if unknown := set(row) - known:
        raise ValueError(f"no key {sorted(unknown)[0]!r}; there are {', '.join(sorted(known))}")
    if missing := [key for key in ("claim", "published", "kind") if key not in row]:
        raise ValueError(f"no {missing[0]!r}")
    lists = {name: row.get(name) or [] for name in ("results", "shown", "exhibit")}
    for name, listed in lists.items():
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            raise ValueError(f"{name} must be a list of names, found {listed!r}")
    return Claim(section, **row | {name: tuple(listed) for name, listed in lists.items()})


def _checked(claim: Claim) -> Claim:
    problems: dict[str, Any] = {
        f"kind must be one of {', '.join(Kind.__args__)}": claim.kind not in Kind.__args__,
        "a tested claim needs results": claim.kind not in UNJUDGED and not claim.results,
        "an untested claim needs a reason": claim.kind in UNJUDGED and not claim.reason,
        "equivalence needs a margin above 0": claim.kind in MARGINAL
        and not (claim.margin and claim.margin > 0),
        "sign must be 1 or -1": claim.sign not in (1, -1),
        "a size is that of a claim of order": claim.size is not None and claim.kind != "greater",
        "a size must lie above 0, in the published direction": claim.size is not None and not claim.size > 0,
    }
    for problem, present in problems.items():
        if present:
            raise ValueError(problem)
    return claim
