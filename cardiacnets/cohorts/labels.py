"""From diagnosis codes and their dates to the labels of the study.

A code belongs to a label if it starts with one of the label's codes in ``data_manifests/icd10.csv``
(ICD-10, and ICD-9-CM for older American records). ICD-9-CM has no code for dilated or restrictive
cardiomyopathy alone (425.4 holds both), so those subtypes come from ICD-10 only. ``healthy`` is free of
every circulatory code, at any date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cardiacnets.contracts import DISEASES, SUBTYPES
from cardiacnets.study import CODES

LABELS: tuple[str, ...] = (*DISEASES, *SUBTYPES, "healthy")
"""The boolean columns of every table of labels."""


@dataclass(frozen=True)
class DiagnosisWindow:
    """When a diagnosis counts, in days from the recording (negative before it).

    Arguments:
        first_day: older diagnoses do not count as prevalent; None for no limit.
        last_day: prevalent up to this day; 0 is the day of the recording.
        incident_until: diagnoses after ``last_day`` and up to this day are incident; None for no limit.
        undated: whether a code without a date counts as prevalent.
    """

    first_day: int | None = None
    last_day: int = 0
    incident_until: int | None = None
    undated: bool = False


def code_labels(codes: Sequence[str], versions: Sequence[int] | int = 10) -> pd.DataFrame:
    """Which labels each diagnosis code carries.

    Arguments:
        codes: ICD codes (N,), with or without the dot, in any case.
        versions: 9 or 10, one for all or one a code.

    Returns N rows of boolean columns: the diseases, the subtypes and ``cvd`` (any circulatory code).
    """
    given = pd.DataFrame(
        {"code": pd.Series(codes, dtype="string").fillna("").to_numpy(), "version": versions}
    )
    kinds = given.drop_duplicates(
        ignore_index=True
    ).copy()  # millions of codes are a few thousand different ones
    code = kinds["code"].str.strip().str.upper().str.replace(".", "", regex=False)
    for label in (*DISEASES, *SUBTYPES, "cvd"):
        kinds[label] = False
        for edition, rows in CODES[CODES["label"] == label].groupby("version"):
            kinds[label] |= code.str.startswith(tuple(rows["code"])) & (kinds["version"] == edition)
    return given.merge(kinds, how="left", on=["code", "version"]).drop(columns=["code", "version"])


def carry_label(codes: Sequence[str], versions: Sequence[int] | int = 10) -> np.ndarray:
    """Whether each code carries any label, boolean (N,); the others change no label and need not be kept."""
    return code_labels(codes, versions).any(axis=1).to_numpy()


def label_recordings(
    recordings: pd.DataFrame, diagnoses: pd.DataFrame, window: DiagnosisWindow = DiagnosisWindow()
) -> pd.DataFrame:
    """Prevalent and incident labels of each recording.

    Arguments:
        recordings: one row a recording: ``participant_id`` and, for dated labels, ``date``.
        diagnoses: one row a code: ``participant_id``, ``code``, and where known ``version`` (else 10) and
            ``date``.
        window: when a diagnosis counts.

    Returns, on the index of ``recordings``, the boolean :data:`LABELS` (prevalent) and, for each disease
    and subtype, ``<label>_incident``. A disease that is prevalent is never incident too. Raises
    ``ValueError`` if diagnoses have dates and recordings have none.
    """
    if "date" in diagnoses and "date" not in recordings:
        raise ValueError(
            "diagnoses are dated but recordings have no column 'date': both are needed for a window"
        )
    versions = diagnoses["version"].to_numpy() if "version" in diagnoses else 10
    carried = code_labels(diagnoses["code"], versions)
    person, people = pd.factorize(recordings["participant_id"].astype(str))  # 7 and "7" are one person
    holder = people.get_indexer(diagnoses["participant_id"].astype(str))  # -1 where nobody was recorded
    owned = holder >= 0
    coded = _days(diagnoses["date"] if "date" in diagnoses else pd.Series(pd.NaT, index=diagnoses.index))
    recorded = _days(recordings["date"]) if "date" in recordings else None
    labels: dict[str, np.ndarray] = {}
    for label in (*DISEASES, *SUBTYPES):
        mine = owned & carried[label].to_numpy()
        undated = np.isin(person, holder[mine & np.isnat(coded)])
        prevalent = undated & (window.undated or "date" not in diagnoses)
        incident = np.zeros(len(person), dtype=bool)
        if recorded is not None:
            when = mine & ~np.isnat(coded)
            held = _HeldDays(holder[when], coded[when], person, recorded)
            prevalent |= held.between(window.first_day, window.last_day)
            # someone who had it before does not newly get it
            incident = held.between(window.last_day + 1, window.incident_until)
            incident &= ~held.between(None, window.last_day)
        labels[label], labels[f"{label}_incident"] = prevalent, incident & ~prevalent
    healthy = ~np.isin(person, holder[owned & carried["cvd"].to_numpy()])
    table = pd.DataFrame({**labels, "healthy": healthy}, index=recordings.index)
    return table[[*LABELS, *(f"{label}_incident" for label in LABELS if label != "healthy")]]


def count_labels(
    tasks: Sequence[str],
    recordings: pd.DataFrame,
    labels: pd.DataFrame,
    diagnoses: pd.DataFrame | None,
    window: DiagnosisWindow = DiagnosisWindow(),
) -> pd.DataFrame:
    """How each label came about, one row a label.

    Arguments:
        tasks: which labels are counted.
        recordings: one row a recording, with ``participant_id`` and, for dated labels, ``date``.
        labels: as :func:`label_recordings` gives them for these recordings.
        diagnoses: of people with a recording, as for :func:`label_recordings`; None where labels come from a
            column.
        window: when a diagnosis counts.

    Returns columns ``label``, ``participants`` and ``recordings`` that carry it and, with diagnoses, its
    ``codes``; of these ``undated``, and those ``after`` or ``before`` the window of every recording of their
    owner, which are prevalent for nobody.
    """
    table = pd.DataFrame({
        "label": list(tasks),
        "participants": [recordings.loc[labels[label], "participant_id"].nunique() for label in tasks],
        "recordings": [int(labels[label].sum()) for label in tasks],
    })  # fmt: skip
    if diagnoses is None:
        return table
    carried = code_labels(diagnoses["code"], diagnoses["version"] if "version" in diagnoses else 10)
    day = pd.to_timedelta(1, unit="D")
    dates = diagnoses["date"] if "date" in diagnoses else pd.Series(pd.NaT, index=diagnoses.index)
    after = before = np.zeros(len(diagnoses), dtype=bool)
    if "date" in recordings:
        recorded = recordings["date"].dt.normalize().groupby(recordings["participant_id"])
        mine = recorded.agg(["min", "max"]).reindex(diagnoses["participant_id"])
        coded = dates.dt.normalize().to_numpy()
        after = coded > (mine["max"] + window.last_day * day).to_numpy()
        if window.first_day is not None:
            before = coded < (mine["min"] + window.first_day * day).to_numpy()
    for name, counted in {
        "codes": True, "undated": dates.isna().to_numpy(), "after": after, "before": before,
    }.items():  # fmt: skip
        table[name] = [
            int((carried[label].to_numpy() & counted).sum()) if label in carried else 0 for label in tasks
        ]
    return table


class _HeldDays:
    """The days of a disease's codes, asked for those near each recording.

    A person and a day are one number, so that a code within a window is found by bisection; the pairs of all
    codes and all recordings of a person, which are many for the sick, are never made.
    """

    SPAN = 1 << 20
    """Days kept apart for each person: four times as many as nanosecond dates can lie apart."""

    def __init__(self, holder: np.ndarray, coded: np.ndarray, person: np.ndarray, recorded: np.ndarray):
        self.codes = np.sort(holder * self.SPAN + coded.astype(np.int64))
        self.known = ~np.isnat(recorded)
        self.recordings = person * self.SPAN + np.where(self.known, recorded.astype(np.int64), 0)

    def between(self, first: int | None, last: int | None) -> np.ndarray:
        """Whether a code lies ``first`` to ``last`` days from each recording, boolean (N,); None: any."""
        reach = self.SPAN // 4
        start = self.recordings + (-reach if first is None else np.clip(first, -reach, reach))
        end = self.recordings + (reach if last is None else np.clip(last, -reach, reach))
        before, until = np.searchsorted(self.codes, start), np.searchsorted(self.codes, end, side="right")
        return self.known & (until > before)


def _days(dates: pd.Series) -> np.ndarray:
    return pd.to_datetime(dates).to_numpy().astype("datetime64[D]")
