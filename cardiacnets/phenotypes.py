"""The 82 cardiac indices of the study: UK Biobank fields 24100 to 24181, in their order and units."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

PACKAGE = Path(__file__).resolve().parent

MANIFESTS = next(
    folder / "data_manifests" for folder in (PACKAGE, PACKAGE.parent) if (folder / "data_manifests").is_dir()
)
"""Where the manifests and the two tables lie: inside a wheel, or beside the package in a checkout."""

PHENOTYPES = pd.read_csv(MANIFESTS / "phenotypes.csv")
"""One row an index: ``field`` (UK Biobank), ``name``, ``label``, ``unit``, ``group``."""

INDEX_NAMES: tuple[str, ...] = tuple(PHENOTYPES["name"])


def axis_label(name: str) -> str:
    """The label and unit of an index, as an axis shows them: "LV end-diastolic volume, ml"."""
    row = PHENOTYPES.iloc[INDEX_NAMES.index(name)]
    return f"{row['label']}, {row['unit']}"
