"""MIMIC-IV-ECG beside MIMIC-IV: WFDB records with their list and checksums; patients, stays and codes.

Tables, columns and paths are those of ``data_manifests/mimic_iv_ecg.yaml``. All recordings of a person lie in
the year in which the age was taken. Some stays are coded in ICD-9, where that keeps every label.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cardiacnets.artefacts import atomic_path
from cardiacnets.cohorts.layouts.dated_codes import (
    CODES,
    DAYS,
    OTHER_ORGANS,
    circulatory_codes,
    days,
    generator_of,
)
from cardiacnets.digital_heart.cohort import Cohort
from cardiacnets.ecg.formats import wfdb_record

if TYPE_CHECKING:
    from cardiacnets.cohorts.export import Drawing

NAME, SITE = "mimic_iv_ecg", "mimic"

ICD9 = {
    "I10": "4019", "I20.9": "4139", "I21.9": "41090", "I25.1": "41401", "I25.2": "412", "I27.0": "4160",
    "I27.2": "4168", "I30.9": "42090", "I31.9": "4239", "I32.8": "4200", "I42.1": "42511", "I42.2": "42518",
    "I48.9": "42731", "I50.0": "4280", "I50.1": "4281", "I50.9": "4289",
}  # fmt: skip
"""The same disease in ICD-9-CM, which has no code of its own for dilated or restrictive cardiomyopathy."""

ICD9_SHARE = 0.35
COMMENT = "SIMULATED by cardiacnets.digital_heart, nobody was recorded"


def date_recordings(people: pd.DataFrame) -> pd.DataFrame:
    """The moment of each recording as column ``date``: a person's follow each other within one year."""
    moments = []
    for one, visits in people.groupby("participant_id", sort=False):
        draw = generator_of(str(one), DAYS)
        moment = pd.Timestamp(2110 + draw.integers(0, 90), 3, 1) + days(draw.integers(0, 60))
        for _ in range(len(visits)):
            moments.append(moment + pd.Timedelta(seconds=int(draw.integers(0, 86_400))))
            moment += days(draw.integers(2, 60))
    return people.assign(date=moments)


def write_signals(root: Path, part: Cohort, people: pd.DataFrame, shard: range, drawing: Drawing) -> None:
    """A WFDB record of each recording."""
    for signal, person in zip(part.ecg, people.itertuples(), strict=True):
        record = root / "mimic-iv-ecg" / _path(person.participant_id, person.recording_id)
        wfdb_record.write_as_mimic(record, signal, [COMMENT])


def write_tables(root: Path, people: pd.DataFrame) -> None:
    """The list of recordings and their checksums; patients, admissions and diagnoses as in ``hosp``."""
    records, hospital = root / "mimic-iv-ecg", root / "mimic-iv" / "hosp"
    hospital.mkdir(parents=True)
    owners, studies = people["participant_id"], people["recording_id"]
    listing = pd.DataFrame({
        "subject_id": owners, "study_id": studies, "file_name": studies,
        "ecg_time": people["date"].dt.strftime("%Y-%m-%d %H:%M:%S"),
        "path": [_path(*pair) for pair in zip(owners, studies, strict=True)],
    })  # fmt: skip
    listing.to_csv(records / "record_list.csv", index=False, lineterminator="\n")
    persons = people.drop_duplicates("participant_id")
    patients = pd.DataFrame({
        "subject_id": persons["participant_id"], "gender": np.where(persons["sex"] == 1, "M", "F"),
        "anchor_age": [f"{age:.2f}".rstrip("0").rstrip(".") for age in persons["age"]],
        "anchor_year": persons["date"].dt.year,
    })  # fmt: skip
    stays, codes = [], []
    for person in persons.itertuples():
        for stay in _stays(person.participant_id, person.icd10, person.date):
            number = f"2{len(stays):07d}"
            stays.append({"subject_id": person.participant_id, "hadm_id": number, "admittime": stay[0]})
            codes += [
                {"subject_id": person.participant_id, "hadm_id": number, "seq_num": place,
                 "icd_code": code.replace(".", ""), "icd_version": stay[1]}
                for place, code in enumerate(stay[2], start=1)
            ]  # fmt: skip
    columns = ["subject_id", "hadm_id", "seq_num", "icd_code", "icd_version"]
    _write_gzip(patients, hospital / "patients.csv.gz")
    _write_gzip(pd.DataFrame(stays, columns=["subject_id", "hadm_id", "admittime"]),
                hospital / "admissions.csv.gz")  # fmt: skip
    _write_gzip(pd.DataFrame(codes, columns=columns), hospital / "diagnoses_icd.csv.gz")
    files = sorted(file for file in records.rglob("*") if file.is_file())
    sums = [f"{_digest(file)} {file.relative_to(records).as_posix()}\n" for file in files]
    with atomic_path(records / "SHA256SUMS.txt") as path:
        path.write_text("".join(sums), encoding="ascii")


def _path(participant_id: str, recording_id: str) -> str:
    return f"files/p{participant_id[:4]}/p{participant_id}/s{recording_id}/{recording_id}"


def _stays(identifier: str, icd10: str, first: pd.Timestamp) -> list[tuple[str, int, list[str]]]:
    """Admission, ICD version and codes of each stay: the heart's begins up to a day after the first ECG, and
    one for another organ at any time.
    """
    draw = generator_of(identifier, CODES)
    stays = []
    if codes := circulatory_codes(icd10):
        old = draw.random() < ICD9_SHARE and all(code in ICD9 for code in codes)
        stays.append((first.normalize() + days(draw.integers(-50, 2)), 9 if old else 10,
                      [ICD9[code] for code in codes] if old else codes))  # fmt: skip
    if draw.random() < 0.5:
        stays.append((first.normalize() + days(draw.integers(-400, 400)), 10, [draw.choice(OTHER_ORGANS)]))
    return [
        ((day + pd.Timedelta(minutes=int(draw.integers(0, 1440)))).strftime("%Y-%m-%d %H:%M:%S"), version,
         names)
        for day, version, names in stays
    ]  # fmt: skip


def _write_gzip(table: pd.DataFrame, path: Path) -> None:
    # without a time in its header, so that equal tables are equal bytes
    table.to_csv(path, index=False, lineterminator="\n", compression={"method": "gzip", "mtime": 0})


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
