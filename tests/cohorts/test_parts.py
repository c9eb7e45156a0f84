"""Parts make, byte for byte, the cohort that was read or cleaned at once; a missing one costs time only."""

import dataclasses
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cardiacnets.__main__ import main
from cardiacnets.cohorts import importing, preprocessing
from cardiacnets.cohorts.export import Drawing, export_cohort
from cardiacnets.cohorts.preprocessing import preprocess_cohort, preprocess_part
from cardiacnets.cohorts.store import open_cohort, simulate_cohort
from cardiacnets.cohorts.studied import load_manifests, store_cohort, store_part
from cardiacnets.profile import load_profile
from cardiacnets.run import SIDECAR, Run, open_run
from cardiacnets.shards import Part

REPOSITORY = Path(__file__).parents[2]
PEOPLE = 20


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != SIDECAR}


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Run:
    """A run with twenty hearts, one of them with a flat lead, cleaned in its chapter."""
    smoke = load_profile("smoke")
    small = dataclasses.replace(smoke, cohorts=dataclasses.replace(smoke.cohorts, ukb=PEOPLE))
    run = Run(tmp_path_factory.mktemp("runs") / "small", "small", small)
    ecg = np.load(simulate_cohort(run, "ukb", processes=1).folder / "ecg.npy", mmap_mode="r+")
    ecg[6, 3] = 0
    ecg.flush()
    preprocess_cohort(run, "ukb", processes=1, progress=False)
    return run


@pytest.fixture
def run(original, tmp_path, monkeypatch) -> Run:
    """The same before it was cleaned; shards hold six."""
    monkeypatch.setattr(preprocessing, "SHARD", 6)
    shutil.copytree(original.cohorts, tmp_path / "small" / "cohorts")
    return dataclasses.replace(original, root=tmp_path / "small")


@pytest.fixture(scope="module")
def manifests(tmp_path_factory) -> Path:
    """Twenty hearts in UK Biobank's layout: one ECG is gone, one zip is cut short."""
    folder = tmp_path_factory.mktemp("trial")
    export_cohort(folder, "ukb", Drawing(PEOPLE, "enriched", 1, 8, slices=1))
    sorted(folder.rglob("*.xml"))[3].unlink()
    zipped = sorted(folder.rglob("*.zip"))[-1]
    zipped.write_bytes(zipped.read_bytes()[:1000])
    return folder


@pytest.mark.parametrize("of, missing", [(1, ()), (3, ()), (3, (2,)), (9, (1, 5))])
def test_cleaning_in_parts_changes_no_byte(original, run, monkeypatch, of, missing):
    for number in set(range(1, of + 1)) - set(missing):
        preprocess_part(run, "ukb", Part(number, of))
    made, clean = [], preprocessing._preprocess_shard
    monkeypatch.setattr(
        preprocessing, "_preprocess_shard", lambda *job: made.append(job[0].start) or clean(*job)
    )
    index = preprocess_cohort(run, "ukb", processes=1, progress=False).index
    starts = range(0, PEOPLE, 6)
    assert made == [start for number in missing for start in Part(number, of).share(starts)]
    # to the last bit, whatever was cleaned beside it
    assert content(run.root / "clean" / "ukb") == content(original.root / "clean" / "ukb")
    assert index["reason"][6] and index["usable"].sum() == PEOPLE - 1
    assert not any((run.root / "unfinished").iterdir())
    preprocess_part(run, "ukb", Part(1, of))
    assert not any((run.root / "unfinished").iterdir()), "a clean cohort has no parts left to do"


def test_what_was_left_of_another_cohort_is_not_taken(original, run):
    preprocess_part(run, "ukb", Part(1, 1))
    (state,) = (run.root / "unfinished").iterdir()
    again = dataclasses.replace(run, profile=dataclasses.replace(run.profile, seed=2))
    simulate_cohort(again, "ukb", processes=1)
    fresh = preprocess_cohort(again, "ukb", processes=1, progress=False)
    assert not np.array_equal(fresh.beats, np.load(original.root / "clean" / "ukb" / "beats.npy"))
    assert state.is_dir()


def test_reading_in_parts_changes_no_byte(run, manifests, monkeypatch):
    manifest = load_manifests(manifests)["ukb"]
    whole = dataclasses.replace(run, root=run.root.with_name("whole"))
    expected = content(store_cohort(whole, "ukb", manifest, processes=1).folder)
    monkeypatch.setattr(importing, "SHARD", 3)
    for number in (1, 3, 5, 9):  # the others of nine have no shard or never ran
        store_part(run, "ukb", manifest, Part(number, 9))
    left = [path.stem for path in (run.root / "unfinished").rglob("*.npz")]
    assert 0 < len(left) < 7
    cohort = store_cohort(run, "ukb", manifest, processes=1)
    assert content(cohort.folder) == expected
    assert {"recordings.parquet", "sax.npy"} <= set(expected) and not (cohort.folder / "parts").exists()
    quality = pd.read_parquet(cohort.folder / "quality.parquet")
    assert quality["detail"].astype(bool).sum() >= 1
    store_part(run, "ukb", manifest, Part(1, 9))
    assert not any((run.root / "unfinished").iterdir())


