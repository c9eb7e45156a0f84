"""Tables of chapter 09 as a page shows them, and the sentences that follow from them."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pandas as pd

from cardiacnets.contracts import DIAGNOSIS_NAMES, SUBTYPES
from cardiacnets.experiments.left_open.explanations import RANDOM
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.estimate import could_show
from cardiacnets.statistics.in_words import OFTEN_LOST, side_of_zero
from cardiacnets.statistics.in_words import in_one_cell as cell
from cardiacnets.statistics.trainings import ONE_TRAINING
from cardiacnets.study import ARMS, TASKS


def key(*parts: str) -> str:
    """The key of a result from words: ``key("leads", "one (I)")`` is ``leads.one_I``."""
    return ".".join(re.sub(r"[^A-Za-z0-9.+-]+", "_", part).strip("_") for part in parts)


in_one_cell = partial(cell, digits=2)

SELDOM = 0.2
"""A rival that stands beside the model in a smaller share of the rows than this has no column of its own."""


def audited(table: pd.DataFrame) -> pd.DataFrame:
    """A row a task and output, a column each rival that many tasks have: what the model gains over it."""
    wide = _against_rivals(table)
    return wide.loc[:, (wide != "–").mean() >= SELDOM]


def seldom_asked(table: pd.DataFrame) -> str:
    """What the model gains over the rivals that few tasks have, in words: those that :func:`audited` has no
    column of.
    """
    wide = _against_rivals(table)
    shown = (wide != "–").mean()
    told = [
        f"{name}: " + ", ".join(f"{value} ({task})" for task, value in asked.items())
        for name in shown.index[shown < SELDOM]
        if len(asked := wide.set_index("task")[name].loc[lambda cells: cells != "–"])
    ]
    return "; ".join(told) or "no other"


def _against_rivals(table: pd.DataFrame) -> pd.DataFrame:
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for row in table.itertuples():
        part = f", {DIAGNOSIS_NAMES[row.output].split()[0]}" if row.output in SUBTYPES else ""
        title = TASKS[row.task].title + part
        shown = in_one_cell(row.estimate, row.low, row.high)
        told = rows.setdefault((row.task, row.output), {"task": title})
        against = row.against.replace("ecg", "ECG")
        told[f"less {against}" if against else "the model"] = shown or "–"
    return pd.DataFrame(rows.values()).fillna("–")


def audit_counts(table: pd.DataFrame) -> str:
    """In how many questions of an audit the model lies above and below its rivals, covariates apart from the
    others, for they are the least that a model has to beat; with the median of their own AUC.
    """
    asked = table[(table["against"] != "") & table["estimate"].notna()]
    told = []
    for name, part in (
        ("covariates", asked[asked["against"] == "covariates"]),
        ("the other rivals", asked[asked["against"] != "covariates"]),
    ):
        if len(part):
            above, below = int((part["low"] > 0).sum()), int((part["high"] < 0).sum())
            told.append(f"against {name} it lies above in {above} of {len(part)} questions, below in {below}")
    own = table[table["against"] == ""].set_index(["task", "output"])["estimate"]
    areas = asked[(asked["against"] == "covariates") & (asked["metric"] == "auc")]
    areas = areas.set_index(["task", "output"])["estimate"]
    alone = (own.reindex(areas.index) - areas).median()
    if np.isfinite(alone):
        told[0] += f" (they have an AUC of {alone:.2f} themselves, in the median; chance has .5)"
    return "; ".join(told) or "no rival could be asked"


def how_trained(table: pd.DataFrame) -> str:
    """In how many comparisons of an audit the interval holds trainings, as the end of a sentence that begins
    with the intervals.
    """
    once = table["method"].str.contains(ONE_TRAINING, regex=False).sum()
    if once == 0:
        return f"hold participants and trainings in all {len(table)}"
    several = f"hold participants and trainings in {len(table) - once}" if once < len(table) else ""
    alone = f"participants only in {once}, whose network was trained once: there, another may differ"
    return f"{several}, and {alone}" if several else f"hold {alone}"


def subgroups(table: pd.DataFrame) -> pd.DataFrame:
    """Every group and measure, its difference from the rest, and what such a study could show."""
    rows = []
    for row in table.itertuples():
        rows.append({
            "attribute": row.attribute,
            "group": row.group,
            "people": "few" if np.isnan(row.people) else f"{row.people:.0f}",
            "measure": {"auc": "AUC"}.get(row.metric, row.metric),
            "estimate (95 % interval)": in_one_cell(row.estimate, row.low, row.high) or row.why,
            "less the rest": in_one_cell(row.difference, row.difference_low, row.difference_high),
            "could show": "" if np.isnan(row.could_show) else f"{row.could_show:.2f}",
        })  # fmt: skip
    return pd.DataFrame(rows)


def unfair(table: pd.DataFrame, metric: str) -> str:
    """Which groups differ from the rest in ``metric``, in words that follow from the intervals."""
    judged = table[(table["metric"] == metric) & table["difference"].notna()]
    called = {"auc": "AUC"}.get(metric, metric)
    apart = judged[(judged["difference_low"] > 0) | (judged["difference_high"] < 0)]
    smallest, largest = judged["could_show"].min(), judged["could_show"].max()
    if judged.empty:
        return f"no group is large enough to compare {called}"
    made = f"of {len(judged)} comparison{'s' * (len(judged) > 1)} of a group with the rest"
    shown = f"they could show differences of {smallest:.2f} to {largest:.2f}"
    if apart.empty:
        return f"{made} none shows a difference; {shown}"
    named = "; ".join(
        f"{row.group}, {in_one_cell(row.difference, row.difference_low, row.difference_high)}"
        for row in apart.itertuples()
    )
    some = "one shows a difference" if len(apart) == 1 else f"{len(apart)} show a difference"
    return f"{made} {some} ({named}); {shown}, and one in twenty would by chance"


def predictive(table: pd.DataFrame) -> pd.DataFrame:
    """PPV by arm and setting, with how many are scanned for one found."""
    cells = [
        row.why or f"{in_one_cell(row.estimate, row.low, row.high)}, {row.scans:.0f} scans"
        for row in table.itertuples()
    ]
    head = [f"{row.setting}, {row.prevalence:.0%}" for row in table.itertuples()]
    wide = table.assign(cell=cells, head=head).pivot(index="arm", columns="head", values="cell")
    return wide.loc[list(dict.fromkeys(table["arm"])), list(dict.fromkeys(head))].reset_index()


def scans_in_words(table: pd.DataFrame, prevalence: float) -> str:
    """For each arm how many called ill are scanned for each one found where ``prevalence`` are ill, and
    whether the intervals of the last two arms overlap.
    """
    rows = table[table["prevalence"] == prevalence]
    told = [
        f"{row.arm}, {row.why}" if row.why
        else f"{row.arm}, {row.scans:.0f} (PPV {cell(row.estimate, row.low, row.high)})"
        for row in rows.itertuples()
    ]  # fmt: skip
    said = "; ".join(told)
    judged = rows.iloc[-2:]
    if len(judged) < 2 or judged["estimate"].isna().any():
        return said
    apart = judged["low"].max() > judged["high"].min()
    overlap = "do not overlap" if apart else "overlap, so the order of these two is not decided here"
    return f"{said}. The intervals of the last two {overlap}"


def new_sites(table: pd.DataFrame) -> pd.DataFrame:
    """Calibration at new sites, carried and after local labels."""
    rows = []
    for row in table.to_dict("records"):
        carried = in_one_cell(row["estimate"], row["low"], row["high"])
        told = {"site": TASKS[row["task"]].title.split(":")[0], "in the large, as carried": carried}
        if row["why"]:
            rows.append(told | {"Brier before": row["why"]})
            continue
        rows.append(told | {
            "Brier before": f"{row['brier_before']:.3f}", "Brier after": f"{row['brier_after']:.3f}",
            "slope before": f"{row['slope_before']:.2f}", "slope after": f"{row['slope_after']:.2f}",
            "draws that improve": f"{row['better']:.0%}",
        })  # fmt: skip
    return pd.DataFrame(rows).fillna("")


def mended(table: pd.DataFrame) -> str:
    """Where most draws of local labels lower the Brier score, by name."""
    judged = table[table["why"] == ""]
    if judged.empty:
        return "no site has enough people to try"
    better = [TASKS[key].title.split(":")[0] for key in judged.loc[judged["better"] > 0.5, "task"]]
    where = ", ".join(better) if better else "no site"
    return f"the Brier score falls in more than half of the draws at {where}, of {len(judged)} sites"


def leads(table: pd.DataFrame) -> pd.DataFrame:
    """What each set of leads reaches and loses, with intervals."""
    found = [in_one_cell(*each) for each in zip(table["estimate"], table["low"], table["high"], strict=True)]
    return pd.DataFrame({
        "task": [TASKS[key].title for key in table["task"]], "method": table["how"], "leads": table["leads"],
        "estimate (95 % interval)": found, "less twelve leads": _changes(table), "n": table["n"],
    })  # fmt: skip


def one_lead(table: pd.DataFrame) -> str:
    """What the aligned encoder loses with lead I alone in each task, in words."""
    rows = table[(table["leads"] == "one (I)") & table["how"].str.startswith("aligned")]
    verbs = {1: "gains", -1: "loses", 0: "is not shown to lose or gain", None: "cannot be judged"}
    said = []
    for _, row in rows.iterrows():
        change = Estimate.of(row, "change")
        task = TASKS[row["task"]]
        measure = "mean r" if task.kind == "indices" else "AUC"
        changed = cell(change.estimate, *change.interval)
        told = f"{verbs[side_of_zero(change)]} in {measure} of {task.title.split(': ')[1]}"
        said.append(f"{told} (change {changed})" if changed else told)
    return " and ".join(said) or "cannot be judged in this run"


def augmented(table: pd.DataFrame) -> pd.DataFrame:
    """What adding movies does to the readout, with intervals."""
    found = [in_one_cell(*each) for each in zip(table["estimate"], table["low"], table["high"], strict=True)]
    return pd.DataFrame({
        "added": table["added"], "movies added": table["movies"], "mean r (95 % interval)": found,
        "less nothing added": _changes(table), "n": table["n"],
    })  # fmt: skip


def augmentation_in_words(table: pd.DataFrame, added: str) -> str:
    """What the most movies of a kind do to the readout."""
    rows = table[table["added"] == added]
    change = Estimate.of(rows.iloc[-1], "change")
    verbs = {1: "raises mean r", -1: "lowers mean r", 0: "is not shown to change mean r", None: ""}
    verb = verbs[side_of_zero(change)]
    shown = cell(change.estimate, *change.interval)
    return f"{verb}: {shown}" if verb else "has an effect that cannot be judged in this run"


def _changes(table: pd.DataFrame) -> list[str]:
    """``change`` with its interval in one cell, empty where there is none."""
    return [
        in_one_cell(row.change, *row.change_interval) if isinstance(row.change_interval, tuple) else ""
        for row in table.itertuples()
    ]


def explained(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the tests of explanations, arms by their titles."""
    named = table.copy()
    for column in ("arm", "network"):
        if column in named:
            titles = {name: arm.title for name, arm in ARMS.items()}
            named[column] = named[column].replace(titles)
    found = [in_one_cell(*each) for each in zip(named["estimate"], named["low"], named["high"], strict=True)]
    kept = [name for name in ("cause", "arm", "network", "how", "hidden") if name in named]
    shown = named[kept].assign(**{"estimate (95 % interval)": found}, n=named["n"])
    return shown.rename(columns={"how": "map"})


