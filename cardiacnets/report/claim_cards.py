"""The claims page: each published claim on a card of its own, in words, beside what this run says of it.

Claims that disagree, stay undecided or were not run are shown like the others.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from cardiacnets.cohorts.studied import real_cohorts
from cardiacnets.report.claims import (
    BESIDE,
    CONTRADICTED,
    NOT_TESTED,
    Claim,
    corrections,
    judgements,
    verdict,
)
from cardiacnets.report.families import Corrected, said_of
from cardiacnets.report.headline import headline, without_covariates
from cardiacnets.report.key_words import STRANGERS, about, in_words, measure, sides, titles
from cardiacnets.report.key_words import beside as beside_it
from cardiacnets.report.one_training import AS_TO_TRAININGS
from cardiacnets.report.places import Place, first_of, places
from cardiacnets.report.results import Result, decimals, ends, number
from cardiacnets.report.study_exhibits import Exhibit, exhibits_table
from cardiacnets.report.verdicts import (
    AGREES,
    ASSUMED,
    DISAGREES,
    NOT_RECORDED,
    UNDECIDED,
    Verdict,
    unit_of,
)
from cardiacnets.run import Run

MARKS = {
    AGREES: "✔", UNDECIDED: "≈", DISAGREES: "✘", ASSUMED: "○", CONTRADICTED: "✘", BESIDE: "·",
    NOT_RECORDED: "…", NOT_TESTED: "–",
}  # fmt: skip
NOTHING = Result("nothing.at.all", None)
ARTICLE_SOURCE = "read in the authors' repository"
VERSIONS = (
    "*Preprint*: the first two versions (arXiv 2411.13602), whose model this book rebuilds. *NEJM AI*: the "
    "version published in 2026 {cite}`cardionets2026`, with other baselines, another generator and other "
    "figures. We could not read the article itself: its figures stand as the abstract in the authors' "
    "repository prints them (which leaves out the name of the paired cohort: we take it for UK Biobank), and "
    "a claim without one may well have one in the article."
)
RULE = (
    "The study gives every network what is known of a person beside the ECG, so a claim is judged by the "
    "arms *with covariates*; the same without them stands below it, and the classical model, which is no "
    "network. A claim of order *agrees* if the 95 % interval of the difference lies wholly on the published "
    "side of zero, *disagrees* if it lies wholly on the other, and is *undecided* while the interval holds "
    "zero: then the card says how large a difference so many could have shown: one that four of five such "
    "studies would find, here and in all chapters. The size is judged apart from the direction: where a "
    "published difference lies outside the interval, the card says *published size excluded*. That takes the "
    "published figure as exact, though it is an estimate with an interval of its own, which the preprint "
    "does not give: a size just outside is no contradiction. Who asks often finds something by chance: the "
    "comparisons of a section are corrected together (Holm {cite}`holm1979`), and a decided verdict says "
    "whether it survives."
    "\n\n"
    "*Not different, p > 0.05* is no evidence of equality: it agrees if the 90 % interval of two one-sided "
    "tests lies within the card's margin, and disagrees if it lies wholly outside. *Equal or above* agrees "
    "if the lower end of that interval lies above minus the margin, and disagrees if the whole interval lies "
    "below zero. A claim about several results is judged by the weakest. What the simulation assumes, such "
    "as how well its readers read, is no finding and gets no verdict. n counts what its own number is made "
    "of: people, recordings, or those without the disease. *p ≤* marks the least p that the resampling can "
    "give. Where a result's method does not name trainings, its interval resamples people only: trained "
    "again, a network may move the difference further. So what rests on one training of a network is decided "
    "only if it stays so with the spread that comparable networks of this run showed from training to "
    "training, added to its interval in squares; else it is *undecided as to trainings*."
)


def claims_page(
    claims: Sequence[Claim], results: Mapping[str, Result], run: Run, exhibits: Sequence[Exhibit] = ()
) -> str:
    """The page in MyST Markdown: the answer in a sentence, a card a claim, and the study's ``exhibits``."""
    known, holm = places(run.notebooks), corrections(claims, results)
    verdicts = {claim: verdict(claim, results) for claim in claims}
    real = ", ".join(real_cohorts(run))
    source = f"real cohorts ({real}) and otherwise from simulated ones" if real else "a simulated cohort"
    parts = [
        "# Claims: the study beside this run",
        headline(results, bool(real)),
        without_covariates(results),
        f"```{{admonition}} {'Real and simulated' if real else 'Simulated'}\n:class: warning\n"
        f"What stands under *this run* comes from {source} (profile `{run.profile.name}`, run `{run.name}`). "
        "We tuned how much the simulated ECG can know, so agreement there says that the method can work "
        "where its assumptions hold, and nothing of patients.\n```",
        _summary(claims, verdicts, results, holm),
        f"```{{dropdown}} How a verdict comes about\n{RULE}\n\n{VERSIONS}\n```",
    ]
    ours = "This run" if real else "This run, simulated"
    for section in dict.fromkeys(claim.section for claim in claims):
        cards = [
            _card(claim, verdicts[claim], results, holm, known, ours)
            for claim in claims
            if claim.section == section
        ]
        parts.append(
            f"## {section}\n\n```{{raw}} html\n"
            f'<div class="exhibit claims" data-content="aggregate">{"".join(cards)}</div>\n```'
        )
    if exhibits:
        parts.append(exhibits_table(exhibits, known))
    return "\n\n".join(parts) + "\n"


