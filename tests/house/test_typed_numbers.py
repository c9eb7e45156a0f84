"""No result is typed: a measure and a number in one clause of prose come from the run.

The prose of notebooks and book is read as :mod:`test_prose` reads it: recorded values, code, formulas and
citations aside. What remains must not put a decimal number beside the name of a measure, unless
``typed_numbers_allowed.yml`` has the sentence: what was published, a standard's value, or a setting, with its
source.
"""

import re
from pathlib import Path

import pytest
from test_prose import PAGES, VALUE, needing, read_allowed, refused

ALLOWED = Path(__file__).with_name("typed_numbers_allowed.yml")
KINDS = {"the paper", "a source", "method", "the simulation", "choice", "an exercise"}
MEASURE = (
    r"AUROC|AUC|AUPRC|accuracy|sensitivity|specificity|Brier|kappa|Dice|SSIM|PSNR|FID|FVD|RMSE|MAE|R²|"
    r"correlations?|mean r|median r|reads? r|interval|p(?= ?[=<>])|r(?= (?:of|is|=))|recall@\d+"
)
NUMBER = r"[−-]?\d*[.]\d+"
GAP = r"[^.;:()0-9" + VALUE + r"]{0,40}?"
TYPED = re.compile(rf"\b(?:{MEASURE})\b{GAP}(?<![\d.])(?:{NUMBER})\b", re.IGNORECASE)
"""A measure and, a few words on, a decimal number that no recorded value stands for."""


THRESHOLD = re.compile(r"\bp [<>] 0?\.05\b")
"""Where a test is said to decide; no result."""


def types_a_result(sentence: str) -> bool:
    return bool(TYPED.search(THRESHOLD.sub("", sentence)))


@pytest.mark.parametrize("page", PAGES)
def test_no_result_is_typed(page):
    found = refused(page, types_a_result, read_allowed(ALLOWED))
    assert not found, (
        "typed numbers beside a measure; record them and write {glue:text}`key`, or, where they are no "
        f"result of a run, enter the sentence with its source in {ALLOWED.name}:\n" + "\n".join(found)
    )


@pytest.mark.parametrize("entry", read_allowed(ALLOWED), ids=lambda one: f"{one['page']}: {one['says']}")
def test_an_allowed_number_is_needed_and_has_its_source(entry):
    assert needing(entry, types_a_result, KINDS), "not needed"


@pytest.mark.parametrize(
    ("sentence", "typed"),
    [
        ("The AUC is 0.81.", True),
        ("It reaches an AUC of .81 there.", True),
        ("Its interval is 0.79 to 0.83.", True),
        ("That is certain (p = 0.003).", True),
        ("The mean r was .59.", True),
        (f"The AUC is {VALUE}.", False),
        (f"The AUC is {VALUE}, at 0.5 mm.", False),
        ("A claim of p > .05 is no evidence of equality.", False),
        ("The AUC of a coin is a half.", False),
        ("A wave of 0.1 mV has no accuracy to speak of.", False),
        ("Sensitivity counts cases; 0.5 mV is another matter.", False),
    ],
)
def test_a_typed_result_is_found(sentence, typed):
    assert types_a_result(sentence) == typed
