"""The audit of anyone's embeddings: what a vector a person knows, read out linearly, beside its controls.

Two files. *Embeddings*, one row a participant: Parquet with columns ``participant`` and ``e0, e1, ...``, or
an ``.npz`` with arrays ``participant (n,)`` and ``embedding (n, D)``. Beside them may stand the embedding of
the same person's picture, ``p0, p1, ...`` or ``partner (n, D)``, for retrieval, and ``split``. *Truths*,
Parquet or CSV: ``participant``, covariates by name, and truths, a column each: 0 and 1 are a disease,
anything else a value; NaN is not known.

A ridge regression reads every truth from the embedding, from *strangers'* embeddings (each person is given
somebody else's), from *covariates* alone, and from covariates beside either. With a ``split`` it is fitted on
all but the test people; without one in five folds, each person scored by the other four. What follows are the
paired comparisons of :func:`cardiacnets.predictions.audit.audit` on the same people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
from sklearn.linear_model import RidgeCV

from cardiacnets.predictions.audit import RESAMPLES, SEED, Roles, audit, in_lines
from cardiacnets.statistics import wilson_interval

FOLDS = 5
FEWEST = 50
"""People, below which a readout with intervals is not worth its name."""
PENALTIES = tuple(10.0**power for power in range(0, 6))
PLACES = (1, 5, 10)
PERSON, SPLIT = "participant", "split"


@dataclass(frozen=True)
class Embeddings:
    """One row a person: ``people (n,)`` as text, ``vectors (n, D)``, ``partners (n, D)`` or None, ``tested
    (n,)``, or None where the file has no split.
    """

    people: np.ndarray
    vectors: np.ndarray
    partners: np.ndarray | None = None
    tested: np.ndarray | None = None


@dataclass(frozen=True)
class EmbeddingAudit:
    """``rows`` as :func:`~cardiacnets.predictions.audit.audit` has them, with ``read``: what the truths were
    read from; ``retrieval``, a row a place (empty without partners); ``left_out``: people in one file only.
    """

    rows: pd.DataFrame
    retrieval: pd.DataFrame
    left_out: int


def holds_embeddings(path: Path) -> bool:
    """Whether a file is one of embeddings, by its name or its columns."""
    if path.suffix == ".npz":
        return True
    try:
        return "e0" in pyarrow.parquet.read_schema(path).names
    except (OSError, pyarrow.ArrowInvalid):
        return False  # its own reader says what is wrong


def read_embeddings(path: Path) -> Embeddings:
    """The embeddings at ``path``; ``ValueError`` naming the file, and the column, row or person at fault."""
    try:
        columns = _arrays(path) if path.suffix == ".npz" else _columns(path)
        return _checked(**columns)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def read_truths(path: Path, covariates: Sequence[str] = ()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Truths and ``covariates``, each indexed by participant; ``ValueError`` as for embeddings."""
    try:
        table = pd.read_csv(path, dtype={PERSON: str}) if path.suffix == ".csv" else pd.read_parquet(path)
    except (OSError, ValueError, pyarrow.ArrowInvalid) as error:
        raise ValueError(f"{path}: no readable table ({error})") from None
    if missing := [name for name in (PERSON, *covariates) if name not in table]:
        there = ", ".join(map(str, table.columns))
        raise ValueError(f"{path}: no column {', '.join(map(repr, missing))}; there are {there}")
    table = table.assign(**{PERSON: table[PERSON].astype(str)})
    _refuse_doubled(table[PERSON], path)
    table = table.set_index(PERSON)
    for name in table:
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise ValueError(
                f"{path}: column {name!r} holds no numbers; leave it out, or write it in numbers"
            )
    truths, beside = table.drop(columns=list(covariates)).astype(float), table[list(covariates)].astype(float)
    if truths.empty or not len(truths.columns):
        raise ValueError(f"{path}: no truths beside {PERSON!r} and covariates")
    if np.isinf(table.to_numpy(float)).any():
        name = table.columns[np.isinf(table.to_numpy(float)).any(axis=0).argmax()]
        raise ValueError(f"{path}: column {name!r} holds infinity; leave empty what is not known")
    return truths, beside