def _summary(
    claims: Sequence[Claim],
    verdicts: Mapping[Claim, str],
    results: Mapping[str, Result],
    holm: Mapping[tuple[str, str], Corrected],
) -> str:
    counts = Counter(verdicts.values())
    lines = []
    for word in (word for word in MARKS if counts[word]):
        line = f"- {MARKS[word]} {word}: {counts[word]}"
        if word in (AGREES, DISAGREES):
            kept = [
                all(holm[claim.family, key].survives for key in claim.results)
                for claim, found in verdicts.items()
                if found == word and all((claim.family, key) in holm for key in claim.results)
            ]
            if kept:
                line += f" ({_surviving(len(kept), sum(kept))})"
        lines.append(line)
    excluded = sum(any(each.excluded for each in judgements(claim, results)) for claim in claims)
    sized = sum(claim.size is not None for claim in claims)
    return (
        f"Of {len(claims)} published claims, here:\n\n" + "\n".join(lines) + "\n\n"
        f"Of the {sized} that state the size of a difference, this run excludes that size for {excluded}."
    )


def _surviving(tested: int, kept: int) -> str:
    """ "4 have p-values; all 4 survive Holm"."""
    if tested == 1:
        return f"1 has a p-value, which {'survives' if kept else 'does not survive'} Holm"
    how = f"all {kept} survive" if kept == tested else f"{kept} survive{'s' * (kept == 1)}" if kept else ""
    return f"{tested} have p-values; {how or 'none survives'} Holm"


