"""Every command that the documents print is run as printed, in a new shell, at the size of the smoke book.

A block of the language ``bash`` is what a reader copies. A command within a line (between backticks) counts
as well. Blocks run in a copy of the repository, as a fresh clone would be, whose run is the smoke book's;
``SMALLER`` says what is made smaller, and ``ELSEWHERE`` which command another test runs.
"""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pytest

from cardiacnets.profile import load_profile

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", *(f"book/{name}.md" for name in
             ("how_to_read", "rerunning", "teaching", "bring_your_own")))  # fmt: skip
STARTS = r"(?:\.venv/bin/)?(?:make|papermill|snakemake|python|accelerate|torchrun|jupyter)"
INLINE = re.compile(rf"`({STARTS} [^`]+)`")
PLANNED = "dry run"
"""In a command's comment: the tests plan it and compute nothing."""

BOOK = "tests/book/test_commands.py::"
PRESET = BOOK + "test_a_profile_of_another_preset_differs_in_nothing_else"
GRAPH = "tests/house/test_graph.py::test_only_what_is_trained_on_is_scattered_and_only_if_asked"
OWN_ECG = "tests/book/test_chapters_alone.py::test_an_ecg_of_ones_own_goes_through_the_whole_chain"
PEOPLE = "tests/book/test_chapters_alone.py::test_people_read_a_kit_and_the_reader_study_is_about_them"
REAL = "tests/book/test_real_book.py::test_every_chapter_and_page_is_there"
LAYOUT = "tests/cohorts/test_export.py::test_the_command_exports_what_the_check_accepts"
TWO = "tests/experiments/test_pipeline.py::test_two_processes_train_what_one_trains_and_leave_one_network"

ELSEWHERE = {
    ".venv/bin/python -m ruff check .": "tests/house/test_house.py::test_code_and_notebooks_are_clean",
    ".venv/bin/python -m cardiacnets weights FOLDER":
        "tests/experiments/test_shipped_weights.py::"
        "test_the_command_learns_weights_that_rebuild_hearts_and_says_how_well",
    ".venv/bin/python -m cardiacnets student autumn":
        "tests/teaching/test_instructors_guide.py::test_make_student_calls_what_the_guide_says",
    'make lab LAB="--no-browser --allow-root"':
        BOOK + "test_the_laboratory_opens_on_the_notebooks_with_the_books_own_kernel",
    "make lab": BOOK + "test_the_laboratory_opens_on_the_notebooks_with_the_books_own_kernel",
    "make test": BOOK + "test_make_test_runs_the_tests",
    "make pdf": "tests/report/test_pdf.py::test_the_book_is_printed_beside_its_pages_and_linked_once",
    ".venv/bin/papermill notebooks/06_statistics.ipynb out.ipynb -p profile quick":
        "tests/book/test_chapters_alone.py::test_a_chapter_repeats_its_numbers",
    ".venv/bin/papermill notebooks/08_your_own_ecg.ipynb mine.ipynb -p profile quick "
    "-p ecg_path my_record.hea":
        OWN_ECG,
    ".venv/bin/python -m cardiacnets reader-kit class --profile quick --cases 20 --washout 0": PEOPLE,
    ".venv/bin/papermill notebooks/07_reader_study.ipynb class.ipynb -p profile quick -p ratings answers "
    "-p key class-key.csv": PEOPLE,
    "ACCELERATE_USE_CPU=true torchrun --standalone --nproc-per-node 2 -m cardiacnets train cmr_autoencoder "
    "--profile smoke": TWO,
    ".venv/bin/python -m cardiacnets check my_folder/ukb.yaml": LAYOUT,
    ".venv/bin/python -m cardiacnets export --as mimic_iv_ecg --n 1000 trial": REAL,
    "make book MANIFESTS=my_folder": REAL,
    "make book PROFILE=full MANIFESTS=my_folder": REAL,
    "make book PROFILE=smoke MANIFESTS=trial": REAL,
    "make book PROFILE=full MANIFESTS=my_folder PARTS=8": GRAPH,
    "make book PARTS=20": GRAPH,
    "snakemake --executor slurm --jobs 20 --config profile=full manifests=my_folder": GRAPH,
    "snakemake --executor slurm --jobs 20 --config profile=full manifests=my_folder parts=20": GRAPH,
    "make book PROFILE=ukb_like.yaml RUN=ukb_like": PRESET,
    "make compare A=runs/quick B=runs/ukb_like FORCE=1":
        "tests/report/test_compare.py::test_runs_that_differ_in_more_than_their_seeds_are_refused_unless_forced",
    "make book PROFILE=mine.yaml RUN=mine": BOOK + "test_the_blocks_of_a_document_run",
    "make book PROFILE=full RUN=mine":
        "tests/report/test_build.py::test_a_run_name_reaches_the_graph_as_text",
    "make PYTHON=python3.11 book": BOOK + "test_the_blocks_of_a_document_run",
}  # fmt: skip
"""Commands that a test elsewhere runs (in its own way where it needs files that a reader brings)."""


