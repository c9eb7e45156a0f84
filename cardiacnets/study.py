"""What is studied: cohorts, tasks, diagnosis codes, arms and their comparisons, each fact in one row. Nothing
here opens a file but the tables of indices and of codes.

To ask another question is to add a row. A name that stands twice, or that no row bears, is an error when this
module is imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

import pandas as pd

from cardiacnets.contracts import DIAGNOSIS_NAMES, DISEASES, LAX_PIXELS, SAX_PIXELS, SUBTYPES
from cardiacnets.phenotypes import INDEX_NAMES, MANIFESTS

Row = TypeVar("Row", "View", "Cohort", "Task", "Alignment", "Arm")

COVARIATES_HOSPITAL: tuple[str, ...] = ("sex", "age", "heart_rate")
"""What every cohort knows of a participant."""

LIFESTYLE = (
    "alcohol_frequency", "moderate_activity_days", "sleep_duration", "smoking", "stress", "raw_vegetables",
    "walking_days", "pork", "insomnia",
)  # fmt: skip
"""What UK Biobank asks its participants about their habits."""

COVARIATES_UKB: tuple[str, ...] = ("sex", "age", "height", "weight", "bmi", "heart_rate", *LIFESTYLE)
"""The 15 covariates of the study's UK Biobank arm."""


@dataclass(frozen=True)
class View:
    """One view of the heart: ``name`` in arrays and networks, ``title`` on a page, ``cine`` as manifests and
    :func:`cardiacnets.cmr.read_cine` call it, ``pixels`` the side of its square crop.
    """

    name: str
    title: str
    cine: str
    pixels: int

    @property
    def key(self) -> str:
        return self.name


@dataclass(frozen=True)
class Cohort:
    """A cohort of the study, or its simulated twin: ``title`` as a page calls it.

    ``cmr``: both views of a cine beside each ECG. ``split``: networks are trained on it, so that it has a
    train, a validation and a test part; the others are seen once; the digital heart draws cines where there
    is CMR. ``covariates``: what its models may be told
    of a participant beside the ECG.

    Two facts stand elsewhere under the same name, since others own them: how its simulated people differ, in
    :data:`cardiacnets.digital_heart.SITES`, the simulator's frozen world; and which real cohort takes its
    place, in that cohort's manifest, which a site writes for itself.
    """

    name: str
    title: str
    cmr: bool = False
    split: bool = False
    covariates: tuple[str, ...] = COVARIATES_HOSPITAL

    @property
    def key(self) -> str:
        return self.name


@dataclass(frozen=True)
class Task:
    """One question asked of one cohort; ``trained_on`` names the cohort whose models answer it."""

    cohort: str
    name: str
    kind: Literal["binary", "subtypes", "indices"]
    trained_on: str

    @property
    def key(self) -> str:
        """``<cohort>.<task>``, the folder of its predictions."""
        return f"{self.cohort}.{self.name}"

    @property
    def outputs(self) -> int:
        """Width of a model's last layer."""
        return {"binary": 1, "subtypes": len(SUBTYPES), "indices": len(INDEX_NAMES)}[self.kind]

    @property
    def title(self) -> str:
        """The task in words: ``mimic.cm`` is "MIMIC-IV-ECG: cardiomyopathy"."""
        names = {**DIAGNOSIS_NAMES, "indices": "82 indices", "subtypes": "subtypes of cardiomyopathy"}
        return f"{COHORTS[self.cohort].title}: {names[self.name]}"


@dataclass(frozen=True)
class Alignment:
    """One way in which chapter 03 pairs ECGs with hearts: each with its own, or with that of a stranger of
    the same split, which is the negative control: whatever it reaches does not come from CMR.
    """

    name: str
    strangers: bool = False

    @property
    def key(self) -> str:
        return self.name


@dataclass(frozen=True)
class Arm:
    """One way to answer the tasks: a linear readout of ``parts``, or a network that is fine-tuned.

    ``parts`` are what a readout reads, side by side: ``covariates``; ``beat``, the classical features of the
    median beat; ``embedding``, that of the aligned encoder before fine-tuning, ``embedding_permuted`` of the
    one aligned to strangers, ``masked`` of the one that met ECGs alone, ``published`` of the one aligned by
    the released code's choices, ``untrained`` of one with random weights; ``twin`` and ``twin_permuted``,
    cine components that alignment in closed form predicts; ``cmr``, features of the CMR encoder;
    ``components``, those of the cines themselves; ``supervised``, the answers of the CMR encoder after it was
    fine-tuned with labels, as they are; ``causes``, what the simulator makes of a heart before electrodes and
    noise. A network has none; it starts from ``start`` (``random``, or a network of chapter 03) and reads the
    ECG, and the study's covariates beside it where ``covariates``. ``tasks`` limits an arm to these;
    ``colour`` is that of every figure.
    """

    name: str
    title: str
    colour: str
    parts: tuple[str, ...] = ()
    start: Literal["random", "aligned", "permuted", "masked"] | None = None
    covariates: bool = False
    tasks: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        return self.name

    @property
    def network(self) -> bool:
        """Whether it is fine-tuned, not read out."""
        return self.start is not None

    @property
    def cmr(self) -> bool:
        """Whether it sees the picture, which cohorts without CMR lack."""
        return bool({"cmr", "components", "supervised"} & set(self.parts))

    def answers(self, task: str) -> bool:
        """Whether it is asked ``task``, by its key."""
        return self.tasks is None or task in self.tasks


