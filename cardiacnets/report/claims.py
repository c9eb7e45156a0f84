"""The claims page: each published claim, as in the preprint and in NEJM AI, beside this run, with a verdict.

The words are those of :mod:`cardiacnets.report.verdicts`; a claim about several results is as strong as its
weakest. Where the results rest on an assumption of the simulation instead of a finding, there is no
verdict. Rows that disagree, stay undecided or were not recorded are shown like the others.
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
from cardiacnets.report.verdicts import (
    AGREES,
    ASSUMED,
    DISAGREES,
    NOT_RECORDED,
    UNDECIDED,
    Verdict,
    judge_equality,
    judge_not_worse,
    judge_order,
    weakest,
)
from cardiacnets.run import Run

Kind = Literal["greater", "equivalent", "not_worse", "value", "contradicted", "not_tested"]
UNJUDGED = ("contradicted", "not_tested")
"""Kinds that need a reason instead of results."""
MARGINAL = ("equivalent", "not_worse")

CONTRADICTED = "contradicted by the published figures"
BESIDE = "shown beside the published figure"
NOT_TESTED = "not tested here"
PEOPLE = "people"
"""How the method of a result begins whose readers were people: it rests on no assumed skill."""

MARKS = {
    AGREES: "✔", UNDECIDED: "≈", DISAGREES: "✘", ASSUMED: "○", CONTRADICTED: "✘", BESIDE: "·",
    NOT_RECORDED: "…", NOT_TESTED: "–",
}  # fmt: skip
BESIDE_IT = {
    "aligned-classical": "against the classical model",
    "aligned_covariates-ecg_covariates": "with covariates in both arms",
    "aligned_covariates-classical_covariates": "with covariates in both arms",
    "aligned-permuted": "against alignment to strangers",
}
"""Differences that a reader needs beside the judged one, by the last part of their keys."""
ARTICLE_SOURCE = "read in the authors' repository"
NO_FIGURE = "no figure found"
VERSIONS = (
    "The column *preprint* holds the first two versions (arXiv 2411.13602), whose model this book "
    "rebuilds. The column *NEJM AI* holds the version published in 2026 {cite}`cardionets2026`, with "
    "other baselines, another generator and other figures. We could not read the article itself: its "
    "figures stand as the abstract in the authors' repository prints them (which leaves out the name of "
    "the paired cohort: we take it for UK Biobank), and a claim without one may well have one in the "
    "article."
)
RULE = (
    "A claim of order *agrees* if the 95 % interval of the difference lies wholly on the published side "
    "of zero, *disagrees* if it lies wholly on the other, and is *undecided* while the interval holds "
    "zero: then the row says how large a difference so many could have shown, half the interval's width. "
    "The size is judged apart from the direction: where a published difference lies outside the interval, "
    "the row says *published size excluded*. *Not different, p > 0.05* is no evidence of equality: it "
    "agrees if the 90 % interval of two one-sided tests lies within the row's margin, and disagrees if it "
    "lies wholly outside. *Equal or above* agrees if the lower end of that interval lies above minus the "
    "margin, and disagrees if the whole interval lies below zero. A claim about several results is judged "
    "by the weakest. What the simulation assumes, such as how well its readers read, is no finding and "
    "gets no verdict. No p-value here is corrected for the number of claims, and where a result's method "
    "does not name trainings its interval resamples people only: trained again, a network may move the "
    "difference further."
)


@dataclass(frozen=True)
class Claim:
    """One claim as published, and the keys that test it.

    ``published`` is what the preprint says, ``article`` what is known of the version in NEJM AI; ``sign``
    is -1 where the first arm should lose; ``size`` is the preprint's difference, above 0, in the results'
    unit; ``shown`` are keys of figures beside it; ``assumed`` is what the simulation assumes of the very
    thing that is claimed; ``reason`` says why there is no test, or what a measure of ours stands for.
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


def judgements(claim: Claim, results: Mapping[str, Result]) -> tuple[Verdict, ...]:
    """The verdict of each of the claim's results, in their order.

    Raises ``ValueError`` where equivalence would be judged by another interval than that of two one-sided
    tests.
    """
    found = [results.get(key) for key in claim.results]
    if claim.kind in UNJUDGED:
        return ()
    if claim.kind == "value":
        return tuple(Verdict(NOT_RECORDED if each is None else BESIDE) for each in found)
    if claim.assumed:
        return tuple(_judge(claim, each) if _by_people(each) else Verdict(ASSUMED) for each in found)
    return tuple(_judge(claim, each) for each in found)


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


