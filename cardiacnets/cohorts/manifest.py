"""A cohort's manifest: one YAML file that says where its data are and what of them is studied.

To run the book on other data is to edit a manifest. Every key is checked; one that is not known here is an
error, so that a misspelt ``disclosure_threshold`` can't pass in silence. The files themselves are checked
by ``python -m cardiacnets check``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from cardiacnets.cohorts.labels import LABELS, DiagnosisWindow
from cardiacnets.phenotypes import MANIFESTS
from cardiacnets.yaml_reading import read_yaml


class Section(BaseModel):
    """A part of a manifest: frozen, and closed to keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Access(Section):
    """How a reader gets these data, and under which terms."""

    route: str
    licence: str


class Signal(Section):
    """Where the ECG, or one view's cine, of a recording lies.

    ``pattern`` is a path under ``root`` with the recording's columns in braces, such as
    ``ecg/{participant_id}_20205_2_0.xml`` or ``{path}``. A recording without the file is a ``fault`` of the
    cohort; or it is left out of the study and counted (``exclude``); or it may stay (``allow``).
    """

    format: Literal["cardiosoft_xml", "muse_xml", "hl7_aecg", "wfdb", "dicom", "nifti"]
    pattern: str
    absent: Literal["fault", "exclude", "allow"] = "fault"


class Cine(Section):
    """The two views of the study."""

    sax: Signal
    four_chamber: Signal
    crop: Literal["beat", "judge"] = "beat"
    """What finds the heart in the short axis: its beat, or the outside judge, a network trained on real
    hearts (:mod:`cardiacnets.cohorts.judged_crop`), where it is installed.
    """


class Join(Section):
    """Columns of another table, matched on a column that both have."""

    table: str
    by: str


class Table(Section):
    """A table of text, and what its columns are called here.

    ``columns`` maps the book's name to the file's. A file's name that ends in ``*`` stands for the numbered
    columns of UK Biobank's export: in a ``wide`` table each becomes a row of its own, beside the
    like-numbered one of the other starred names; in a ``long`` table they count as the number of codes
    above 0, which is 0 where the answer is none of them (-7) and missing where there is no answer (-1, -3).

    ``listed`` names columns whose cells hold several values, as UK Biobank's Research Analysis Platform
    exports them (``["I251", "I10"]`` or ``I251|I10``): they are taken as numbered columns are, the first
    value with the first of another name. In a wide table the codes are numbered or listed.
    """

    path: str
    separator: str = Field(",", min_length=1, max_length=1)
    columns: dict[str, str]
    layout: Literal["long", "wide"] = "long"
    listed: list[str] = Field(default_factory=list)
    join: Join | None = None

    @model_validator(mode="after")
    def several(self) -> Table:
        if unknown := [name for name in self.listed if name not in self.columns]:
            raise ValueError(f"listed: {unknown[0]!r} is not among the columns")
        if twice := [name for name in self.listed if self.columns[name].endswith("*")]:
            raise ValueError(f"listed: {twice[0]!r} is a name of numbered columns, which hold one value each")
        starred = any(theirs.endswith("*") for theirs in self.columns.values())
        if self.layout == "wide" and not starred and not self.lists:
            raise ValueError("a wide table has columns whose name here ends in *, or that are listed")
        return self

    @property
    def lists(self) -> list[str]:
        """The columns whose cells hold several values."""
        wide = ["code"] if self.layout == "wide" and not self.columns.get("code", "*").endswith("*") else []
        return [*self.listed, *(name for name in wide if name not in self.listed)]