def test_a_killed_gathering_goes_on_where_it_was(run, manifests, monkeypatch, killed_at_the_third_shard):
    manifest = load_manifests(manifests)["ukb"]
    monkeypatch.setattr(importing, "SHARD", 3)
    store_part(run, "ukb", manifest, Part(1, 1))
    killed_at_the_third_shard(lambda: store_cohort(run, "ukb", manifest, processes=1))
    monkeypatch.setattr(importing, "_read_files", None)  # nothing is read again: neither marked nor left
    store_part(run, "ukb", manifest, Part(1, 1))
    store_cohort(run, "ukb", manifest, processes=1)
    monkeypatch.undo()
    whole = dataclasses.replace(run, root=run.root.with_name("whole"))
    expected = content(store_cohort(whole, "ukb", manifest, processes=1).folder)
    assert content(open_cohort(run, "ukb").folder) == expected


def test_a_killed_job_leaves_whole_shards_and_goes_on(run, tmp_path):
    """Cut off without warning while it cleans; what it left is taken, what it had begun is not."""
    code = (
        "import dataclasses, sys, time\nfrom pathlib import Path\n"
        "from cardiacnets import shards\n"
        "from cardiacnets.cohorts import preprocessing\n"
        "from cardiacnets.profile import load_profile\nfrom cardiacnets.run import Run\n"
        "smoke = load_profile('smoke')\n"
        f"small = dataclasses.replace(smoke, cohorts=dataclasses.replace(smoke.cohorts, ukb={PEOPLE}))\n"
        "save, calls = shards.np.savez, []\n"
        "def slow(path, **arrays):\n"
        "    calls.append(path)\n"
        "    if len(calls) == 2:\n"
        "        path.write_bytes(b'half'); print('writing', flush=True); time.sleep(60)\n"
        "    save(path, **arrays)\n"
        "shards.np.savez, preprocessing.SHARD = slow, 6\n"
        "preprocessing.preprocess_part(Run(Path(sys.argv[1]), 'small', small), 'ukb', shards.Part(1, 1))\n"
    )
    job = subprocess.Popen([sys.executable, "-c", code, str(run.root)], stdout=subprocess.PIPE, text=True)
    assert job.stdout.readline() == "writing\n"
    job.kill()
    job.wait()
    (first,) = (run.root / "unfinished").glob("*/parts/*.npz")
    before = first.stat().st_mtime_ns
    preprocess_part(run, "ukb", Part(1, 1))
    assert len(list(first.parent.glob("*.npz"))) == 4 and first.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["preprocess", "ukb", "--part", "0/3"], "no part '0/3'"),
        (["preprocess", "ukb", "--part", "x"], "no part 'x'"),
        (["preprocess", "fahzo", "--part", "1/3"], "unknown cohort 'fahzo': choose one of ukb, mimic"),
        (["preprocess", "ukb", "--part", "1/3"], "chapter 00_cohorts makes it"),
        (["read", "ukb", "--part", "4/3", "--manifests", "{manifests}"], "no part '4/3'"),
        (["read", "mimic", "--part", "1/3", "--manifests", "{manifests}"], "no files of a cohort 'mimic'"),
        (["read", "ukb", "--part", "1/3", "--manifests", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_bad_input_is_said_in_a_line(manifests, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    asked = [each.format(manifests=manifests) for each in arguments]
    assert main([*asked, "--profile", "smoke"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and words in error and "Traceback" not in error


def test_the_command_line_reads_a_part_and_ends_with_its_build(manifests, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    where = ["--manifests", str(manifests), "--profile", "smoke", "--run", "try"]
    assert main(["read", "ukb", "--part", "1/1", *where]) == 0
    assert capsys.readouterr().out == "ukb: part 1/1 is read\n"
    assert list(open_run("smoke", "try").root.glob("unfinished/*/parts/*.npz"))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    started = time.monotonic()
    code = "import cardiacnets.__main__ as m, time; m.parse_part = lambda text: time.sleep(60); m.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "preprocess", "ukb", "--part", "1/1"],
        cwd=REPOSITORY,
        env=os.environ | {"CARDIACNETS_BUILDER": str(gone.pid)},
    )
    assert done.returncode == 1 and time.monotonic() - started < 55