def claims_page(claims: Sequence[Claim], results: Mapping[str, Result], run: Run) -> str:
    """The page in MyST Markdown: a summary, and a table a section."""
    verdicts = {claim: verdict(claim, results) for claim in claims}
    counts = Counter(verdicts.values())
    summary = "\n".join(f"- {MARKS[word]} {word}: {counts[word]}" for word in MARKS if counts[word])
    excluded = sum(any(each.excluded for each in judgements(claim, results)) for claim in claims)
    sized = sum(claim.size is not None for claim in claims)
    real = ", ".join(real_cohorts(run))
    source = f"real cohorts ({real}) and otherwise from simulated ones" if real else "a simulated cohort"
    parts = [
        "# Claims: the study beside this run",
        f"```{{admonition}} {'Real and simulated' if real else 'Simulated'}\n:class: warning\n"
        f"Everything in the column *this run* comes from {source} "
        f"(profile `{run.profile.name}`, run `{run.name}`). We tuned how much the simulated ECG can know, so "
        "agreement there says that the method can work where its assumptions hold, and nothing of patients."
        "\n```",
        f"Of {len(claims)} published claims, here:\n\n{summary}\n\n"
        f"Of the {sized} that state the size of a difference, this run excludes that size for {excluded}.",
        VERSIONS,
        RULE,
    ]
    for section in dict.fromkeys(claim.section for claim in claims):
        rows = "".join(_row(claim, verdicts[claim], results) for claim in claims if claim.section == section)
        ours = "This run" if real else "This run, simulated"
        head = "".join(f'<th scope="col">{name}</th>' for name in ("Preprint", "NEJM AI", ours))
        parts.append(
            f"## {section}\n\n```{{raw}} html\n"
            f'<div class="exhibit claims" data-content="aggregate"><div class="wide" role="region" '
            f'tabindex="0" aria-label="{html.escape(section)}, scrollable table"><table>'
            f"<thead><tr>{head}</tr></thead>{rows}</table></div></div>\n```"
        )
    return "\n\n".join(parts) + "\n"


def _judge(claim: Claim, result: Result | None) -> Verdict:
    if claim.kind == "equivalent":
        return judge_equality(result, claim.margin)
    if claim.kind == "not_worse":
        return judge_not_worse(result, claim.margin)
    return judge_order(result, claim.sign, claim.size)


def _by_people(result: Result | None) -> bool:
    return result is None or result.method.startswith(PEOPLE)


def _row(claim: Claim, word: str, results: Mapping[str, Result]) -> str:
    """One claim: its words and verdict, the three columns below, and what else was measured, folded away."""
    judged = judgements(claim, results)
    single = len(judged) == 1
    told = html.escape(word)
    if judged and claim.kind != "value":
        told = _told(judged[0]) if single else f"{told} (the weakest of {len(judged)})"
    if word == ASSUMED:
        told += f": {html.escape(claim.assumed)}"
    if single:
        ours, folded = [_value(claim.results[0], results)], [*claim.results, *claim.shown]
    else:
        ours, folded = [_figure(key, results) for key in claim.results], claim.shown
        if claim.kind != "value":
            ours = [f"{line}: {_told(each)}" for line, each in zip(ours, judged, strict=True)]
    for key in claim.shown:
        if words := BESIDE_IT.get(key.rpartition(".")[2]):
            ours.append(f"{words}: {_value(key, results)}")
    if claim.margin is not None:
        ours.append(f"margin {number(claim.margin, 2)}")
    article = f"{html.escape(claim.article)} ({ARTICLE_SOURCE})" if claim.article else NO_FIGURE
    notes = [html.escape(claim.reason)] if claim.reason else []
    if folded:
        lines = "<br>".join(_figure(key, results) for key in folded)
        notes.append(f"<details><summary>Recorded results</summary>{lines}</details>")
    noted = f'<tr><td colspan="3" class="notes">{"".join(notes)}</td></tr>' if notes else ""
    return (
        f'<tbody><tr><th scope="rowgroup" colspan="3">{html.escape(claim.claim)}<br><span class="verdict">'
        f'<span aria-hidden="true">{MARKS[word]}</span> {told}</span></th></tr>'
        f"<tr><td>{html.escape(claim.published)}</td><td>{article}</td>"
        f"<td>{'<br>'.join(ours) or '–'}</td></tr>{noted}</tbody>"
    )


def _told(found: Verdict) -> str:
    return html.escape("; ".join(filter(None, (found.word, found.detail, found.excluded))))


def _value(key: str, results: Mapping[str, Result]) -> str:
    return html.escape(str(results[key]) if key in results else NOT_RECORDED)


def _figure(key: str, results: Mapping[str, Result]) -> str:
    return f"<code>{html.escape(key)}</code> {_value(key, results)}"


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