def sanity_in_words(table: pd.DataFrame) -> str:
    """For each method whether its maps change when the weights do."""
    verbs = {
        1: "still resemble those of random weights", -1: "oppose those of random weights",
        0: "are not shown to resemble or to oppose those of random weights", None: "cannot be judged",
    }  # fmt: skip
    return "; ".join(
        f"maps of {row.how} {verbs[side_of_zero(Estimate.of(row))]}"
        f" ({in_one_cell(row.estimate, row.low, row.high) or 'not available'})"
        for row in table.itertuples()
    )


def pointing_in_words(table: pd.DataFrame, how: str) -> str:
    """Of how many diseases the trained maps point to the disease better than chance, and than no training."""
    part = table[table["how"] == how]
    trained, random = (part[part["network"] == name].set_index("cause") for name in ("aligned", RANDOM))
    chance = int((trained["low"] > 1).sum())
    better = int((trained["low"] > random.loc[trained.index, "high"]).sum())
    return f"above chance for {chance} of {len(trained)} diseases, and apart from random weights for {better}"


def hiding_in_words(table: pd.DataFrame, how: str) -> str:
    """Whether hiding what a map points at hurts the aligned network more than hiding anything else."""
    rows = table[(table["how"] == how) & (table["arm"] == "aligned")]
    worse, n = int((rows["low"] > 0).sum()), len(rows)
    return f"at {worse} of {n} shares the score falls further than when as much at random is hidden"