def by_key(rows: Iterable[Row]) -> dict[str, Row]:
    """Rows by their key, in their order; ``ValueError`` naming both if two have one."""
    found: dict[str, Row] = {}
    for row in rows:
        if row.key in found:
            raise ValueError(f"{row.key!r} stands twice: {found[row.key]} and {row}")
        found[row.key] = row
    return found


def pairs_of(pairs: Iterable[tuple[str, str]], arms: dict[str, Arm]) -> tuple[tuple[str, str], ...]:
    """Pairs of arms as they are; ``ValueError`` for a name that no arm bears, or a pair that stands twice."""
    kept: list[tuple[str, str]] = []
    for pair in pairs:
        for name in pair:
            if name not in arms:
                raise ValueError(f"{pair}: no arm {name!r}; there are {', '.join(arms)}")
        if pair in kept:
            raise ValueError(f"{pair} is compared twice")
        kept.append(pair)
    return tuple(kept)


VIEWS = by_key([View("sax", "short axis", "sax", SAX_PIXELS), View("lax", "four-chamber", "4ch", LAX_PIXELS)])
"""The two views, in the order in which networks see them."""

VIEW_TITLES = {view.name: view.title for view in VIEWS.values()}
"""What each is called on a page, before the word view."""

COHORTS = by_key(
    [
        Cohort("ukb", "UK Biobank", cmr=True, split=True, covariates=COVARIATES_UKB),
        Cohort("mimic", "MIMIC-IV-ECG", split=True),
        Cohort("fahzu", "FAHZU"),
        Cohort("fahzu_screening", "FAHZU, screening"),
        Cohort("fahzu_readers", "FAHZU, reader study", cmr=True),
        Cohort("sahzu", "SAHZU"),
        Cohort("qph", "QPH"),
    ]
)
CODES = pd.read_csv(MANIFESTS / "icd10.csv", dtype={"code": str})
"""What makes a label, one row a code: ``label``, ICD ``version`` (9 or 10), ``code`` without its dot,
``title``. A record's code carries the label if it starts with one of these.
"""
ICD10_GROUPS: dict[str, tuple[str, ...]] = {
    label: tuple(CODES.loc[(CODES["label"] == label) & (CODES["version"] == 10), "code"])
    for label in (*DISEASES, *SUBTYPES)
}
"""The ICD-10 codes of each disease and subtype, without dots."""

PAIRED_COHORTS = tuple(cohort.name for cohort in COHORTS.values() if cohort.cmr)
"""Cohorts with CMR beside the ECG."""
SPLIT_COHORTS = tuple(cohort.name for cohort in COHORTS.values() if cohort.split)
"""Cohorts that networks are trained on."""
READER_COHORT = "fahzu_readers"
"""The cohort whose cases readers see."""

TASKS = by_key(
    [
        Task("ukb", "indices", "indices", "ukb"),
        # too few have pulmonary hypertension in UK Biobank
        *[Task("ukb", disease, "binary", "ukb") for disease in ("cm", "cad", "hf", "pc")],
        *[Task("mimic", disease, "binary", "mimic") for disease in DISEASES],
        Task("mimic", "subtypes", "subtypes", "mimic"),
        Task("fahzu", "subtypes", "subtypes", "mimic"),
        *[
            Task(site, "cm", "binary", "mimic")
            for site in ("fahzu_screening", "fahzu_readers", "sahzu", "qph")
        ],
    ]
)

ALIGNMENTS = by_key([Alignment("aligned"), Alignment("permuted", strangers=True)])
"""The networks of chapter 03, and their linear twins."""