def audit_embeddings(
    embeddings: Embeddings, truths: pd.DataFrame, covariates: pd.DataFrame, resamples: int = RESAMPLES
) -> EmbeddingAudit:
    """The book's table for these embeddings; see this module.

    ``truths`` and ``covariates`` (which may have no column) are indexed by participant. Raises ``ValueError``
    for fewer than :data:`FEWEST` people in both files, fewer than that to learn from, and a truth that is the
    same for everyone.
    """
    place = pd.Series(np.arange(len(embeddings.people)), index=embeddings.people)
    common = [person for person in embeddings.people if person in truths.index]
    if len(common) < FEWEST:
        raise ValueError(
            f"{len(common)} people have an embedding and a truth; at least {FEWEST} are needed: are the "
            "identifiers written alike in both files?"
        )
    left_out = len(set(embeddings.people) ^ set(truths.index))
    rows = place[common].to_numpy()
    truths, covariates = truths.loc[common], covariates.loc[common]
    for name in truths:
        if truths[name].nunique() < 2:
            raise ValueError(f"truth {name!r} is the same for everyone, or known of nobody: leave it out")
    tested = None if embeddings.tested is None else embeddings.tested[rows]
    folds = _folds(len(common), tested)
    vectors = embeddings.vectors[rows]
    strangers = vectors[_exchanged(len(common))]
    known = covariates.fillna(covariates.mean()).to_numpy(float)
    sources = {"embedding": vectors, "strangers": strangers}
    if known.shape[1]:
        sources |= {
            "covariates": known,
            "both": np.hstack([vectors, known]),
            "both, strangers": np.hstack([strangers, known]),
        }
    scores = {name: _read_out(features, truths.to_numpy(float), folds) for name, features in sources.items()}
    table = _open_table(np.array(common), truths, scores)
    found = [_asked(table, "embedding", ("strangers", "covariates"), resamples)]
    if "both" in sources:
        beside = Roles(model="both", covariates="covariates", strangers="both, strangers")
        found.append(_asked(table, "both", ("strangers", "covariates"), resamples, beside))
    retrieval = pd.DataFrame()
    if embeddings.partners is not None:
        shown = slice(None) if tested is None else tested
        retrieval = _retrieval(vectors[shown], embeddings.partners[rows][shown])
    return EmbeddingAudit(pd.concat(found, ignore_index=True), retrieval, left_out)


def embedding_lines(found: EmbeddingAudit) -> str:
    """The audit as text."""
    lines = []
    for read, rows in found.rows.groupby("read", sort=False):
        lines += [f"read from the {read}", in_lines(rows), ""]
    for row in found.retrieval.itertuples():
        lines.append(
            f"own partner among the first {row.place}: {row.estimate:.3f} ({row.low:.3f} to {row.high:.3f})  "
            f"n {row.n}  strangers {row.chance:.3f}"
        )
    if found.left_out:
        lines.append(f"left out: {found.left_out} people who stand in one file only")
    return "\n".join(lines).rstrip()


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
    except (OSError, BadZipFile, ValueError) as error:
        raise ValueError(f"no readable .npz of plain arrays ({error})") from None
    if missing := [name for name in (PERSON, "embedding") if name not in held]:
        raise ValueError(f"no array {', '.join(map(repr, missing))}; there are {', '.join(held)}")
    names = (PERSON, "embedding", "partner", SPLIT)
    return {name: held[name] for name in names if name in held}


def _columns(path: Path) -> dict[str, np.ndarray]:
    try:
        table = pd.read_parquet(path)
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise ValueError(f"no readable Parquet file ({error})") from None
    if missing := [name for name in (PERSON, "e0") if name not in table]:
        raise ValueError(f"no column {', '.join(map(repr, missing))}; it needs {PERSON}, e0, e1, ...")
    held = {PERSON: table[PERSON].to_numpy()}
    for name, letter in (("embedding", "e"), ("partner", "p")):
        numbered = sorted(
            (each for each in table if each[:1] == letter and each[1:].isdigit()),
            key=lambda each: int(each[1:]),
        )
        if numbered:
            texts = [each for each in numbered if not pd.api.types.is_numeric_dtype(table[each])]
            if texts:
                raise ValueError(f"column {texts[0]!r} holds no numbers")
            held[name] = table[numbered].to_numpy(float)
    return held | ({SPLIT: table[SPLIT].to_numpy()} if SPLIT in table else {})


def _checked(
    participant: np.ndarray, embedding: np.ndarray, partner: np.ndarray | None = None,
    split: np.ndarray | None = None,
) -> Embeddings:  # fmt: skip
    people = participant.astype(str).astype(object)
    _refuse_doubled(pd.Series(people))
    for name, values in (("embedding", embedding), ("partner", partner)):
        if values is None:
            continue
        if values.ndim != 2 or len(values) != len(people) or not np.issubdtype(values.dtype, np.number):
            raise ValueError(
                f"{name} has shape {values.shape} and type {values.dtype}; "
                f"it has to be numbers ({len(people)}, D)"
            )
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise ValueError(f"{name}: NaN or infinity in column {column} of participant {people[row]!r}")
    if partner is not None and partner.shape != embedding.shape:
        counts = f"partner has {partner.shape[1]} columns, embedding {embedding.shape[1]}"
        raise ValueError(f"{counts}: not one space")
    tested = None
    if split is not None:
        tested = split.astype(str) == "test"
        if not tested.any() or tested.all():
            raise ValueError("column 'split' needs people of the split 'test' and others to learn from")
    return Embeddings(
        people, embedding.astype(float), None if partner is None else partner.astype(float), tested
    )


