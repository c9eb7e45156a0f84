"""The 82 cardiac indices of the study: UK Biobank fields 24100 to 24181, in their order and units."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

MANIFESTS = Path(__file__).resolve().parents[1] / "data_manifests"
"""Where the tables and manifests of the repository lie."""

PHENOTYPES = pd.read_csv(MANIFESTS / "phenotypes.csv")
"""One row an index: ``field`` (UK Biobank), ``name``, ``label``, ``unit``, ``group``."""

INDEX_NAMES: tuple[str, ...] = tuple(PHENOTYPES["name"])
INDEX_UNITS: tuple[str, ...] = tuple(PHENOTYPES["unit"])
