"""ICD codes as tables write them: with or without dot, with their title, of version 9 or 10."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

ICD_CODE = r"^\s*[A-Za-z]?\d[\dA-Za-z.\- ]*$"
"""What a code looks like in either version."""

_TITLED = re.compile(r"^\s*([A-Za-z]\d[\dA-Za-z](?:\.?[\dA-Za-z]{1,4})?)\s+[^\s\d]")
_SHORT = re.compile(r"\s*\d{1,2}(?:\.|\s*$)")
_FORMS = {9: re.compile(r"\s*(?:\d|[EeVv]\d)"), 10: re.compile(r"\s*[A-Za-z]\d")}


def without_titles(codes: pd.Series) -> pd.Series:
    """Codes (N,) without the titles that some exports write after them: ``I25.1 Atherosclerotic ...``."""
    kinds = pd.Series(pd.unique(codes.dropna()))  # millions of codes are a few thousand different ones
    bare = dict(zip(kinds, kinds.str.extract(_TITLED, expand=False), strict=True))
    titled = {code: found for code, found in bare.items() if isinstance(found, str)}
    return codes.replace(titled) if titled else codes


def read_versions(versions: pd.Series, codes: pd.Series, path: Path) -> pd.Series:
    """Versions (N,) as whole numbers, -1 for what is none.

    Raises ``ValueError`` where codes of version 9 are shorter than three digits: they have lost zeros.
    """
    kinds = pd.Series(pd.unique(versions.dropna()))
    number = pd.to_numeric(kinds.str.strip("\"' "), errors="coerce")
    version = versions.map(dict(zip(kinds, number, strict=True))).fillna(-1).astype(int)
    short = codes.isin([code for code in pd.unique(codes) if isinstance(code, str) and _SHORT.match(code)])
    short &= version == 9
    if short.any():
        first, row = codes[short].iloc[0], codes.index[short][0] + 1
        many = f"{int(short.sum()):,} codes of version 9 have fewer than three digits"
        raise ValueError(
            f"{path}: {many}, the first {first!r} in row {row:,}: leading zeros were "
            "lost, and other codes may read as another disease; export them as text"
        )
    return version


def of_another_version(codes: pd.Series, versions: pd.Series | int) -> tuple[np.ndarray, str]:
    """Which codes (N,) have the form of the other version, so that they would carry no label, and why."""
    given = pd.DataFrame({"code": codes.to_numpy(), "version": np.asarray(versions)[()]})
    kinds = given.drop_duplicates()
    strange = [
        isinstance(code, str)
        and version in _FORMS
        and re.match(ICD_CODE, code) is not None
        and not _FORMS[version].match(code)
        for code, version in kinds.itertuples(index=False)
    ]
    if not any(strange):
        return np.zeros(len(codes), dtype=bool), ""
    kinds = kinds[strange]
    wrong = given.merge(kinds.assign(wrong=True), how="left", on=["code", "version"])["wrong"].eq(True)
    version = given.loc[wrong, "version"].iloc[0]
    return wrong.to_numpy(), f"no code of ICD version {version} (a table without versions has 10)"
