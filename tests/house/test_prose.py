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
from collections.abc import Callable, Collection, Iterator
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
KINDS = {
    "the paper",  # what the study or another source says, to be tested or cited
    "method",  # what follows from a definition, a theorem or arithmetic
    "physiology",  # with its source, or common knowledge
    "the simulation",  # how it is built, the same in every run
    "choice",  # what the code selects or is set to, whatever comes out
    "wording",  # words of direction that state none
    "owed",  # a result typed beforehand: to be computed or made conditional
}
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
    r"|\bwhere (?:the|its|their|that|an|no|it|this|you|one|fewer|most)\b|\bwhat (?:\w+ ){1,3}adds\b",
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
    nodes = list(ast.walk(ast.parse(text)))
    bare = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    strings = [node for node in nodes if isinstance(node, ast.JoinedStr | ast.Constant)]
    for node in sorted(strings, key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(node, ast.JoinedStr):
            filled = [part.value if isinstance(part, ast.Constant) else VALUE for part in node.values]
            yield from read_literal("".join(filled))
        elif isinstance(node.value, str) and id(node) not in bare | parts:
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


def read_allowed(path: Path = ALLOWED) -> list[dict[str, str]]:
    """Sentences that pass, each with its page, its words, its kind and the reason."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def permits(entry: dict[str, str], sentence: Sentence) -> bool:
    return sentence.page.endswith(entry["page"]) and entry["says"] in sentence.text


def refused(page: str, faulty: Callable[[str], bool], allowed: list[dict[str, str]]) -> list[str]:
    """The faulty sentences of a page that no entry permits."""
    return [
        f"{page}, {each.place}: {each.text}"
        for each in read_page(page)
        if faulty(each.text) and not any(permits(entry, each) for entry in allowed)
    ]


def needing(entry: dict[str, str], faulty: Callable[[str], bool], kinds: Collection[str]) -> list[Sentence]:
    """The sentences that need an entry; an error where it is not whole, of no kind, or of no one page."""
    assert set(entry) == {"page", "says", "about", "because"}, "a page, its words, the kind and the reason"
    assert entry["about"] in kinds, f"about {entry['about']!r}, which is none of {sorted(kinds)}"
    assert len(entry["because"].split()) >= 3
    pages = [page for page in PAGES if page.endswith(entry["page"])]
    assert len(pages) == 1, f"{entry['page']!r} names {len(pages)} pages"
    return [each for each in read_page(pages[0]) if permits(entry, each) and faulty(each.text)]


@pytest.mark.parametrize("page", PAGES)
def test_what_states_a_direction_is_computed_or_conditional(page):
    found = refused(page, states_a_direction, read_allowed())
    assert not found, (
        "typed words of direction; compute them (chapter.note), make the sentence conditional, or, where no "
        f"run can contradict it, enter it with its reason in {ALLOWED.name}:\n" + "\n".join(found)
    )


@pytest.mark.parametrize("entry", read_allowed(), ids=lambda entry: f"{entry['page']}: {entry['says']}")
def test_an_allowed_sentence_is_needed_and_has_its_reason(entry):
    """One that no page has any more, or that would pass without, is to be deleted from the list."""
    found = needing(entry, states_a_direction, KINDS)
    assert len(found) == 1, f"{len(found)} sentences of {entry['page']} need this entry of {ALLOWED.name}"


@pytest.mark.parametrize(
    ("markdown", "states"),
    [
        ("The aligned network beats the classical model.", True),
        ("The features tell more about the heart than those of a random network.", True),
        ("The network is better, by {glue:text}`a.b`, than its twin.", True),
        ("Alignment is the best of all.", True),
        ("CMR helps here.", True),
        ("Alignment adds to covariates.", True),
        ("Alignment adds {glue:text}`a.b` to covariates.", False),
        ("The movie {glue:text}`verdict` (n = 9).", False),
        ("Where the interval excludes 0, the aligned network beats the classical model.", False),
        ("If it is better, alignment paid.", False),
        ("Does alignment gain more where labels are few?", False),
        ("It may know less than a random network.", False),
        ("The median of all beats, 720 ms around the R wave, in the lower row.", False),
        ("Read `better` in $x$ and [there](worse.md).", False),
        ("```bash\nmake better\n```", False),
        ("Rows follow. It is worse than chance; if it were better, we would say so.", True),
        ("| a | b |\n|---|---|\n| aligned | higher than before |", True),
    ],
)
def test_words_of_direction_are_found(markdown, states):
    assert any(states_a_direction(each) for each in read_markdown(markdown)) == states


def test_strings_of_code_are_read_with_what_fills_them_and_docstrings_are_not():
    code = '''
"""A module that is better than all the others."""
table(x, caption="The aligned arm is better" " than the other one.")
note("gain", f"the movie adds {value:.2f} to what readers see")
key = "better arm"
'''
    sentences = list(read_code(code))
    assert sentences == [
        "The aligned arm is better than the other one.", f"the movie adds {VALUE} to what readers see",
    ]  # fmt: skip
    assert [states_a_direction(each) for each in sentences] == [True, False]


def test_every_kind_of_page_is_read():
    """An empty search finds nothing to object to."""
    assert len(PAGES) >= 24
    silent = [page for page in PAGES if not read_page(page) and not page.endswith("references.md")]
    assert silent == []
