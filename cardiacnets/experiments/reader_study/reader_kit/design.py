"""Who reads which case with which display, when: the orders of a reader study.

*Counterbalanced* (Obuchowski 2009, "Reducing the number of reader interpretations in MRMC studies", and
the usual fully crossed design): cases fall into three groups, each session shows every case once and every
display to one group, and the displays go round from session to session. Practice and memory then weigh on
all displays alike: within each reader exactly, and over six readers also for each order in which a case
can be met.

*As published*: all cases with the ECG first, then with the movies. Display and session are one column of the
table, so that practice, boredom and a changed criterion look like an effect of the display.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike

ORDERS = ("counterbalanced", "as-published")
SESSIONS = 3
"""As many as displays: each case is read once a session."""

Reading = tuple[int, int]
"""Position of the case, position of the display."""


def reading_lists(
    truth: ArrayLike, readers: int, order: str, rng: np.random.Generator
) -> list[list[list[Reading]]]:
    """For each reader and session the (case, display) readings in their order.

    Arguments:
        truth: (n,) 0 or 1; groups of cases share its two kinds evenly.
        readers: how many; six, or a multiple of six, balance every order of the displays.
        order: one of :data:`ORDERS`.
        rng: shuffles groups, and the cases within a session anew for each reader.

    Raises ``ValueError`` for an unknown order, no reader, or fewer than three cases.
    """
    if order not in ORDERS:
        raise ValueError(f"order {order!r} is not one of {', '.join(ORDERS)}")
    groups = case_groups(truth, rng)
    if readers < 1 or len(groups) < SESSIONS:
        raise ValueError(f"{readers} readers and {len(groups)} cases: at least 1 and {SESSIONS} are needed")
    turns = list(permutations(range(SESSIONS)))
    lists = []
    for reader in range(readers):
        turn = np.array(turns[reader % len(turns)])
        sessions = []
        for session in range(SESSIONS):
            if order == "counterbalanced":
                displays = turn[(groups + session) % SESSIONS]
            else:
                displays = np.full(len(groups), session)
            cases = rng.permutation(len(groups))
            sessions.append([(int(case), int(displays[case])) for case in cases])
        lists.append(sessions)
    return lists


def film_lists(cases: int, readers: int, rng: np.random.Generator) -> list[list[list[tuple[int, int]]]]:
    """For each reader one session in which both films of every case come once, alone and mixed, in an order
    of his own: (case, film 1 or 2).

    Raises ``ValueError`` for no reader or no case.
    """
    if readers < 1 or cases < 1:
        raise ValueError(f"{readers} readers and {cases} cases: at least 1 of each is needed")
    films = [(case, film) for case in range(cases) for film in (1, 2)]
    return [[[films[place] for place in rng.permutation(len(films))]] for _ in range(readers)]


def case_groups(truth: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    """Group 0, 1 or 2 of each case (n,), the healthy and the diseased dealt out one after the other."""
    truth = np.asarray(truth)
    dealt = np.concatenate([rng.permutation(np.flatnonzero(truth == kind)) for kind in (1, 0)]).astype(int)
    groups = np.empty(len(truth), dtype=int)
    groups[dealt] = np.arange(len(dealt)) % SESSIONS
    return groups


def drawn_cases(truth: ArrayLike, count: int | None, rng: np.random.Generator) -> np.ndarray:
    """Positions of ``count`` cases (all if None), ascending, the share of the diseased kept as near as it
    can be.

    Raises ``ValueError`` if there are not so many, or not two of each kind among them: less gives no
    covariance.
    """
    truth = np.asarray(truth)
    count = len(truth) if count is None else count
    diseased = round(count * float(truth.mean())) if len(truth) else 0
    if not 0 < count <= len(truth) or min(diseased, count - diseased) < 2:
        kinds = f"{int(truth.sum())} diseased and {int((truth == 0).sum())} healthy"
        raise ValueError(
            f"{count} cases cannot be drawn from {kinds}: at least two of each kind must be among them"
        )
    chosen = [rng.permutation(np.flatnonzero(truth == kind))[:number]
              for kind, number in ((1, diseased), (0, count - diseased))]  # fmt: skip
    return np.sort(np.concatenate(chosen))


def check_readers(readers: Sequence[str]) -> tuple[str, ...]:
    """The readers' names; ``ValueError`` unless they are different and of letters, digits, ``-`` and
    ``_``.
    """
    for name in readers:
        plain = name.replace("-", "").replace("_", "")
        if not (plain.isascii() and plain.isalnum() and len(name) <= 20):
            raise ValueError(
                f"reader {name!r}: up to 20 letters, digits, - and _ (a code, not a person's name)"
            )
    if len(set(readers)) != len(readers):
        raise ValueError(f"readers {' '.join(readers)}: each name once")
    return tuple(readers)