def nearest(table: pd.DataFrame) -> pd.DataFrame:
    """Neighbours of drawn and of real movies."""
    found = [in_one_cell(*each) for each in zip(table["estimate"], table["low"], table["high"], strict=True)]
    return pd.DataFrame({
        "view": table["view"], "movies": table["kind"], "nearest is a training movie": found,
        "distance, grey levels": table["distance"].round(1), "n": table["n"],
    })  # fmt: skip


def attacks(members: pd.DataFrame) -> pd.DataFrame:
    """Rows of the attacks on the networks, with intervals."""
    ends = zip(members["estimate"], members["low"], members["high"], strict=True)
    found = [in_one_cell(*each) for each in ends]
    return pd.DataFrame({"attack": members["attack"], "AUC (95 % interval)": found, "n": members["n"]})


def kept_private(members: pd.DataFrame) -> str:
    """What follows from attacks on the networks (AUC ``estimate, low, high`` each) for sharing their weights,
    as a sentence.
    """
    judged = members[members["low"].notna()]
    told = int((judged["low"] > 0.5).sum())
    if judged.empty:
        return "No attack could be tried in this run."
    if told == 0:
        return (
            "No attack tells the training people from others: these attacks on these people found nothing, "
            "which is not to say that nothing is there."
        )
    which = "Every attack tells" if told == len(judged) else f"{told} of {len(judged)} attacks tell"
    return f"{which} the training people from others: with real people these weights could not be shared."


def leaks(found: pd.DataFrame) -> str:
    """How many rows lie above .5, where nothing leaks, with their whole interval, named."""
    name = "attack" if "attack" in found else "view"
    above = found[found["low"] > 0.5]
    if above.empty:
        widest = could_show((found["low"], found["high"])).max()
        return f"none of {len(found)} lies above 0.5; an excess below about {widest:.2f} {OFTEN_LOST}"
    return (
        "above 0.5: "
        + "; ".join(
            f"{getattr(row, name)}, {in_one_cell(row.estimate, row.low, row.high)}"
            for row in above.itertuples()
        )
    )
