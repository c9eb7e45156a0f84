"""The book as one graph: each chapter is a notebook that papermill runs, then come the pages.

    snakemake --cores all --config profile=quick          (or: make book PROFILE=quick)
    snakemake --executor slurm --jobs 20 --config profile=full run=full parts=20

config: profile (a name or a YAML file), run (its folder under runs/; default: the name of the profile or of its file), runs (the folder
of runs; default: $CARDIACNETS_RUNS or runs/), manifests (the folder that describes real cohorts; default: all are
simulated), parts (jobs over which each large cohort's reading and cleaning are scattered; default: 1, both are done
in their chapters).
"""

import json
import os
import shlex
from pathlib import Path

from snakemake.exceptions import WorkflowError

from cardiacnets.profile import load_profile
from cardiacnets.reach import library
from cardiacnets.run import ARTEFACTS, name_of
from cardiacnets.run import CHAPTERS as NEEDED
from cardiacnets.study import SPLIT_COHORTS

for name in ("profile", "run", "runs", "manifests"):
    if not isinstance(config.get(name) or "", str):
        text = f"--config {name}='\"...\"'"
        raise WorkflowError(f"{name}={config[name]} was read as a number or a truth value: write it as text, {text}")
PROFILE = config.get("profile") or "quick"
RUN = config.get("run") or name_of(PROFILE)
RUNS = config.get("runs") or os.environ.get("CARDIACNETS_RUNS") or "runs"
REAL = config.get("manifests") or ""
PARTS = str(1 if config.get("parts") in (None, "") else config["parts"])
if not PARTS.isdecimal() or int(PARTS) < 1:
    raise WorkflowError(f"parts={PARTS}: give a whole number, 1 or more")
PARTS = int(PARTS)
FOLDER = f"{RUNS}/{RUN}"
BUILDER = os.getpid()
PROFILE_FILE = PROFILE if PROFILE.endswith((".yaml", ".yml")) else f"cardiacnets/profiles/{PROFILE}.yaml"

# chapter: (chapters it needs, threads). Where the profile has several processes, a chapter that makes artefacts fills
# two cores with them, so that 04 and 05 take turns.
FITTING = min(2, load_profile(PROFILE_FILE).processes)
NOTEBOOKS = {name[:2]: name for name in NEEDED if Path("notebooks", f"{name}.ipynb").is_file()}
CHAPTERS = {
    name[:2]: ([other[:2] for other in needs], FITTING if name in ARTEFACTS.values() else 1)
    for name, needs in NEEDED.items()
    if name[:2] in NOTEBOOKS
}

LONGEST = {"09": 2, "06": 1}
"""Of the chapters that nothing but the pages waits for, those that begin first because they take longest."""

# chapter whose work is scattered: (a part's command, the module it is from, its own arguments, cohorts)
SCATTERED = {}
if PARTS > 1:
    SCATTERED["01"] = ("preprocess", "cardiacnets.cohorts.preprocessing", "", SPLIT_COHORTS)
if PARTS > 1 and REAL:
    from cardiacnets.cohorts.studied import load_manifests  # readers of every format: seconds to import

    real = sorted(load_manifests(REAL).keys() & set(SPLIT_COHORTS))
    SCATTERED["00"] = ("read", "cardiacnets.cohorts.studied", f"--manifests {shlex.quote(REAL)}", real)

MANIFESTS = sorted(
    str(path) for folder in ["data_manifests", *filter(None, [REAL])] for path in Path(folder).iterdir() if path.is_file()
)
PROSE = ["_config.yml"] + sorted(str(path) for path in Path("book").rglob("*") if path.is_file())


def cells(number):
    """The code cells of a chapter."""
    notebook = json.loads(Path("notebooks", NOTEBOOKS[number] + ".ipynb").read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def executed(number):
    return f"{FOLDER}/notebooks/{NOTEBOOKS[number]}.ipynb"


def recorded(number):
    return f"{FOLDER}/results/{number}.json"


def parts(number):
    """Stamps of the jobs whose work a chapter gathers. They stay, what the jobs made does not: it is no output here."""
    command, _, _, cohorts = SCATTERED.get(number, ("", "", "", []))
    return [f"{FOLDER}/parts/{command}/{cohort}/{part}_of_{PARTS}" for cohort in cohorts for part in range(1, PARTS + 1)]


rule book:
    input:
        FOLDER + "/book/index.html",


for number, (needs, cores) in CHAPTERS.items():

    rule:
        name:
            f"chapter_{NOTEBOOKS[number]}"
        input:
            notebook=f"notebooks/{NOTEBOOKS[number]}.ipynb",
            profile=PROFILE_FILE,
            earlier=[recorded(other) for other in needs if other in CHAPTERS],
            library=library(*cells(number)),
            manifests=MANIFESTS,
            parts=parts(number),
        output:
            notebook=executed(number),
            results=recorded(number),
        params:
            profile=PROFILE,
            run=RUN,
            unfinished=f"{FOLDER}/notebooks/unfinished/{NOTEBOOKS[number]}.ipynb",
            cores=cores,
            # chapter 00 stores the cohorts; the others read from there which of them are real
            more=f"-r manifests {shlex.quote(REAL)}" if number == "00" and REAL else "",
        threads: cores
        priority: LONGEST.get(number, 0)
        shell:
            # papermill writes while it runs: under another name, so that what stands here is whole.
            # Threads are fixed by the chapter, not by the machine, so that results repeat.
            """
            mkdir -p "$(dirname {params.unfinished:q})"
            export OMP_NUM_THREADS={params.cores} MKL_NUM_THREADS={params.cores} OPENBLAS_NUM_THREADS={params.cores}
            export CARDIACNETS_RUNS={RUNS:q} CARDIACNETS_BUILDER={BUILDER} PYTHONHASHSEED=0
            papermill {input.notebook:q} {params.unfinished:q} --engine chapter --no-progress-bar --kernel python3 \
                --log-level WARNING -r profile {params.profile:q} -r run {params.run:q} {params.more}
            mv {params.unfinished:q} {output.notebook:q}
            """


for number, (command, module, more, _) in SCATTERED.items():

    rule:
        name:
            f"{command}_part"
        input:
            profile=PROFILE_FILE,
            earlier=[recorded(other) for other in CHAPTERS[number][0]],
            library=library(f"import {module}"),
            manifests=MANIFESTS,
        output:
            touch(f"{FOLDER}/parts/{command}/{{cohort}}/{{part}}_of_{PARTS}"),
        params:
            profile=PROFILE,
            run=RUN,
            command=command,
            more=more,
        threads: 1
        shell:
            """
            export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TQDM_DISABLE=1
            export CARDIACNETS_RUNS={RUNS:q} CARDIACNETS_BUILDER={BUILDER} PYTHONHASHSEED=0
            python -m cardiacnets {params.command} {wildcards.cohort} --part {wildcards.part}/{PARTS} {params.more} \
                --profile {params.profile:q} --run {params.run:q}
            """


rule pages:
    input:
        notebooks=[executed(number) for number in CHAPTERS],
        results=[recorded(number) for number in CHAPTERS],
        prose=PROSE,
        library=library("import cardiacnets.report.pages"),
    output:
        FOLDER + "/book/index.html",
    params:
        profile=PROFILE,
        run=RUN,
    shell:
        """
        export CARDIACNETS_RUNS={RUNS:q}
        python -m cardiacnets.report.pages --profile {params.profile:q} --run {params.run:q}
        """
