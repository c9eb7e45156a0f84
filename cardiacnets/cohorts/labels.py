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
from cardiacnets.phenotypes import MANIFESTS

CODES = pd.read_csv(MANIFESTS / "icd10.csv", dtype={"code": str})
"""One row a code: ``label``, ICD ``version`` (9 or 10), ``code`` without its dot, ``title``."""

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
    owner = recordings["participant_id"].astype(str)  # 7 and "7" are one person
    day = pd.to_datetime(
        diagnoses["date"] if "date" in diagnoses else pd.Series(pd.NaT, index=diagnoses.index)
    )
    coded = pd.DataFrame(
        {"participant_id": diagnoses["participant_id"].astype(str).to_numpy(), "date": day.to_numpy()}
    )
    recorded = pd.to_datetime(recordings["date"]).dt.normalize() if "date" in recordings else None
    labels: dict[str, np.ndarray] = {}
    for label in (*DISEASES, *SUBTYPES):
        mine = coded[carried[label].to_numpy()]
        undated = owner.isin(mine.loc[mine["date"].isna(), "participant_id"]).to_numpy()
        prevalent = undated & (window.undated or "date" not in diagnoses)
        incident = np.zeros(len(owner), dtype=bool)
        if recorded is not None:
            row, days = _days_after(owner, recorded, mine.dropna(subset="date"))
            early = days > (-np.inf if window.first_day is None else window.first_day - 1)
            late = days > (np.inf if window.incident_until is None else window.incident_until)
            prevalent[row[early & (days <= window.last_day)]] = True
            incident[row[(days > window.last_day) & ~late]] = True
            incident[row[days <= window.last_day]] = False  # someone who had it before does not newly get it
        labels[label], labels[f"{label}_incident"] = prevalent, incident & ~prevalent
    healthy = ~owner.isin(coded.loc[carried["cvd"].to_numpy(), "participant_id"]).to_numpy()
    table = pd.DataFrame({**labels, "healthy": healthy}, index=recordings.index)
    return table[[*LABELS, *(f"{label}_incident" for label in LABELS if label != "healthy")]]


def _days_after(owner: pd.Series, recorded: pd.Series, dated: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Each pair of a recording (its row number) and a dated code of its owner, and the days between them."""
    rows = pd.DataFrame(
        {"participant_id": owner.to_numpy(), "row": np.arange(len(owner)), "at": recorded.to_numpy()}
    )
    pairs = rows.merge(dated.drop_duplicates(), on="participant_id")
    return pairs["row"].to_numpy(), (pairs["date"].dt.normalize() - pairs["at"]).dt.days.to_numpy(dtype=float)