def _refuse_doubled(people: pd.Series, path: Path | None = None) -> None:
    if people.duplicated().any():
        start = "" if path is None else f"{path}: "
        who = people[people.duplicated()].iloc[0]
        raise ValueError(f"{start}participant {who!r} stands twice: give one row a person, such as the mean")


def _exchanged(count: int) -> np.ndarray:
    """Places of ``count`` people, each given another's: around a circle in random order."""
    order = np.random.default_rng(SEED).permutation(count)
    given = np.empty(count, int)
    given[order] = np.roll(order, 1)
    return given


def _folds(count: int, tested: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Who is learned from and who is scored, as places."""
    if tested is None:
        fold = np.random.default_rng(SEED).permutation(count) % FOLDS
        return [(np.flatnonzero(fold != each), np.flatnonzero(fold == each)) for each in range(FOLDS)]
    learned = np.flatnonzero(~tested)
    if min(len(learned), tested.sum()) < FEWEST // FOLDS:
        raise ValueError(
            f"{len(learned)} people to learn from and {tested.sum()} to test on have a truth; at least "
            f"{FEWEST // FOLDS} of each are needed"
        )
    return [(learned, np.flatnonzero(tested))]


def _read_out(
    features: np.ndarray, truth: np.ndarray, folds: Sequence[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Ridge scores (n, truths), NaN for who is not scored; a truth that is not known counts as the mean."""
    scores = np.full(truth.shape, np.nan)
    for learned, scored in folds:
        centre, spread = features[learned].mean(axis=0), features[learned].std(axis=0).clip(1e-9)
        mean, size = np.nanmean(truth[learned], axis=0), np.nanstd(truth[learned], axis=0).clip(1e-12)
        targets = np.nan_to_num((truth[learned] - mean) / size)
        fit = RidgeCV(PENALTIES).fit((features[learned] - centre) / spread, targets)
        told = fit.predict((features[scored] - centre) / spread).reshape(len(scored), -1)
        scores[scored] = told * size + mean
    return scores


def _open_table(people: np.ndarray, truths: pd.DataFrame, scores: dict[str, np.ndarray]) -> pd.DataFrame:
    """Scores of everyone who was scored in the open shape: a task a disease, one for all values."""
    scored = np.isfinite(next(iter(scores.values()))).all(axis=1)
    parts = []
    for place, name in enumerate(truths):
        truth = truths[name].to_numpy()
        disease = set(truth[np.isfinite(truth)]) <= {0.0, 1.0}
        rows = scored & np.isfinite(truth) if disease else scored
        for arm, told in scores.items():
            parts.append(pd.DataFrame({
                "participant": people[rows], "recording": people[rows], "cohort": "embeddings",
                "task": name if disease else "values", "kind": "binary" if disease else "values",
                "output": name,
                "arm": arm, "training": 1, "split": "test", "truth": truth[rows], "score": told[rows, place],
            }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _asked(
    table: pd.DataFrame, model: str, against: Sequence[str], resamples: int, roles: Roles | None = None
) -> pd.DataFrame:
    """The rows of one source's audit: its own number and what it is worth against the controls there are."""
    roles = roles or Roles(model=model, strangers="strangers", covariates="covariates")
    rows = audit(table, roles, resamples)
    there = {"", *(role for role in against if getattr(roles, role) in set(table["arm"]))}
    words = {"embedding": "embedding", "both": "embedding beside covariates"}[model]
    kept = rows[rows["against"].isin(there)]
    return kept.assign(read=words, task=kept["task"].str.removeprefix("embeddings."))


def _retrieval(vectors: np.ndarray, partners: np.ndarray) -> pd.DataFrame:
    """How many find their own partner among the first places by cosine, with Wilson's interval, and what
    strangers, whose place is chance's, would.
    """
    one, other = (
        rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-12) for rows in (vectors, partners)
    )
    alike = one @ other.T  # (n, n)
    ranks = 1 + (alike > np.diag(alike)[:, None]).sum(axis=1)
    count = len(ranks)
    rows = [
        {"place": place, "chance": min(1.0, place / count)}
        | wilson_interval(int((ranks <= place).sum()), count).row()
        for place in PLACES
    ]
    return pd.DataFrame(rows)