ARMS = by_key(
    [
        Arm("covariates", "covariates only", "grey", parts=("covariates",)),
        Arm("classical", "classical ECG", "orange", parts=("beat",)),
        Arm("classical_aligned", "classical ECG + aligned embedding", "vermilion",
            parts=("beat", "embedding")),
        Arm("classical_covariates", "classical ECG + covariates", "orange", parts=("beat", "covariates")),
        Arm("untrained", "untrained encoder, linear readout", "brown", parts=("untrained",)),
        Arm("untrained_covariates", "untrained encoder + covariates, linear readout", "brown",
            parts=("untrained", "covariates")),
        Arm("ecg", "ECG-only network", "sky", start="random"),
        Arm("ecg_covariates", "ECG-only network + covariates", "sky", start="random", covariates=True),
        Arm("probe_masked", "masked start without CMR, linear readout", "yellow", parts=("masked",),
            tasks=("ukb.indices", "ukb.cm")),
        Arm("masked", "masked start without CMR", "yellow", start="masked", tasks=("ukb.indices", "ukb.cm")),
        Arm("twin_permuted", "aligned in closed form to strangers", "purple", parts=("twin_permuted",)),
        Arm("probe_permuted", "aligned to strangers' CMR, linear readout", "purple",
            parts=("embedding_permuted",), tasks=("ukb.indices", "ukb.cm")),
        Arm("permuted", "aligned to strangers' CMR", "purple", start="permuted",
            tasks=("ukb.indices", "ukb.cm")),
        Arm("twin", "aligned in closed form", "green", parts=("twin",)),
        Arm("twin_covariates", "aligned in closed form + covariates", "green", parts=("twin", "covariates")),
        Arm("published", "aligned as published, linear readout", "wine", parts=("published",),
            tasks=("ukb.indices", "ukb.cm")),
        Arm("probe_aligned", "aligned ECG, linear readout", "blue", parts=("embedding",)),
        Arm("probe_aligned_covariates", "aligned ECG + covariates, linear readout", "blue",
            parts=("embedding", "covariates")),
        Arm("aligned", "aligned ECG", "blue", start="aligned"),
        Arm("aligned_covariates", "aligned ECG + covariates", "blue", start="aligned", covariates=True),
        Arm("cmr_twin", "CMR components, linear readout", "black", parts=("components",)),
        Arm("cmr", "CMR, linear readout", "black", parts=("cmr",)),
        Arm("cmr_supervised", "CMR, fine-tuned with labels", "black", parts=("supervised",),
            tasks=("ukb.indices", "ukb.cm", "ukb.cad", "ukb.hf", "ukb.pc")),
        Arm("causes", "oracle: the simulator's causes", "olive", parts=("causes",), tasks=("ukb.indices",)),
    ]
)  # fmt: skip
"""Arms in the order of the tables."""

COMPARISONS = pairs_of(
    [
        ("aligned", "ecg"),
        ("aligned", "classical"),
        ("classical_aligned", "classical"),
        ("aligned", "permuted"),
        ("aligned", "covariates"),
        ("aligned", "cmr"),
        ("aligned_covariates", "classical_covariates"),
        ("aligned_covariates", "ecg_covariates"),
        ("aligned", "untrained"),
        ("aligned_covariates", "untrained_covariates"),
        ("aligned", "probe_aligned"),
        ("aligned", "masked"),
        ("probe_aligned", "probe_permuted"),
        ("probe_aligned_covariates", "untrained_covariates"),
        ("probe_aligned", "published"),
        ("aligned", "cmr_supervised"),
        ("cmr_supervised", "cmr"),
    ],
    ARMS,
)
"""Pairs of arms compared, first minus second."""

TWINS = pairs_of(
    [
        ("ecg", "classical"),
        ("aligned", "twin"),
        ("aligned_covariates", "twin_covariates"),
        ("cmr", "cmr_twin"),
    ],
    ARMS,
)
"""Each network and its linear twin."""

TWIN_CONTROL = pairs_of([("twin", "twin_permuted")], ARMS)


def covariates_of(cohort: str) -> tuple[str, ...]:
    """The covariates of a cohort; of one that is not of the study, what every cohort knows."""
    return COHORTS[cohort].covariates if cohort in COHORTS else COVARIATES_HOSPITAL


def without_covariates(arm: Arm) -> Arm | None:
    """The arm that is the same but for the covariates; ``None`` where ``arm`` has none, or nothing else."""
    parts = tuple(part for part in arm.parts if part != "covariates")
    if (parts == arm.parts and not arm.covariates) or not (parts or arm.network):
        return None
    bare = (parts, arm.start, False)
    return next((one for one in ARMS.values() if (one.parts, one.start, one.covariates) == bare), None)


def _whole() -> None:
    if len(spellings := {view.cine for view in VIEWS.values()}) < len(VIEWS):
        raise ValueError(f"two views are called alike in manifests: {sorted(spellings)}")
    if bare := [label for label, codes in ICD10_GROUPS.items() if not codes]:
        raise ValueError(f"{MANIFESTS / 'icd10.csv'}: no code of version 10 makes the label {bare[0]!r}")
    for task in TASKS.values():
        if task.cohort not in COHORTS:
            raise ValueError(f"{task}: no cohort {task.cohort!r}; there are {', '.join(COHORTS)}")
        home = f"{task.trained_on}.{task.name}"
        if home not in TASKS or TASKS[home].kind != task.kind:
            raise ValueError(f"{task}: no task {home!r} of kind {task.kind!r} whose models could answer it")
        if not COHORTS[task.trained_on].split:
            raise ValueError(f"{task}: {task.trained_on} has no training part")
    for arm in ARMS.values():
        if (bare := without_covariates(arm)) and bare.colour != arm.colour:
            raise ValueError(f"{arm} has another colour than the same arm without covariates, {bare}")
        if arm.network and arm.start not in ("random", "masked", *ALIGNMENTS):
            raise ValueError(f"{arm}: no network {arm.start!r} of chapter 03 to start from")
        if bool(arm.parts) == arm.network:
            raise ValueError(f"{arm}: an arm is either a readout of parts or a network with a start")
        if unknown := set(arm.tasks or ()) - set(TASKS):
            raise ValueError(f"{arm}: no task {sorted(unknown)[0]!r}")


_whole()
