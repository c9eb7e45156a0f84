"""The book as one graph: each chapter is a notebook that papermill runs, then come the pages.

    snakemake --cores all --config profile=quick          (or: make book PROFILE=quick)
    snakemake --executor slurm --jobs 20 --config profile=full run=full

config: profile (a name or a YAML file), run (its folder under runs/; default: the profile's name), runs (the folder
of runs; default: $CARDIACNETS_RUNS or runs/).
"""

import os
from pathlib import Path

PROFILE = str(config.get("profile") or "quick")
RUN = str(config.get("run") or Path(PROFILE).stem)
RUNS = str(config.get("runs") or os.environ.get("CARDIACNETS_RUNS") or "runs")
FOLDER = f"{RUNS}/{RUN}"
BUILDER = os.getpid()
PROFILE_FILE = PROFILE if PROFILE.endswith((".yaml", ".yml")) else f"cardiacnets/profiles/{PROFILE}.yaml"

# chapter: (chapters it needs, threads, rooms of the library it uses)
SIGNALS = ["ecg", "cmr", "digital_heart"]
LEARNING = SIGNALS + ["cohorts", "models", "training", "experiments", "statistics"]
CHAPTERS = {
    "00": ([], 2, SIGNALS + ["cohorts", "statistics", "experiments"]),
    "01": (["00"], 2, SIGNALS + ["cohorts"]),
    "02": (["01"], 2, LEARNING),
    "03": (["02"], 2, LEARNING),
    "04": (["03"], 1, LEARNING),
    "05": (["03"], 1, LEARNING),
    "06": (["05"], 1, ["statistics"]),
    "07": (["04", "05"], 1, ["cmr", "ecg", "statistics", "experiments"]),
    "08": (["04", "05"], 1, ["cmr", "ecg", "models", "experiments"]),
}
NOTEBOOKS = {path.name[:2]: path.stem for path in sorted(Path("notebooks").glob("[0-9][0-9]_*.ipynb"))}
CHAPTERS = {number: needs for number, needs in CHAPTERS.items() if number in NOTEBOOKS}

# what a chapter's own output goes through, and what only the pages go through
SHOWN = [f"cardiacnets/report/{name}.py" for name in ("chapter", "exhibits", "provenance", "results")]
PAGED = sorted(str(path) for path in Path("cardiacnets/report").glob("*.py") if str(path) not in SHOWN)
GROUND = sorted(str(path) for path in Path("cardiacnets").glob("*.py") if path.name != "__main__.py")
MANIFESTS = sorted(str(path) for path in Path("data_manifests").iterdir() if path.is_file())
PROSE = ["_config.yml"] + sorted(str(path) for path in Path("book").rglob("*") if path.is_file())


def room(name):
    """The source files of one room of the library."""
    return sorted(str(path) for path in Path("cardiacnets", name).rglob("*.py"))


def executed(number):
    return f"{FOLDER}/notebooks/{NOTEBOOKS[number]}.ipynb"


def recorded(number):
    return f"{FOLDER}/results/{number}.json"


rule book:
    input:
        FOLDER + "/book/index.html",


for number, (needs, cores, rooms) in CHAPTERS.items():

    rule:
        name:
            f"chapter_{NOTEBOOKS[number]}"
        input:
            notebook=f"notebooks/{NOTEBOOKS[number]}.ipynb",
            profile=PROFILE_FILE,
            earlier=[recorded(other) for other in needs if other in CHAPTERS],
            library=[file for name in rooms for file in room(name)] + GROUND + SHOWN,
            manifests=MANIFESTS,
        output:
            notebook=executed(number),
            results=recorded(number),
        params:
            profile=PROFILE,
            run=RUN,
            unfinished=f"{FOLDER}/notebooks/unfinished/{NOTEBOOKS[number]}.ipynb",
            cores=cores,
        threads: cores
        shell:
            # papermill writes while it runs: under another name, so that what stands here is whole.
            # Threads are fixed by the chapter, not by the machine, so that results repeat.
            """
            mkdir -p $(dirname {params.unfinished:q})
            export OMP_NUM_THREADS={params.cores} MKL_NUM_THREADS={params.cores} OPENBLAS_NUM_THREADS={params.cores}
            export CARDIACNETS_RUNS={RUNS:q} CARDIACNETS_BUILDER={BUILDER} PYTHONHASHSEED=0
            papermill {input.notebook:q} {params.unfinished:q} --engine chapter --no-progress-bar --kernel python3 \
                --log-level WARNING -p profile {params.profile:q} -p run {params.run:q}
            mv {params.unfinished:q} {output.notebook:q}
            """


rule pages:
    input:
        notebooks=[executed(number) for number in CHAPTERS],
        results=[recorded(number) for number in CHAPTERS],
        prose=PROSE,
        library=PAGED,
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
