"""Who trains, who validates, who tests: always by participant, always from a seed.

Every choice orders participants by a hash of seed, purpose and identifier. So it does not depend on the
order of rows, several recordings of one person never cross a split, a downstream split equals the
pre-training split, and participants who join later do not move those who were there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

SPLITS = ("train", "validation", "test")


class LeakageError(ValueError):
    """The same person, or the same recording, stands on both sides of a split."""


def split_participants(participant_ids: Iterable, seed: int, ratio: Sequence[float] = (7, 1, 2)) -> pd.Series:
    """Assign each participant to train, validation or test.

    Arguments:
        participant_ids: identifiers, integers or strings, repeats allowed.
        seed: another seed gives another split.
        ratio: shares of train, validation and test; met in expectation, not exactly, so that the assignment
            of one participant does not hang on who else is there.

    Returns a Series of :data:`SPLITS`, one row a participant, indexed by ``participant_id``. Raises
    ``ValueError`` for missing or fractional identifiers, or when a split that was asked for is empty.
    """
    shares = np.asarray(ratio, dtype=float)
    if shares.shape != (3,) or (shares < 0).any() or shares.sum() <= 0:
        raise ValueError(
            f"ratio {tuple(ratio)}: three shares (train, validation, test), none negative, are needed"
        )
    index = pd.Index(pd.unique(pd.Series(list(participant_ids))), name="participant_id")
    edges = np.cumsum(shares / shares.sum())[:-1]
    place = np.searchsorted(edges, _uniform(index, seed, "split"), side="right")
    assigned = pd.Series(np.asarray(SPLITS, dtype=object)[place], index=index, name="split")
    empty = [
        name for name, share in zip(SPLITS, shares, strict=True) if share and not (assigned == name).any()
    ]
    if empty:
        raise ValueError(
            f"{len(index)} participants leave {', '.join(empty)} empty: more of them, or another seed"
        )
    return assigned


def check_leakage(table: pd.DataFrame, inherited: pd.Series | None = None) -> None:
    """Raise :class:`LeakageError` unless every participant and recording is on one side only.

    Arguments:
        table: columns ``participant_id`` and ``split``, and ``recording_id`` where there are recordings.
        inherited: the pre-training split by participant, from which this one may not differ.
    """
    unknown = sorted(set(table["split"].map(str)) - set(SPLITS))
    if unknown:
        raise LeakageError(f"split {unknown[0]!r} is not one of {', '.join(SPLITS)}")
    for unit in ("participant_id", "recording_id"):
        if unit in table:
            sides = table.groupby(unit)["split"].nunique()
            _refuse(sides.index[sides > 1], f"{unit}s in more than one split")
    if "recording_id" in table:
        owners = table.groupby("recording_id")["participant_id"].nunique()
        _refuse(owners.index[owners > 1], "recordings of more than one participant")
    if inherited is not None:
        before = table["participant_id"].map(inherited)
        moved = table.loc[before.notna() & (before != table["split"]), "participant_id"].unique()
        _refuse(moved, "participants who left their pre-training split")


def case_control(
    labels: pd.DataFrame, disease: str, split: pd.Series, seed: int, controls: str
) -> pd.DataFrame:
    """Cases of one disease and, within each split, as many controls free of every cardiovascular code.

    Arguments:
        labels: boolean columns ``disease`` and ``healthy``, indexed by participant; or one row a recording,
            with a column ``participant_id``.
        split: :data:`SPLITS` by participant; rows of participants outside it are left out.
        controls: ``"random"`` draws by ``seed``; ``"as_published"`` takes the first healthy rows.

    Returns ``case`` (bool) and ``split`` on the rows chosen, in the order of ``labels``. Where healthy
    people are fewer than cases, all of them are taken. Raises ``ValueError`` when there are no cases or no
    controls.
    """
    if controls not in ("random", "as_published"):
        raise ValueError(f"controls {controls!r}: 'random' or 'as_published' is needed")
    for column in (disease, "healthy"):
        if column not in labels:
            raise ValueError(
                f"labels have no column {column!r}; they have {', '.join(map(str, labels.columns))}"
            )
    owner = labels["participant_id"] if "participant_id" in labels else labels.index.to_series()
    side = pd.Series(owner.map(split).to_numpy(), index=labels.index, name="split")
    case = labels[disease].to_numpy(dtype=bool)
    healthy = labels["healthy"].to_numpy(dtype=bool) & ~case
    order = (
        np.arange(len(labels))
        if controls == "as_published"
        else _uniform(labels.index, seed, f"controls of {disease}")
    )
    chosen = case & side.notna().to_numpy()
    for name in SPLITS:
        candidates = np.flatnonzero(healthy & (side == name).to_numpy())
        wanted = int((case & (side == name).to_numpy()).sum())
        chosen[candidates[np.argsort(order[candidates], kind="stable")[:wanted]]] = True
    table = pd.DataFrame({"case": case, "split": side}, index=labels.index)[chosen]
    if table["case"].nunique() < 2:
        raise ValueError(
            f"{disease}: {int(table['case'].sum())} cases, {int((~table['case']).sum())} controls; "
            "both are needed"
        )
    return table


def nested_fractions(
    strata: pd.Series, fractions: Sequence[float] = (0.1, 0.25, 0.5, 0.75, 1.0), seed: int = 0
) -> dict[float, pd.Index]:
    """Growing subsets of participants, each within the next, with each stratum's share kept.

    Arguments:
        strata: class by participant (case or control, subtype; a constant for a continuous target).
        fractions: shares in (0, 1]; each stratum contributes that share, rounded up.
        seed: another seed gives other subsets.

    Returns the participants of each fraction, in the order of ``strata``.
    """
    if not all(0 < fraction <= 1 for fraction in fractions):
        raise ValueError(f"fractions {tuple(fractions)}: shares within (0, 1] are needed")
    if not strata.index.is_unique:
        raise ValueError("strata repeat a participant: one row a participant is needed")
    draw = pd.Series(_uniform(strata.index, seed, "fraction"), index=strata.index)
    rank = draw.groupby(strata.to_numpy()).rank(method="first")  # 1 is the first taken of its stratum
    size = strata.groupby(strata.to_numpy()).transform("size").to_numpy()
    return {
        fraction: strata.index[(rank <= np.ceil(fraction * size - 1e-9)).to_numpy()] for fraction in fractions
    }


def _uniform(identifiers: pd.Index, seed: int, purpose: str) -> np.ndarray:
    """A number in [0, 1) each, from SHA-256 of seed, purpose and identifier: the same on every machine."""
    if identifiers.hasnans or pd.api.types.is_float_dtype(identifiers):
        raise ValueError("participant identifiers are missing or fractional: read them as integers or text")
    digests = (hashlib.sha256(f"{seed}|{purpose}|{one}".encode()).digest()[:8] for one in identifiers)
    return np.array([int.from_bytes(digest, "big") / 2**64 for digest in digests])


def _refuse(found: Iterable, fault: str) -> None:
    found = list(found)
    if found:
        raise LeakageError(f"{len(found)} {fault}, the first {found[0]!r}")