def _card(
    claim: Claim,
    word: str,
    results: Mapping[str, Result],
    holm: Mapping[tuple[str, str], Corrected],
    known: Mapping[str, Place],
    ours: str,
) -> str:
    """One claim: its words and verdict, what was published and found, and all that was recorded, folded."""
    judged = judgements(claim, results)
    told = [
        _told(each, holm.get((claim.family, key)), claim)
        for key, each in (zip(claim.results, judged, strict=True) if judged else ())
    ]
    said = f"<strong>{html.escape(word)}</strong>"
    if judged and claim.kind != "value":
        said = told[0] if len(judged) == 1 else f"{said} (the weakest of {len(judged)})"
    if word == ASSUMED:
        said += f": {html.escape(claim.assumed)}"
    published = html.escape(claim.published)
    if claim.article:
        published += f"<br>NEJM AI: {html.escape(claim.article)} ({ARTICLE_SOURCE})"
    rows = [("Published", published)]
    if len(claim.results) == 1:
        rows += [(ours, _in_words(claim.results[0], results)), *_beside(claim.results[0], results)]
    elif claim.results:
        words = told if claim.kind != "value" else [""] * len(claim.results)
        lines = [_line(key, results, each) for key, each in zip(claim.results, words, strict=True)]
        rows.append((ours, f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"))
    if claim.margin is not None:
        rows.append(("Margin", number(claim.margin, 2)))
    listed = "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in rows)
    note = f'<p class="notes">{html.escape(claim.reason)}</p>' if claim.reason else ""
    unfolded, folded = ("", note) if judged else (note, "")
    return (
        f'<article class="claim"><h3>{html.escape(claim.claim)}</h3>'
        f'<p class="verdict"><span aria-hidden="true">{MARKS[word]}</span> {said}</p>'
        f"<dl>{listed}</dl>{unfolded}{_seen(claim, known)}{_details(claim, folded, results)}</article>"
    )


def _details(claim: Claim, note: str, results: Mapping[str, Result]) -> str:
    """What a measure stands for, and each result in words, with its key, folded away."""
    keys = [
        *claim.results,
        *claim.shown,
        *(key for judged in claim.results for _, key in _known(judged, results)),
    ]
    recorded = ""
    for key in dict.fromkeys(keys):
        said = f"{html.escape(words)}: " if (words := in_words(key)) else ""
        recorded += f"<li>{said}{_value(key, results)} <code>{html.escape(key)}</code></li>"
    legend = "<p>Recorded results, each with its name in the run's files.</p>" if keys else ""
    found = f"{note}{legend}<ul>{recorded}</ul>"
    return f"<details><summary>Details</summary>{found}</details>" if keys or note else ""


def _told(found: Verdict, holm: Corrected | None, claim: Claim) -> str:
    """A verdict and all that is to be said of it."""
    survival = said_of(found.word, holm) if claim.kind == "greater" else ""
    word = f"<strong>{html.escape(found.word)}</strong>"
    more = [html.escape(each) for each in (survival, found.detail, found.excluded) if each]
    return "; ".join([word, *more]).replace(f"{word}; {AS_TO_TRAININGS}", f"{word} {AS_TO_TRAININGS}")


def _known(key: str, results: Mapping[str, Result]) -> Iterator[tuple[str, str]]:
    """What belongs beside a result; alignment to strangers only where it was trained."""
    for words, other in beside_it(key):
        if other in results or not other.endswith(f"-{STRANGERS}"):
            yield words, other


def _beside(key: str, results: Mapping[str, Result]) -> list[tuple[str, str]]:
    """The rows beside the judged one."""
    return [(words, _short(other, results, key)) for words, other in _known(key, results)]


def _line(key: str, results: Mapping[str, Result], told: str) -> str:
    """One of several results: of whom, how much, what is said of it, and what belongs beside it."""
    if key not in results:
        return f"{html.escape(about(key))}: {told or NOT_RECORDED}"
    said = [_short(key, results), *([told] if told else [])]
    said += [
        f"{words[0].lower()}{words[1:]} {_short(other, results, key)}"
        for words, other in _known(key, results)
    ]
    return f"{html.escape(about(key))}: {'; '.join(said)}"


def _in_words(key: str, results: Mapping[str, Result]) -> str:
    """A result whole; of a difference, from what to what."""
    pair, said = sides(key), measure(key)
    if pair is None or not said or key not in results:
        return html.escape(f"{said} ".lstrip() if key in results else "") + _value(key, results)
    levels, (better, other) = [results.get(each, NOTHING) for each in pair], titles(key)
    if any(each.value is None for each in levels):
        return html.escape(f"{said}, {better} less {other}: {results[key]}")
    digits = decimals(*(each.value for each in levels))
    first, second = (number(each.value, digits) + unit_of(each) for each in levels)
    return html.escape(f"{said} {first} ({better}) less {second} ({other}): {results[key]}")


def _short(key: str, results: Mapping[str, Result], beside: str = "") -> str:
    """ "0.016 (−0.028 to 0.061, n = 304)"; n once where it is that of the result ``beside`` it."""
    found, above = results.get(key), results.get(beside)
    if found is None or found.value is None or found.interval is None:
        return _value(key, results)
    digits = decimals(found.value, *found.interval)
    low, high = ends(found.interval, digits)
    level = "" if found.level == 0.95 else f"{100 * found.level:.0f} %: "
    count = "" if found.n is None else f", {found.n:,} {found.of}" if found.of else f", n = {found.n:,}"
    if above and (above.n, above.of) == (found.n, found.of):
        count = ""
    return f"{number(found.value, digits)} ({level}{low} to {high}{count})"


def _seen(claim: Claim, known: Mapping[str, Place]) -> str:
    """Where the book shows it: a link to the first exhibit that this run has."""
    place = first_of(claim.exhibit, known)
    return f'<p class="seen">See <a href="{place.link}">{place.label}</a>.</p>' if place else ""


def _value(key: str, results: Mapping[str, Result]) -> str:
    return html.escape(str(results[key]) if key in results else NOT_RECORDED)
