"""The claims page: each published claim beside this run's figures, with a computed verdict.

A difference agrees if its 95 % interval lies on the published side of zero; equivalence is shown if the 90 %
interval lies within the margin (two one-sided tests), "not worse" if it lies above its lower end. Rows that
disagree, or were not run, stay.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from cardiacnets.cohorts.studied import real_cohorts
from cardiacnets.report.results import Result, number
from cardiacnets.run import Run
from cardiacnets.statistics import not_below, within_margin

Kind = Literal["greater", "equivalent", "not_worse", "value", "contradicted", "not_tested"]
UNJUDGED = ("contradicted", "not_tested")
"""Kinds that need a reason instead of results."""
MARGINAL = ("equivalent", "not_worse")

AGREES = "agrees in simulation"
UNDECIDED = "same direction, not significant"
DISAGREES = "disagrees in simulation"
EQUIVALENT = "equivalent within margin"
NOT_EQUIVALENT = "not shown equivalent"
NOT_WORSE = "not worse within margin"
PERHAPS_WORSE = "not shown to be as good"
CONTRADICTED = "contradicted by the published figures"
BESIDE = "shown beside the published figure"
NOT_RUN = "not yet run"
NOT_TESTED = "not tested here"

MARKS = {
    AGREES: "✔", UNDECIDED: "≈", DISAGREES: "✘", EQUIVALENT: "✔", NOT_EQUIVALENT: "✘", NOT_WORSE: "✔",
    PERHAPS_WORSE: "≈", CONTRADICTED: "✘", BESIDE: "·", NOT_RUN: "…", NOT_TESTED: "–",
}  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """One claim as published, and the keys that test it.

    ``sign`` is -1 where the first arm should lose; ``shown`` are keys of figures beside it; ``reason`` says
    why there is no test, or what a measure of ours stands for.
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


def load_claims(path: Path) -> list[Claim]:
    """The claims of a YAML file; ``ValueError`` naming the file and the claim that cannot be judged."""
    claims = []
    for section in yaml.safe_load(path.read_text(encoding="utf-8")):
        for row in section["claims"]:
            fields = {**row, "results": tuple(row.get("results", ())), "shown": tuple(row.get("shown", ()))}
            try:
                claims.append(_checked(Claim(section=section["section"], **fields)))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path}: claim {row.get('claim')!r}: {error}") from None
    return claims


def verdict(claim: Claim, results: Mapping[str, Result]) -> str:
    """What this run says of a claim; a claim about several results is as strong as its weakest.

    Raises ``ValueError`` where equivalence would be judged by another interval than that of two one-sided
    tests.
    """
    if claim.kind in UNJUDGED:
        return NOT_TESTED if claim.kind == "not_tested" else CONTRADICTED
    found = [results[key] for key in claim.results if key in results]
    if len(found) < len(claim.results) or (
        claim.kind != "value" and any(each.interval is None for each in found)
    ):
        return NOT_RUN
    if claim.kind == "value":
        return BESIDE
    if claim.kind == "equivalent":
        return EQUIVALENT if all(within_margin(each, claim.margin) for each in found) else NOT_EQUIVALENT
    if claim.kind == "not_worse":
        if any(each.interval[1] < 0 for each in found):
            return DISAGREES
        return NOT_WORSE if all(not_below(each, claim.margin) for each in found) else PERHAPS_WORSE
    verdicts = {_direction(each, claim.sign) for each in found}
    return next(word for word in (DISAGREES, UNDECIDED, AGREES) if word in verdicts)


def claims_page(claims: Sequence[Claim], results: Mapping[str, Result], run: Run) -> str:
    """The page in MyST Markdown: a summary, and a table a section."""
    verdicts = {claim: verdict(claim, results) for claim in claims}
    counts = Counter(verdicts.values())
    summary = "\n".join(f"- {MARKS[word]} {word}: {counts[word]}" for word in MARKS if counts[word])
    real = ", ".join(real_cohorts(run))
    source = f"real cohorts ({real}) and otherwise from simulated ones" if real else "a simulated cohort"
    parts = [
        "# Claims: the study beside this run",
        f"```{{admonition}} {'Real and simulated' if real else 'Simulated'}\n:class: warning\n"
        f"Everything in the column *this run* comes from {source} "
        f"(profile `{run.profile.name}`, run `{run.name}`). We tuned how much the simulated ECG can know, so "
        "agreement there says that the method can work where its assumptions hold, and nothing of patients."
        "\n```",
        f"Of {len(claims)} published claims, here:\n\n{summary}",
        "A difference *agrees* if its 95 % interval lies wholly on the published side of zero, and "
        "*disagrees* if the estimate is on the other side. *Not different, p > 0.05* is no evidence of "
        "equality: it is judged by equivalence, with the margin stated in the row and the 90 % interval of "
        "two one-sided tests. *As good or better* is judged by the lower end of that interval. A claim about "
        "several results is judged by the weakest.",
    ]
    for section in dict.fromkeys(claim.section for claim in claims):
        rows = "".join(_row(claim, verdicts[claim], results) for claim in claims if claim.section == section)
        head = "".join(
            f'<th scope="col">{name}</th>'
            for name in ("Claim", "Published", "Verdict", "This run" if real else "This run, simulated")
        )
        parts.append(
            f"## {section}\n\n```{{raw}} html\n"
            f'<div class="exhibit claims" data-content="aggregate"><div class="wide" role="region" '
            f'tabindex="0" aria-label="{html.escape(section)}, scrollable table"><table>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></div>\n```"
        )
    return "\n\n".join(parts) + "\n"


def _row(claim: Claim, word: str, results: Mapping[str, Result]) -> str:
    ours = "<br>".join(_figure(key, results) for key in (*claim.results, *claim.shown))
    if claim.reason:
        ours = html.escape(claim.reason) + ("<br>" + ours if ours else "")
    if claim.margin is not None:
        ours += f"<br>margin {number(claim.margin, 2)}"
    name, published = html.escape(claim.claim), html.escape(claim.published)
    judged = f'<td class="verdict"><span aria-hidden="true">{MARKS[word]}</span> {word}</td>'
    return f'<tr><th scope="row">{name}</th><td>{published}</td>{judged}<td>{ours}</td></tr>'


def _figure(key: str, results: Mapping[str, Result]) -> str:
    text = str(results[key]) if key in results else NOT_RUN
    return f"<code>{html.escape(key)}</code> {html.escape(text)}"


def _direction(result: Result, sign: int) -> str:
    low, high = sorted(sign * bound for bound in result.interval)
    if low > 0:
        return AGREES
    return UNDECIDED if sign * result.value > 0 else DISAGREES


def _checked(claim: Claim) -> Claim:
    problems: dict[str, Any] = {
        f"kind must be one of {', '.join(Kind.__args__)}": claim.kind not in Kind.__args__,
        "a tested claim needs results": claim.kind not in UNJUDGED and not claim.results,
        "an untested claim needs a reason": claim.kind in UNJUDGED and not claim.reason,
        "equivalence needs a margin above 0": claim.kind in MARGINAL
        and not (claim.margin and claim.margin > 0),
        "sign must be 1 or -1": claim.sign not in (1, -1),
    }
    for problem, present in problems.items():
        if present:
            raise ValueError(problem)
    return claim
