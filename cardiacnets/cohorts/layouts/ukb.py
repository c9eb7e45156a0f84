"""UK Biobank: CardioSoft XML and zips of DICOM by participant, one wide table keyed by field.

Fields, instances and file names are those of ``data_manifests/ukb.yaml``. Codes stand without their dot, as
field 41270 has them, each with the day of its first record in 41280.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cardiacnets.artefacts import atomic_path
from cardiacnets.cmr import Cine
from cardiacnets.cmr.writing import write_cine
from cardiacnets.cohorts.layouts.dated_codes import (
    CODES,
    DAYS,
    OTHER_ORGANS,
    circulatory_codes,
    days,
    generator_of,
)
from cardiacnets.contracts import PIXEL_MM
from cardiacnets.digital_heart import short_axis_stack
from cardiacnets.digital_heart.cohort import Cohort
from cardiacnets.digital_heart.stack import GAP_MM
from cardiacnets.ecg.formats import cardiosoft
from cardiacnets.phenotypes import PHENOTYPES

if TYPE_CHECKING:
    from cardiacnets.cohorts.export import Drawing

NAME, SITE = "ukb", "ukb"

FIELDS = {
    "sex": "31-0.0", "age": "21003-2.0", "height": "50-2.0", "weight": "21002-2.0", "bmi": "21001-2.0",
    "heart_rate": "22426-2.0", "alcohol_frequency": "1558-2.0", "moderate_activity_days": "884-2.0",
    "walking_days": "864-2.0", "sleep_duration": "1160-2.0", "insomnia": "1200-2.0", "smoking": "20116-2.0",
    "raw_vegetables": "1299-2.0", "pork": "1389-2.0",
}  # fmt: skip
ETHNICITY = {
    "white": 1, "mixed": 2, "asian": 3, "black": 4, "chinese": 5, "other": 6, "undisclosed": -3,
}  # fmt: skip
"""The groups of UK Biobank's coding 1001; real answers are mostly its finer codes, as 1001 for British."""

STRESSES = 6
"""Events that field 6145 lists; -7 stands for none of them."""

APEX = np.array([0.60, -0.60, -0.53])
LATERAL = np.array([0.80, 0.45, 0.40])
"""Where apex and free wall of the left ventricle point, patient coordinates (left, back, head)."""

TILT = np.radians(-30)
"""How far the digital heart's four-chamber picture is turned: its apex is up and left of the middle."""


def date_recordings(people: pd.DataFrame) -> pd.DataFrame:
    """The imaging visit of each participant, 2014 to 2019, as column ``date``."""
    first = pd.Timestamp("2014-05-01")
    return people.assign(
        date=[first + days(generator_of(one, DAYS).integers(0, 2000)) for one in people["participant_id"]]
    )


def write_signals(root: Path, part: Cohort, people: pd.DataFrame, shard: range, drawing: Drawing) -> None:
    """The ECG and both cines of each participant."""
    stacks = short_axis_stack(
        shard, SITE, drawing.preset, drawing.seed, drawing.frames, drawing.slices
    )  # (n, T, S, H, W)
    for row, person in enumerate(people.itertuples()):
        identifier = person.participant_id
        with atomic_path(root / f"ecg/{identifier}_20205_2_0.xml") as path:
            sex = "male" if person.sex else "female"
            path.write_text(
                cardiosoft.document(
                    part.ecg[row], identifier, person.date.to_pydatetime(), person.age, sex, person.heart_rate
                ),
                encoding="ascii",
            )
        cycle = 60_000 / person.heart_rate
        short_axis = _cine(stacks[row], "sax", cycle)
        write_cine(root / f"cmr/{identifier}_20209_2_0.zip", short_axis, identifier, "CINE_segmented_SAX")
        chambers = _cine(part.lax[row][:, None], "4ch", cycle)
        write_cine(root / f"cmr/{identifier}_20208_2_0.zip", chambers, identifier, "CINE_segmented_LAX_4Ch")


