"""Cards as pages: a run's networks by the cards beside their weights, its cohorts by their manifests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cardiacnets.artefacts import read_json
from cardiacnets.cohorts.counts import publishable, threshold
from cardiacnets.cohorts.manifest import Manifest, load_manifest
from cardiacnets.cohorts.studied import real_cohorts, studied_cohorts
from cardiacnets.contracts import SUBTYPES
from cardiacnets.phenotypes import MANIFESTS
from cardiacnets.report.table_words import head_words
from cardiacnets.run import SIDECAR, Run, chapter_of
from cardiacnets.study import ARMS, COHORTS, TASKS
from cardiacnets.training.checkpoints import CARD, CONFIG, WEIGHTS

PURPOSES = {
    "cmr_autoencoder": "Fills in hidden patches of cines: what hearts look like, learned without labels.",
    "cine_contrast": "Tells which films of both views show one heart; its features teach the ECG.",
    "ecg_autoencoder": "Fills in hidden patches of ECGs: a start that has met no CMR.",
    "aligner": "Brings an ECG and a cine of one person close in one space: what the study is about.",
    "video_autoencoder": "Turns a movie into a small code and back: the generator draws codes.",
    "diffusion": "Draws a movie of a heart from the tokens of an ECG.",
    "downstream": "Answers a task from an ECG.",
    "cmr_downstream": "Answers tasks from the cines of both views, fine-tuned with labels.",
}
"""What a kind of network is for, in a sentence."""

OF_A_NAME = {
    "permuted": "Trained like *aligned*, with the hearts of strangers: the negative control.",
    "video_autoencoder_brief": "Learned in a moment from nothing: stands beside weights that are given.",
    "published": "Trained like *aligned*, by the choices of the study's released code.",
}
FOLDER = re.compile(r"(.+?)(?:_(\d+))?(?:_seed(\d+))?(?:_training(\d+))?")
AGAIN = re.compile(r"_training\d+$")
"""How the folder of a network ends that is another's training with another seed."""

MODELS_HEAD = """# Model cards

The networks of this run, each by the card that lies with its weights under `runs/{run}/models`. All are
made by the chapters named here, for research and teaching. **Out of scope** for every one of them:
diagnosis, treatment, or any decision about a person; people unlike those it was trained on; ECGs of another
length, rate or lead order than [the contract](bring_your_own) says. How well they do, for whom and for whom
not: [chapter 05](05_downstream_tasks) and [chapter 09](09_left_open). What none of them can know: [limits
and ethics](limits_and_ethics).
"""
DATA_HEAD = """# Data cards

The cohorts of this run, each by its manifest and by what was stored of it. Where a cohort is simulated, no
record is of a person, and the figures published of the cohort that it stands for are said beside it. How
close the simulation comes, and where it does not: [chapter 00](00_cohorts). How a real cohort takes a
place: [bring your own](bring_your_own).
"""


def model_cards(run: Run) -> str:
    """The page of the run's networks: a card each, and a table of those that answer the tasks."""
    folders = sorted(path.parent for path in run.models.glob(f"*/{CARD}"))
    firsts = [folder for folder in folders if not AGAIN.search(folder.name)]
    cards = [_model(folder, [other for other in folders if _repeats(other, folder)]) for folder in firsts]
    return "\n".join([MODELS_HEAD.format(run=run.name), *cards, _answering(run)])


def data_cards(run: Run) -> str:
    """The page of the run's cohorts; counts of people of a restricted cohort are rounded as it asks."""
    real, twins = real_cohorts(run), _manifests_of_twins()
    known = [name for name in studied_cohorts(run) if (run.cohorts / name / SIDECAR).is_file()]
    return "\n".join([DATA_HEAD, *(_cohort(run, name, real.get(name), twins.get(name)) for name in known)])


def _model(folder: Path, again: list[Path]) -> str:
    config, sidecar = read_json(folder / CONFIG), read_json(folder / SIDECAR)
    words = OF_A_NAME.get(folder.name, PURPOSES.get(config["kind"], ""))
    chapter = chapter_of(f"models/{folder.name}")
    learned = {
        "Parameters": _of_card(folder, r"([\d,]+) parameters"),
        "Trained on": _of_card(folder, r"\*\*Trained on (.+?)\.?\*\*"),
    }
    facts = {
        "Made in": f"[chapter {chapter[:2]}]({chapter})",
        "Kind": f"`{config['kind']}`",
        "Profile": f"`{config['profile']}`",
        **(learned if learned["Parameters"] != "0" else _fixed(config["diffusion"]["pretrained_vae"])),
        "Trained again with other seeds": f"{len(again)} times" if again else "",
        "Weights": f"`{folder.name}/{WEIGHTS}`, {(folder / WEIGHTS).stat().st_size / 1e6:,.1f} MB",
        "Commit": f"`{sidecar['commit']}`" if sidecar.get("commit") else "",
    }
    return _card(folder.name, words, facts)


def _fixed(source: str) -> dict[str, str]:
    """What stands for parameters and data where patches are coded in closed form; ``source`` names the code
    that was taken, where one was.
    """
    if not source:
        return {"Parameters": "none trained by steps: a linear code, in closed form from this run's cines"}
    return {"Parameters": f"none trained here: a fixed linear code (`{source}`)"}