class Command(NamedTuple):
    document: str
    line: str
    """As it is printed, without its comment."""
    planned: bool


def blocks(document: str) -> list[list[Command]]:
    """The blocks of a document, each a list of the commands that stand in it."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        lines = [line.partition(" #") for line in block.replace("\\\n", " ").splitlines() if line.strip()]
        found.append([Command(document, line.strip(), PLANNED in comment) for line, _, comment in lines])
    return found


def inline(document: str) -> list[Command]:
    """Commands between backticks within a document's lines."""
    text = re.sub(
        r"^```.*?^```", "", (REPOSITORY / document).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    found = [" ".join(each.split()) for each in INLINE.findall(text)]
    return [Command(document, each, False) for each in found if "..." not in each]


DOCUMENTS = tuple(name for name in DOCUMENTS if (REPOSITORY / name).is_file())
PRINTED = [command for name in DOCUMENTS for block in blocks(name) for command in block]
MENTIONED = [command for name in DOCUMENTS for command in inline(name)]


def test_the_documents_print_commands():
    """An empty search finds nothing to object to."""
    assert {command.document for command in PRINTED} == set(DOCUMENTS)
    assert len(PRINTED) > 25 and len(MENTIONED) > 5


@pytest.mark.parametrize("command", MENTIONED, ids=lambda each: f"{each.document}: {each.line}")
def test_a_command_within_a_line_is_run_in_a_block_or_elsewhere(command):
    """Also as the beginning of one, without its words: `make compare`."""
    run = {each.removeprefix(".venv/bin/") for each in [*(each.line for each in PRINTED), *ELSEWHERE]}
    mentioned = command.line.removeprefix(".venv/bin/")
    assert any(f"{each} ".startswith(f"{mentioned} ") for each in run), (
        f"{command.document} mentions `{command.line}`, which no test runs: print it in a block, which "
        "tests/book/test_commands.py runs, or name the test that runs it in ELSEWHERE here"
    )


@pytest.mark.parametrize("line", ELSEWHERE)
def test_what_runs_elsewhere_is_printed_and_the_test_exists(line):
    assert line in {each.line for each in [*PRINTED, *MENTIONED]}, "printed nowhere: delete the entry"
    path, _, name = ELSEWHERE[line].partition("::")
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, ELSEWHERE[line]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_block_runs_in_a_new_shell(document):
    """What make does not start is called by its place, or after its block entered the environment."""
    for block in blocks(document):
        entered = False
        for command in block:
            entered |= command.line == "source .venv/bin/activate"
            words = [word for word in command.line.split() if "=" not in word]
            outside = words and words[0] in (
                "papermill",
                "python",
                "snakemake",
                "accelerate",
                "torchrun",
                "jupyter",
            )
            assert entered or not outside, f"{document}: {command.line!r} is not found in a new shell"


SMALLER = (
    (r"\bmake book$", "make book PROFILE=smoke"),
    (r"\b(PROFILE=|profile[ =])(?:quick|full)\b", r"\1smoke"),
    (r"\b(runs|profiles)/(?:quick|full)\b", r"\1/smoke"),
    (r"\bN=06\b", "N=08"),  # the quickest chapter
    (r"--n 1000\b", "--n 12"),
    # a job of one chapter, which is up to date, submitted to the local shell
    (r"--executor slurm --jobs 20",
     "--executor cluster-generic --cluster-generic-submit-cmd ./submit --jobs 2 "
     "--nolock --until chapter_08_your_own_ecg --forcerun chapter_08_your_own_ecg"),
    (r"accelerate launch --multi_gpu --num_processes 4",
     "ACCELERATE_USE_CPU=true torchrun --standalone --nproc-per-node 1"),
)  # fmt: skip
SUBMIT = '#!/bin/sh\nbash "$1" > submitted.log 2>&1 &\necho $!\n'
"""A cluster of one machine: takes a job's script and answers its number."""


def adapted(command: Command) -> str:
    """The command at the size of the smoke book."""
    line = command.line
    for pattern, smaller in SMALLER:
        line = re.sub(pattern, smaller, line)
    if not command.planned:
        return line
    return line + (" OPTIONS=--dry-run" if line.startswith("make") else " --dry-run")


@pytest.fixture(scope="module")
def clone(smoke_book, tmp_path_factory) -> Path:
    """A copy of the repository with an environment, and the smoke book's run with results of its own."""
    folder = tmp_path_factory.mktemp("clone") / "book"
    unneeded = shutil.ignore_patterns(".*", "__pycache__", "runs", "*.egg-info", "build")
    shutil.copytree(REPOSITORY, folder, ignore=unneeded, symlinks=True)
    (folder / ".venv").mkdir()
    for path in Path(sys.prefix).iterdir():
        (folder / ".venv" / path.name).symlink_to(path)
    for stamp in ("locked", "ready"):  # make: the environment is there
        (folder / ".venv" / stamp).unlink(missing_ok=True)
        (folder / ".venv" / stamp).touch()
    for name, seed in (("smoke", 1), ("seed_2", 2)):
        run = folder / "runs" / name
        run.mkdir(parents=True)
        for path in smoke_book.run.iterdir():
            if path.name in ("results", "figures", "notebooks", "book"):
                shutil.copytree(path, run / path.name)
            elif path.is_dir():
                (run / path.name).symlink_to(path)
        for path in (run / "results").glob("*.json"):
            kept = json.loads(path.read_text())
            assert kept["provenance"]["seed"] == 1
            # of a copy without a history no commit is known, also not of the chapter that is made anew here
            kept["provenance"] |= {"seed": seed, "commit": "unknown"}
            stamp = path.stat()
            path.write_text(json.dumps(kept))
            os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    (folder / "submit").write_text(SUBMIT)
    (folder / "submit").chmod(0o755)
    return folder


def shell(clone: Path, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a new shell would: without the environment's folder on the path."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(clone.parent), "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join([str(clone), *extra_places()]), "OMP_NUM_THREADS": "1", **more,
    }  # fmt: skip
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=clone, env=environment, timeout=600,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def extra_places() -> list[str]:
    """Folders that $PYTHONPATH names here, other than the repository: what is installed elsewhere."""
    named = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return [place for place in named if Path(place).resolve() != REPOSITORY]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_blocks_of_a_document_run(clone, document):
    """Each block in a shell of its own; a line that ran before, in whichever document, is not run again."""
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    done = clone / ".commands_done"
    ran = set(done.read_text().splitlines()) if done.exists() else set()
    for block in blocks(document):
        lines = [adapted(each) for each in block if each.line not in ELSEWHERE]
        new = [line for line in dict.fromkeys(lines) if line.startswith("source ") or line not in ran]
        if all(line.startswith("source ") for line in new):
            continue
        found = shell(clone, "\n".join(new))
        assert found.returncode == 0, f"{document}:\n" + "\n".join(new) + "\n\n" + found.stdout[-4000:]
        ran |= set(new)
        done.write_text("\n".join(ran))
        assert told(new, found.stdout, clone) == [], found.stdout[-4000:]


def told(lines: list[str], printed: str, clone: Path) -> list[str]:
    """Of the lines of a block, those of which what they make is not to be seen."""
    signs = {
        "make book PROFILE=smoke": "Nothing to be done",
        "make book PROFILE=seed_2.yaml RUN=seed_2 OPTIONS=--dry-run": "This was a dry-run",
        "make chapter N=08 PROFILE=smoke": "[08_your_own_ecg] cell",
        "make compare A=runs/smoke B=runs/seed_2": "runs/smoke-and-seed_2.html",
        ".venv/bin/python -m cardiacnets export --as ukb --n 12 trial": "simulated: 12 participants",
        "make student FOLDER=autumn": "solutions of 11 files left out",
        "make slides PROFILE=smoke": "runs/smoke/slides.html",
    }
    return [line for line in lines if line in signs and signs[line] not in printed]


def test_what_the_blocks_made_is_there(clone):
    """Beside the exit status: the page, the profile, and the chapter that the other shell computed."""
    if not (clone / ".commands_done").exists():
        pytest.skip("the blocks were not run")
    page = (clone / "runs" / "smoke-and-seed_2.html").read_text()
    assert "exceed their interval" in page and "the same seed" not in page
    mine = load_profile(clone / "seed_2.yaml")
    assert mine.seed == 2 and mine.name == "smoke"
    assert "Finished jobid" in (clone / "submitted.log").read_text()


def test_a_profile_of_another_preset_differs_in_nothing_else(tmp_path):
    """The page's own line writes it, from each profile that has cohorts on a line of their own."""
    (line,) = (each.line for each in PRINTED if each.line.startswith("sed "))
    for name in ("smoke", "quick", "full"):
        command = line.replace("profiles/quick.yaml", f"profiles/{name}.yaml").partition(" > ")[0]
        done = subprocess.run(
            ["bash", "-c", command], cwd=REPOSITORY, capture_output=True, text=True, check=True
        )
        (tmp_path / "ukb_like.yaml").write_text(done.stdout)
        ours, shipped = (asdict(load_profile(each)) for each in (tmp_path / "ukb_like.yaml", name))
        assert ours["cohorts"].pop("preset") == "ukb_like" != shipped["cohorts"].pop("preset")
        assert ours == shipped


def test_make_test_runs_the_tests(clone):
    """A file of a few tests in the place of all."""
    found = shell(
        clone, "make test WORKERS=0", PYTEST_ADDOPTS="-p no:cacheprovider tests/report/test_results.py"
    )
    assert found.returncode == 0 and re.search(r"\d+ passed", found.stdout), found.stdout[-3000:]


@pytest.mark.parametrize(
    ("words", "told"),
    [("chapter N=99", "error: N=99: no such chapter"), ("compare A=runs/smoke", "error: which runs?")],
)
def test_a_target_without_its_words_says_which(clone, words, told):
    found = shell(clone, f"make {words}")
    assert found.returncode != 0 and told in found.stdout


def test_the_laboratory_opens_on_the_notebooks_with_the_books_own_kernel(clone):
    """Even where the user has installed another kernel of the name."""
    other = clone.parent / ".local" / "share" / "jupyter" / "kernels" / "python3"
    other.mkdir(parents=True)
    (other / "kernel.json").write_text(
        json.dumps({"argv": ["false"], "display_name": "Other", "language": "x"})
    )
    log = clone / "lab.log"
    line = "make lab LAB='--no-browser --allow-root --ServerApp.port=0 --IdentityProvider.token=key'"
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(clone.parent), "LANG": "C.UTF-8"}
    with log.open("w") as output, subprocess.Popen(
        ["bash", "-c", line], cwd=clone, env=environment, stdout=output, stderr=output, start_new_session=True
    ) as lab:  # fmt: skip
        try:
            address = wait_for_address(log, lab)
            files = ask(f"{address}/api/contents/notebooks?token=key")
            kernels = ask(f"{address}/api/kernelspecs?token=key")
            assert {path.name for path in (clone / "notebooks").glob("*.ipynb")} <= {
                each["name"] for each in files["content"]
            }
            spec = kernels["kernelspecs"][kernels["default"]]["spec"]
            assert kernels["default"] == "python3" and spec["display_name"] != "Other"
        finally:
            os.killpg(lab.pid, signal.SIGTERM)
    assert "/lab/tree/notebooks" in log.read_text()


def wait_for_address(log: Path, lab: subprocess.Popen) -> str:
    """Where the server listens, once it answers."""
    for _ in range(240):
        found = re.search(r"(http://(?:localhost|127\.0\.0\.1):\d+)/lab", log.read_text())
        if found:
            try:
                ask(f"{found[1]}/api?token=key")
                return found[1]
            except urllib.error.URLError:
                pass
        assert lab.poll() is None, log.read_text()
        time.sleep(0.5)
    raise AssertionError(f"JupyterLab did not answer:\n{log.read_text()}")


def ask(address: str) -> dict:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return json.load(answer)
