"""Whose images they are and which belong together, as far as the files' identifiers say.

De-identification has to replace UIDs consistently (PS3.15 Table E.1-1a, action U); where it did not, the
message says so rather than what the reader made of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from pydicom.dataset import Dataset

CHANGED = (
    "identifiers were replaced one by one; export the images again, or de-identify them so that equal UIDs "
    "stay equal (PS3.15 Table E.1-1a, action U)"
)


def refuse_mixed(images: Sequence[Dataset]) -> None:
    """Raise ``ValueError`` unless all images are of one person (PatientID) and one examination
    (StudyInstanceUID); all of them may lack one."""
    for tag, what in (("PatientID", "people"), ("StudyInstanceUID", "examinations")):
        told = Counter(str(image.get(tag) or "") for image in images)
        absent = told.pop("", 0)
        if len(told) > 2 and max(told.values()) == 1:
            raise ValueError(f"each of {sum(told.values())} images has a {tag} of its own: {CHANGED}")
        if len(told) > 1:
            raise ValueError(f"images of {len(told)} {what} are mixed; put each in its own folder")
        if told and absent:
            raise ValueError(
                f"{absent} of {len(images)} images have no {tag}, the others have one: whether they are of "
                f"several {what} can't be told; complete it, or take those images out"
            )


def about_uids(images: Sequence[Dataset]) -> str:
    """What to add to a refusal where images were torn apart by their SeriesInstanceUID; empty if none were.

    That is: several at one place that are each alone in their series.
    """
    series = Counter(str(image.get("SeriesInstanceUID") or "") for image in images)
    alone = [image for image in images if series[str(image.get("SeriesInstanceUID") or "")] == 1]
    places = Counter(
        tuple(np.round(np.array([*image.ImagePositionPatient, *image.ImageOrientationPatient], float), 1))
        for image in alone
    )
    torn = [count for count in places.values() if count > 2]
    if not torn:
        return ""
    return f"; {sum(torn)} images at {len(torn)} places each have a SeriesInstanceUID of their own: {CHANGED}"
