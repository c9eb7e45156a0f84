"""The audit of a cross-modal claim, for anyone's predictions: what must stand beside a model's number.

A model that was aligned to pictures is asked, on the same people and with paired intervals: is it better than
*covariates* alone, than a *classical* model of the same ECG, than the same model aligned to *strangers'*
pictures, and how far towards the *oracle* does it get? What the file does not hold is named as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from cardiacnets.predictions.estimable import judged
from cardiacnets.predictions.open_table import TaskScores, scores_of, tasks_of
from cardiacnets.statistics import (
    Comparison,
    Estimate,
    auc_difference,
    auc_interval,
    bootstrap_correlations,
    pearson,
)
from cardiacnets.statistics.in_words import in_words
from cardiacnets.statistics.trainings import trained_once, with_trainings, without_each

RESAMPLES = 2000
SEED = 1


@dataclass(frozen=True)
class Roles:
    """Which arm of the table is which; the names of this book by default."""

    model: str = "aligned"
    ecg_only: str = "ecg"
    covariates: str = "covariates"
    classical: str = "classical"
    strangers: str = "permuted"
    oracle: str = "causes"

    def others(self) -> Iterator[tuple[str, str]]:
        """Each other role, in words, and the arm that plays it."""
        for role in fields(self)[1:]:
            yield role.name.replace("_", "-"), getattr(self, role.name)


def audit(table: pd.DataFrame, roles: Roles | None = None, resamples: int = RESAMPLES) -> pd.DataFrame:
    """A row for each task, output and question asked of ``roles.model``, on the test split.

    Columns: ``task, output, against`` (a role; empty for the model's own number), ``metric`` (``auc`` or
    ``mean r``), ``estimate, low, high, n, method``, ``pvalue``, ``low_training, high_training`` (the smallest
    and largest over trainings of the model), ``share_of_oracle`` and ``words``. Several trainings of an arm
    are averaged first, and the intervals of differences hold their spread
    (:func:`cardiacnets.statistics.trainings.with_trainings`); of a model that was trained once, the method
    says that they cannot. Outputs of a task of classes are each
    judged against the rest. Raises ``ValueError`` if no task holds the model.
    """
    roles = roles or Roles()
    there = list(dict.fromkeys(table["arm"]))
    if roles.model not in there:
        raise ValueError(f"no arm {roles.model!r} to audit; there are {', '.join(map(str, there))}")
    rows: list[dict] = []
    for cohort, task in tasks_of(table):
        part = table[(table["cohort"] == cohort) & (table["task"] == task)]
        if roles.model in set(part["arm"]) and (part["split"] == "test").any():
            rows += _audited(f"{cohort}.{task}", scores_of(part, cohort, task), roles, resamples)
    if not rows:
        raise ValueError(f"arm {roles.model!r} has no row of the test split")
    return pd.DataFrame(rows)


def in_lines(rows: pd.DataFrame) -> str:
    """The rows of :func:`audit` as text, a block a task and output."""
    lines: list[str] = []
    for row in rows.itertuples():
        shown = "" if np.isnan(row.estimate) else f"{row.estimate:+.3f} ({row.low:+.3f} to {row.high:+.3f})  "
        if not row.against:
            output = "" if row.output in ("", row.task.split(".")[-1]) else f", {row.output}"
            lines.append(
                f"{row.task}{output}: {row.metric} {shown.replace('+', '')}".rstrip()
                + (f"  n {row.n:.0f}" if shown else f"  {row.words}")
            )
            if row.high_training > row.low_training:
                lines.append(f"    single trainings {row.low_training:.3f} to {row.high_training:.3f}")
            if not np.isnan(row.share_of_oracle):
                lines.append(f"    {row.share_of_oracle:.0%} of the oracle")
        else:
            lines.append(f"    less {row.against:<11}{shown}{row.words}")
    return "\n".join(lines)


def _audited(task: str, scores: TaskScores, roles: Roles, resamples: int) -> Iterator[dict]:
    if scores.kind == "values":
        judges = [_Correlations(scores, roles, resamples)]
    else:
        judges = [_Areas(scores, place) for place in range(len(scores.outputs))]
    for judge in judges:
        head = {"task": task, "output": judge.output, "metric": judge.metric}
        own = judged(lambda judge=judge: judge.value(roles.model))
        yield (
            head
            | {"against": "", "words": own["why"]}
            | own
            | judge.spread(roles.model)
            | {"share_of_oracle": judge.share_of_oracle(roles)}
        )
        for role, arm in roles.others():
            row = head | {"against": role}
            if arm not in scores.scores:
                yield row | {"words": f"missing: no arm {arm!r}"}
                continue
            try:
                found = judge.difference(roles.model, arm)
            except ValueError as error:
                yield row | {"words": f"not estimable: {error}"}
                continue
            words = in_words(found, f"better than {role}", f"worse than {role}", f"no difference from {role}")
            once = len(scores.scores[roles.model]) == 1
            yield row | (trained_once(found) if once else found).row() | {"words": words}


def _over_trainings(
    found: Comparison, scores: TaskScores, arms: tuple[str, str], measure: Callable[[np.ndarray], float]
) -> Comparison:
    """``found``, the first of ``arms`` less the second by ``measure`` of (n, outputs), over trainings too."""
    left_out = []
    for arm, sign in zip(arms, (1, -1), strict=True):
        if len(each := scores.scores[arm]) > 1:
            whole = measure(each.mean(axis=0))
            left_out.append([found.estimate + sign * (measure(one) - whole) for one in without_each(each)])
    return with_trainings(found, left_out)


class _Areas:
    """AUCs of one output against all others."""

    metric = "auc"

    def __init__(self, scores: TaskScores, place: int):
        self.scores, self.place, self.output = scores, place, scores.outputs[place]
        self.truth = scores.truth[:, place]

    def _of(self, arm: str) -> np.ndarray:
        return self.scores.averaged(arm)[:, self.place]

    def value(self, arm: str) -> Estimate:
        return auc_interval(self.truth, self._of(arm), clusters=self.scores.clusters)

    def difference(self, arm: str, other: str) -> Comparison:
        found = auc_difference(self.truth, self._of(arm), self._of(other), clusters=self.scores.clusters)
        return _over_trainings(found, self.scores, (arm, other), self._auc)

    def _auc(self, scores: np.ndarray) -> float:
        return auc_interval(self.truth, scores[:, self.place]).estimate

    def spread(self, arm: str) -> dict[str, float]:
        try:
            single = [
                auc_interval(self.truth, one[:, self.place]).estimate for one in self.scores.scores[arm]
            ]
        except ValueError:
            return {}
        return {"low_training": min(single), "high_training": max(single)}

    def share_of_oracle(self, roles: Roles) -> float:
        if roles.oracle not in self.scores.scores:
            return np.nan
        try:
            model, oracle = (self.value(arm).estimate - 0.5 for arm in (roles.model, roles.oracle))
        except ValueError:
            return np.nan
        return model / oracle if oracle > 0 else np.nan


class _Correlations:
    """Mean correlation over the values of a task."""

    metric, output = "mean r", ""

    def __init__(self, scores: TaskScores, roles: Roles, resamples: int):
        self.scores = scores
        arms = [arm for arm in (roles.model, *dict(roles.others()).values()) if arm in scores.scores]
        self.found = bootstrap_correlations(
            scores.truth, {arm: scores.averaged(arm) for arm in arms}, scores.participants, resamples, SEED
        )

    def value(self, arm: str) -> Estimate:
        return self.found.mean(arm)

    def difference(self, arm: str, other: str) -> Comparison:
        found = self.found.mean_difference(arm, other)
        return _over_trainings(found, self.scores, (arm, other), self._mean_r)

    def _mean_r(self, scores: np.ndarray) -> float:
        return float(np.nanmean(pearson(self.scores.truth, scores)))

    def spread(self, arm: str) -> dict[str, float]:
        single = [
            bootstrap_correlations(self.scores.truth, {arm: one}, self.scores.participants, 2, SEED)
            for one in self.scores.scores[arm]
        ]
        means = [float(np.nanmean(one.estimate)) for one in single]
        return {"low_training": min(means), "high_training": max(means)}

    def share_of_oracle(self, roles: Roles) -> float:
        if roles.oracle not in self.scores.scores:
            return np.nan
        oracle = self.value(roles.oracle).estimate
        return self.value(roles.model).estimate / oracle if oracle > 0 else np.nan