def write_tables(root: Path, people: pd.DataFrame) -> None:
    """``phenotypes.csv``: one row a participant, one column a field, instance and array index."""
    table = {"eid": people["participant_id"], "53-2.0": people["date"].dt.strftime("%Y-%m-%d")}
    table |= {field: _shortest(people[name]) for name, field in FIELDS.items()}
    table["21000-0.0"] = people["ethnicity"].map(ETHNICITY)
    events = [[*range(1, int(count) + 1)] or [-7] for count in people["stress"]]
    table |= _spread(events, "6145-2.", STRESSES)
    coded = [
        _codes(*row) for row in zip(people["participant_id"], people["icd10"], people["date"], strict=True)
    ]
    width = max(len(codes) for codes in coded) or 1
    table |= _spread([[code for code, _ in codes] for codes in coded], "41270-0.", width)
    table |= _spread([[day for _, day in codes] for codes in coded], "41280-0.", width)
    for field, name in zip(PHENOTYPES["field"], PHENOTYPES["name"], strict=True):
        table[f"{field}-2.0"] = _shortest(people[name])
    with atomic_path(root / "phenotypes.csv") as path:
        pd.DataFrame(table).to_csv(path, index=False, lineterminator="\n")


def _codes(identifier: str, icd10: str, visit: pd.Timestamp) -> list[tuple[str, str]]:
    """Codes without a dot and their first days: the heart's up to the visit, other organs' at any time."""
    draw = generator_of(identifier, CODES)
    dated = [(code, visit - days(draw.integers(0, 5000))) for code in circulatory_codes(icd10)]
    others = draw.choice(OTHER_ORGANS, draw.integers(0, 3), replace=False)
    dated += [(str(code), visit + days(draw.integers(-4000, 1500))) for code in others]
    return sorted((code.replace(".", ""), day.strftime("%Y-%m-%d")) for code, day in dated)


def _cine(frames: np.ndarray, view: str, cycle: float) -> Cine:
    """Frames (T, S, H, W) in their place: both views through one point, the middle of the pictures."""
    apex = APEX / np.linalg.norm(APEX)
    lateral = LATERAL - (LATERAL @ apex) * apex
    lateral /= np.linalg.norm(lateral)
    if view == "sax":  # free wall to the right of the picture, anterior up
        right, down = lateral, np.cross(apex, lateral)
        down = down if down[2] < 0 else -down
        through = apex * GAP_MM
    else:
        right = np.cos(TILT) * lateral + np.sin(TILT) * apex
        down = np.sin(TILT) * lateral - np.cos(TILT) * apex
        through = np.cross(right, down) * GAP_MM
    slices, height, width = frames.shape[1:]
    affine = np.eye(4)
    affine[:3, :3] = np.stack([through, down * PIXEL_MM, right * PIXEL_MM], axis=1)
    affine[:3, 3] = -affine[:3, :3] @ ((np.array([slices, height, width]) - 1) / 2)
    times = np.arange(len(frames)) / len(frames) * cycle
    meta = {"view": view, "cycle_ms": cycle, "times_known": True, "affine": affine}
    return Cine(frames, (GAP_MM, PIXEL_MM, PIXEL_MM), times, meta)


def _spread(values: list[list], start: str, width: int) -> dict[str, list]:
    """Lists of different length as numbered columns, the rest empty."""
    return {
        f"{start}{place}": [row[place] if place < len(row) else None for row in values]
        for place in range(width)
    }


def _shortest(column: pd.Series) -> pd.Series:
    """Single-precision numbers as the shortest text that gives them back; whole ones without a point."""
    numbers = column.to_numpy(dtype=np.float32)
    texts = [None if np.isnan(one) else np.format_float_positional(one, trim="-") for one in numbers]
    return pd.Series(texts, index=column.index, dtype=object)