def _repeats(other: Path, first: Path) -> bool:
    return AGAIN.sub("", other.name) == first.name and other != first


def _answering(run: Run) -> str:
    """The networks of chapter 05, a row a task."""
    found: dict[str, list[str]] = {}
    for path in sorted(run.models.glob(f"*.*/*/{CARD}")):
        found.setdefault(path.parents[1].name, []).append(path.parent.name)
    if not found:
        return ""
    rows = [f"| {_task(task)} | {', '.join(_arms(arms))} | `{task}` |" for task, arms in found.items()]
    return (
        "## Networks that answer the tasks\n\nEach answers a task from an ECG; those that have seen the CMR "
        "(*CMR* in their name) answer from cines. Fine-tuned in [chapter 05](05_downstream_tasks), one for "
        "each task and arm, or as many as stand beside it.\n\n"
        + "| task | arms | folder |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _task(key: str) -> str:
    cohort, _, name = key.partition(".")
    if cohort not in COHORTS:
        return key
    return TASKS[key].title if key in TASKS else f"{COHORTS[cohort].title}: {name} tasks"


def _arms(names: Iterable[str]) -> list[str]:
    """Arms by their titles, with the share of the labels and how many draws and trainings there are of each.

    A folder is called ``aligned_10_seed2_training3``: arm, share in percent, draw of labels, training.
    """
    parts = [FOLDER.fullmatch(name) for name in names]
    counted: dict[tuple[str, str], list[set[str]]] = {}
    for arm, share, draw, training in (part.groups("") for part in parts):
        draws, trainings = counted.setdefault((arm, share), [set(), set()])
        draws.add(draw), trainings.add(training)
    return [_arm(*named, *map(len, counts)) for named, counts in counted.items()]


def _arm(name: str, share: str, draws: int, trainings: int) -> str:
    said = [f"{share} % of the labels"] if share else []
    said += [f"{draws} draws of labels"] * (draws > 1) + [f"{trainings} trainings"] * (trainings > 1)
    return (ARMS[name].title if name in ARMS else name) + (f" ({', '.join(said)})" if said else "")


def _cohort(run: Run, name: str, real: Manifest | None, twin: Manifest | None) -> str:
    stored = read_json(run.cohorts / name / SIDECAR)["ingredients"]
    recordings = pd.read_parquet(run.cohorts / name / "recordings.parquet", columns=["participant_id"])
    least = threshold(run, name)
    manifest, cohort = real or twin, COHORTS.get(name)
    asked = [task.title.rpartition(": ")[2] for task in TASKS.values() if task.cohort == name]
    people = publishable(recordings["participant_id"].nunique(), least)
    facts = {
        "Source": f"real, {real.title}" if real
                  else f"simulated, preset `{stored['preset']}`, seed {stored['seed']}",
        "People": f"{people:,}" + (f", to the nearest {least}" if least else ""),
        "Recordings": f"{publishable(len(recordings), least):,}",
        "CMR": ("a cine of both views beside each ECG" if cohort.cmr else "none") if cohort else "",
        "Use": ("models are trained on it: train, validation and test parts by participant" if cohort.split
                else "seen once, by models trained elsewhere") if cohort else "",
        "Asked": ", ".join(asked),
        "Covariates": ", ".join(map(head_words, cohort.covariates)) if cohort else "",
        "Access": real.access.route if real else "made by the book itself",
        "Licence": manifest.access.licence if manifest else "Apache-2.0",
        "Published of the real one": _published(manifest),
        "Manifest": f"`data_manifests/{manifest.file.name}`" if manifest and not real else "",
    }  # fmt: skip
    title = cohort.title if cohort else name
    return _card(title if real else f"{title}, simulated", "", facts)


def _manifests_of_twins() -> dict[str, Manifest]:
    """The manifests that come with the book, by the cohort that each simulates."""
    found = (load_manifest(path) for path in sorted(MANIFESTS.glob("*_simulated.yaml")))
    return {manifest.cohort: manifest for manifest in found if manifest.cohort}


def _published(manifest: Manifest | None) -> str:
    counts = manifest.published if manifest else {}
    named = {what: what.upper() if what in SUBTYPES else what.replace("_", " ") for what in counts}
    return ", ".join(f"{number:,} {named[what]}" for what, number in counts.items())


def _of_card(folder: Path, pattern: str) -> str:
    """What a card says, or nothing."""
    found = re.search(pattern, (folder / CARD).read_text(encoding="utf-8"))
    return found[1] if found else ""


def _card(title: str, words: str, facts: Mapping[str, Any]) -> str:
    return "\n".join([f"## {title}\n", *([words, ""] if words else []), *_table(facts), ""])


def _table(facts: Mapping[str, Any]) -> Iterator[str]:
    """Two columns of MyST, names heading their rows, without what is not known."""
    yield from ("```{list-table}", ":stub-columns: 1", ":widths: 35 65", "")
    yield from (f"* - {name}\n  - {value}" for name, value in facts.items() if value)
    yield "```"
