"""Prose that cannot contradict its run: who says better or worse computes it or makes it conditional.

A run's results move with profile, seed, machine and cohort; a typed sentence does not. So all that a reader
is told (Markdown of the notebooks and of the book; captions, alternative texts and notes in their code and in
the chapters' drawings) is searched for words of direction. A sentence that has one is sound if

- it is conditional or asks ("where the interval excludes 0", "whether", "may"), or
- its word of direction is itself computed, or names a quantity whose recorded value stands in the sentence
  ("it adds {glue:text}`...`"), or
- ``prose_allowed.yml`` has it: a sentence about the paper, a method, physiology or the simulation's design,
  which no run can contradict, with the reason.

The search goes by words and not by meaning: it cannot see a claim made without any of them.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
ALLOWED = Path(__file__).with_name("prose_allowed.yml")
PAGES = [
    path.relative_to(REPOSITORY).as_posix()
    for folder, pattern in (
        ("notebooks", "*.ipynb"),
        ("book", "*.md"),
        ("cardiacnets/experiments", "*/draw.py"),
    )
    for path in sorted((REPOSITORY / folder).glob(pattern))
]
WORDS_OF_A_SENTENCE = 5
"""Shorter string literals in code are keys, labels and units."""

COMPARATIVE = (
    r"better|worse|more|fewer|(?:high|low|larg|small|great|bigg|wid|narrow|clos|sharp|strong|weak|fast|slow|soon"
    r"|rich|poor|eas[iy]|hard|tall|short|thick|fine|clear)e?r"
)
SUPERLATIVE = (
    r"best|worst|most|fewest"
    r"|(?:high|low|larg|small|great|bigg|wid|narrow|clos|sharp|strong|weak|fast|slow)e?st"
)
DIRECTION = re.compile(
    rf"\b(?:{COMPARATIVE}|less (?:\w+ )?than|(?:much|far|no|even) less"
    rf"|(?:is|are|was|were|does|do|reads?) (?:the |its )?(?:{SUPERLATIVE})"
    rf"|(?:{SUPERLATIVE}) (?:of (?:all|them)|arms?|models?|networks?|encoders?|readers?|results?|AUC|r)"
    r"|(?:outperform|outrank|exceed|surpass|win|lose|improve|help|hurt|harm|increase|decrease|shrink)s?"
    r"|won|improved|helped|outperformed|exceeded|shrank|(?:superior|inferior) to|ahead of|behind (?:it|that)"
    r"|impressive|convincing|surprisingly|significantly|remarkably|contradicts?"
    r"|(?:hardly|never|seldom|always) (?:ever )?(?:finds?|rejects?|does|do)"
    r"|too (?:high|low|wide|narrow|timid|bold|small|large|short)"
    r"|knows? (?:no )?(?:less|much))\b"
    r"|(?<!median )\bbeats? (?=all|any|every|the|that|them|it|what|both|under)"
    r"|\b(?:as|so) (?:well|good) as\b",
    re.IGNORECASE,
)
"""Words that say who is ahead: a number beside them may say the opposite."""

QUANTITY = re.compile(
    r"\b(?:gains|gained|an? gain (?:of|over)|adds|rises?|falls?(?! outside)|grows?|earn(?:s|ed)"
    r"|(?:above|below) (?:zero|chance|that of|its twin))\b",
    re.IGNORECASE,
)
"""Words that a recorded value in the same sentence fills with its own sign."""

CONDITIONAL = re.compile(
    r"\b(?:if|whether|unless|would|could|might|may|should|must|can|cannot|how much|how far|by how)\b|\?"
    r"|\bwhere (?:the|its|that|an|no|it|this|you|one)\b|\bwhat (?:\w+ ){1,3}adds\b",
    re.IGNORECASE,
)
PLACES = re.compile(r"\b(?:lower|upper) (?:\w+ )?(?:rows?|panels?|limits?|ends?)\b")
"""Where something stands on the page."""

VALUE = "\N{WHITE SQUARE}"
"""What stands for a recorded value, or a computed word, while a sentence is read."""


class Sentence(NamedTuple):
    page: str
    place: str
    text: str


def read_markdown(text: str) -> Iterator[str]:
    """Its sentences, a recorded value as :data:`VALUE`; without code, formulas, links' targets, roles."""
    text = re.sub(r"```(?:bash|python|\{bibliography\})\n.*?```|\$\$.*?\$\$", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s*(?:```.*|:[\w-]+:(?: .*)?|:::.*)$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\{glue:text\}`[^`]*`", VALUE, text)
    text = re.sub(r"\{(?:cite|ref|term)[^}]*\}`[^`]*`", "", text)
    text = re.sub(r"`[^`]*`", "CODE", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|#:]|\d+\.)\s?)", text):
        yield from re.split(r"(?<=[.?!;])\s+(?=[\w*\[(\"“" + VALUE + "])", " ".join(paragraph.split()))


def read_code(text: str) -> Iterator[str]:
    """The sentences of string literals, what an f-string fills in as :data:`VALUE`; without docstrings."""
    tree = ast.parse(text)
    bare = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    parts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from read_literal("".join(getattr(part, "value", VALUE) if isinstance(part, ast.Constant)
                                            else VALUE for part in node.values))  # fmt: skip
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if not any(node is each for each in (*bare, *parts)):
                yield from read_literal(node.value)


def read_literal(text: str) -> Iterator[str]:
    if len(text.split()) >= WORDS_OF_A_SENTENCE:
        yield from read_markdown(text)


def read_page(page: str) -> list[Sentence]:
    path = REPOSITORY / page
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        readers = {"markdown": read_markdown, "code": read_code}
        return [
            Sentence(page, f"cell {cell.id}", text)
            for cell in cells
            for text in readers[cell.cell_type](cell.source)
        ]
    read = read_code if path.suffix == ".py" else read_markdown
    return [Sentence(page, "", text) for text in read(path.read_text(encoding="utf-8"))]


def states_a_direction(sentence: str) -> bool:
    """Whether the sentence's own words say which way something went."""
    words = PLACES.sub("", sentence)
    if CONDITIONAL.search(words):
        return False
    return bool(DIRECTION.search(words) or (VALUE not in words and QUANTITY.search(words)))


def allowed() -> list[dict[str, str]]:
    return yaml.safe_load(ALLOWED.read_text(encoding="utf-8"))


def permits(entry: dict[str, str], sentence: Sentence) -> bool:
    return sentence.page.endswith(entry["page"]) and entry["says"] in sentence.text


@pytest.mark.parametrize("page", PAGES)
def test_what_states_a_direction_is_computed_or_conditional(page):
    entries = allowed()
    found = [
        f"{page}, {each.place}: {each.text}"
        for each in read_page(page)
        if states_a_direction(each.text) and not any(permits(entry, each) for entry in entries)
    ]
    assert not found, (
        "typed words of direction; compute them (chapter.note), make the sentence conditional, or, where no "
        "run can contradict it, enter it with its reason in tests/house/prose_allowed.yml:\n"
        + "\n".join(found)
    )