class Labels(Section):
    """What makes a label: dated diagnosis codes within a window, or the values of one column."""

    tasks: list[str]
    window: DiagnosisWindow = DiagnosisWindow()
    column: str | None = None
    values: dict[str, list[str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def known(self) -> Labels:
        for label in (*self.tasks, *(one for labels in self.values.values() for one in labels)):
            if label not in LABELS:
                raise ValueError(f"label {label!r} is not one of {', '.join(LABELS)}")
        return self


class Criterion(Section):
    """Who is included: a column within bounds, or among ``values``; all others are out, for ``reason``."""

    column: str
    reason: str
    minimum: float | None = None
    maximum: float | None = None
    values: list[str | int | float] | None = None


class Covariate(Section):
    """A column of the participants or recordings table, with its codes turned into numbers where it has
    any.

    Without ``column`` it is measured from the ECG. ``missing`` lists the codes that mean no answer, and
    ``recode`` the numbers that stand for another one (-10 for less than one); ``values`` gives each text its
    number instead, in any case; what neither of them lists is a fault. With ``years_since`` the value held in
    that column's year and grows with the recording's (an age at an anchor year).
    """

    column: str | None = None
    unit: str = ""
    values: dict[str | int, float] = Field(default_factory=dict)
    missing: list[str | int | float] = Field(default_factory=list)
    recode: dict[float, float] = Field(default_factory=dict)
    years_since: str | None = None


class Split(Section):
    """Shares of train, validation and test, by participant."""

    ratio: tuple[float, float, float] = (7, 1, 2)


class Manifest(Section):
    """Everything the book knows about a cohort before it opens a file."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    source: Literal["simulated", "files"]
    restricted: bool
    disclosure_threshold: int = Field(default=0, ge=0)
    access: Access
    cohort: str | None = None
    """Simulated: the name of the digital heart's cohort."""
    subsets: dict[str, str] = Field(default_factory=dict)
    """Simulated: further cohorts of the same site, by their role in the study."""
    twin: str | None = None
    """Files: the simulated manifest that shows single traces and movies in its place."""
    root: str | None = None
    ecg: Signal | None = None
    cine: Cine | None = None
    tables: dict[str, Table] = Field(default_factory=dict)
    labels: Labels
    inclusion: list[Criterion] = Field(default_factory=list)
    covariates: dict[str, Covariate] = Field(default_factory=dict)
    indices: str | None = None
    """Column of an index in the participants table, with ``{field}`` for its UK Biobank field."""
    split: Split = Split()
    checksums: str | None = None
    """A ``SHA256SUMS`` file: one line a file, its digest and its path under the list's own folder."""
    published: dict[str, int] = Field(default_factory=dict)
    """Counts as the study reports them (arXiv 2411.13602)."""
    _file: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def whole(self) -> Manifest:
        if self.source == "simulated":
            if self.cohort is None:
                raise ValueError("a simulated cohort needs the key 'cohort'")
            if self.restricted or self.ecg or self.cine or self.tables or self.root:
                raise ValueError("a simulated cohort is not restricted and has no root, ecg, cine or tables")
        else:
            if self.root is None or self.ecg is None or not {"participants", "recordings"} & set(self.tables):
                raise ValueError(
                    "a cohort of files needs root, ecg, and a table of participants or recordings"
                )
            if self.cohort or self.subsets:
                raise ValueError("'cohort' and 'subsets' are for simulated cohorts only")
        if self.restricted and (self.disclosure_threshold < 2 or not self.twin):
            raise ValueError(
                "a restricted cohort needs a disclosure_threshold of 2 or more, and a twin to show"
            )
        return self

    def signals(self) -> dict[str, Signal]:
        """Where the files lie, by what they hold: ``ecg`` and, where there is CMR, ``sax`` and ``4ch``."""
        cine = {"sax": self.cine.sax, "4ch": self.cine.four_chamber} if self.cine else {}
        return ({"ecg": self.ecg} if self.ecg else {}) | cine

    @property
    def file(self) -> Path:
        """The YAML file that this manifest was read from."""
        return self._file

    def sibling(self, name: str) -> Path:
        """The file of another manifest: in the same folder, or else among those that come with the book."""
        beside = self._file.with_name(f"{name}.yaml")
        return beside if beside.is_file() else MANIFESTS / beside.name

    @property
    def folder(self) -> Path:
        """Where the files lie: ``root``, from the manifest's own folder, ``~`` and ``$NAME`` expanded."""
        root = Path(os.path.expandvars(self.root or ".")).expanduser()
        return Path(os.path.normpath(self._file.parent / root))


def load_manifest(path: Path | str) -> Manifest:
    """Read and check one manifest; ``ValueError`` names the file and each key at fault."""
    path = Path(path)
    try:
        content = read_yaml(path)
    except FileNotFoundError:
        raise ValueError(f"{path}: no such manifest") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: a manifest is a mapping of keys to values")
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(_fault(one) for one in error.errors())
        raise ValueError(f"{path}: {faults}") from None
    manifest._file = path.resolve()
    return manifest


def _fault(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key '{key}'"
    if error["type"] == "missing":
        return f"missing key '{key}'"
    message = error["msg"].removeprefix("Value error, ")
    return f"'{key}': {message}" if key else message
