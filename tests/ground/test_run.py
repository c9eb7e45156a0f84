"""Artefacts are whole or absent, reused when nothing changed, and their absence is explained."""

import errno
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from unittest.mock import patch

import numpy as np
import pytest
from safetensors import SafetensorError

import cardiacnets
from cardiacnets.artefacts import atomic_path, new_array, read_json, write_json
from cardiacnets.parallel import _holds_jobs, run_jobs
from cardiacnets.run import (
    ARTEFACTS,
    CHAPTERS,
    REPOSITORY,
    SIDECAR,
    called,
    chapter_of,
    digest,
    in_order,
    open_run,
    table_of,
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    return open_run("smoke", "trial")


def maker(calls):
    def make(folder):
        calls.append(folder)
        (folder / "value.txt").write_text(f"made {len(calls)}")

    return make


def test_an_artefact_is_made_once_and_again_when_an_ingredient_changes(run):
    calls, path = [], run.models / "thing"
    for ingredients in ({"a": 1}, {"a": 1}, {"a": 2}):
        assert run.fit_or_load(path, ingredients, maker(calls)) == path
    assert (path / "value.txt").read_text() == "made 2"
    assert read_json(path / SIDECAR)["ingredients"] == {"a": 2}


def test_an_artefact_counts_by_what_it_was_made_from(run):
    calls = []
    first = run.fit_or_load(run.models / "first", {"a": 1}, maker([]))
    run.fit_or_load(run.models / "second", {"from": first}, maker(calls))
    run.fit_or_load(run.models / "first", {"a": 2}, maker([]))
    run.fit_or_load(run.models / "second", {"from": first}, maker(calls))
    assert len(calls) == 2


def test_a_failure_leaves_the_old_artefact_and_nothing_half_written(run):
    path = run.fit_or_load(run.models / "thing", {"a": 1}, maker([]))

    def fail(folder):
        (folder / "value.txt").write_text("half")
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        run.fit_or_load(path, {"a": 2}, fail)
    assert (path / "value.txt").read_text() == "made 1"
    assert [each.name for each in run.models.iterdir()] == ["thing"]


def test_what_a_killed_process_left_is_swept_and_nothing_else(run):
    # a temporary name of this artefact, and one of another whose name begins alike
    debris, other = run.models / ".thing.a1b2c3d4", run.models / ".thing.cm.a1b2c3d4"
    for folder in (debris, other):
        (folder / "thing").mkdir(parents=True)
    run.fit_or_load(run.models / "thing", {"a": 1}, maker([]))
    assert not debris.exists() and other.exists()


def test_what_is_missing_is_named_with_the_command_that_makes_it(run):
    alone = r"bin/papermill notebooks/02_cmr_self_supervision\.ipynb .* -r run trial"
    with pytest.raises(ValueError, match=rf"make chapter N=02 PROFILE=smoke RUN=trial\n(.*\n)+ .*{alone}"):
        run.require(run.models / "cmr_autoencoder")
    with pytest.raises(ValueError, match=r"papermill notebooks/05_downstream_tasks\.ipynb"):
        run.require(run.predictions / "ukb.cm")
    with pytest.raises(ValueError, match=r"papermill notebooks/04_diffusion\.ipynb"):
        run.require(run.predictions / "generated.ukb")


def test_what_is_missing_is_made_with_the_profile_and_the_cohorts_of_the_run(tmp_path, monkeypatch):
    """A copied profile keeps the name within it: the command names the file, and the folder of manifests."""
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    smoke = REPOSITORY / "cardiacnets" / "profiles" / "smoke.yaml"
    (tmp_path / "seed 2.yaml").write_text(smoke.read_text())
    run = open_run(tmp_path / "seed 2.yaml", "mine")
    given = f"'{tmp_path}/seed 2.yaml'"
    told = f"make chapter N=05 PROFILE={given} RUN=mine\n(.*\n)* .*-p profile {given}"
    with pytest.raises(ValueError, match=told):
        run.require(run.predictions / "ukb.cm")
    (run.cohorts / "ukb").mkdir(parents=True)
    write_json(run.cohorts / "ukb" / SIDECAR, {"ingredients": {"manifest": "/data/mine/ukb.yaml"}})
    with pytest.raises(ValueError, match="RUN=mine MANIFESTS=/data/mine\n"):
        run.require(run.predictions / "ukb.cm")
    assert open_run(smoke).given == "cardiacnets/profiles/smoke.yaml"


def test_a_copied_profile_has_a_run_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path / "runs"))
    copied = tmp_path / "seed_2.yaml"
    copied.write_text((REPOSITORY / "cardiacnets" / "profiles" / "smoke.yaml").read_text())
    assert open_run(copied).profile.name == "smoke"
    assert [open_run(each).name for each in (copied, str(copied), "smoke")] == ["seed_2", "seed_2", "smoke"]


def test_a_command_is_called_by_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    assert called("papermill") == f"{tmp_path}/.venv/bin/papermill"
    monkeypatch.chdir(tmp_path)
    assert called("papermill") == ".venv/bin/papermill"


def test_what_no_chapter_makes_is_named_at_once(run):
    with pytest.raises(ValueError, match="models/thing: no chapter makes it"):
        run.require(run.models / "thing")


def test_each_chapter_of_the_table_is_a_notebook():
    notebooks = sorted((REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    assert [path.stem for path in notebooks] == list(CHAPTERS)
    assert {chapter_of(pattern.replace("*", "x")) for pattern in ARTEFACTS} <= set(CHAPTERS)


@pytest.mark.parametrize("earlier", ["models/a", "models/*", "*/a"])
def test_two_artefacts_at_one_place_name_both(earlier):
    both = r"'models/a' of chapter 03_b lies where '.*' of chapter 02_a does"
    with pytest.raises(ValueError, match=both):
        table_of([(earlier, "02"), ("models/a", "03")], ["02_a", "03_b"])
    with pytest.raises(ValueError, match=both.replace("/a'", r"/\*'")):
        table_of([("*/*", "02"), ("models/*", "03")], ["02_a", "03_b"])


def test_a_narrower_place_stands_before_a_wider_one_and_folders_are_kept_apart():
    rows = [("models/a", "02"), ("models/*", "03"), ("models/*/*", "02")]
    assert list(table_of(rows, ["02_a", "03_b"]).values()) == ["02_a", "03_b", "02_a"]
    with pytest.raises(ValueError, match="'models/a': no chapter '04'; there are 02_a, 03_b"):
        table_of([("models/a", "04")], ["02_a", "03_b"])


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", ".hidden"])
def test_a_run_stays_below_the_folder_of_runs(name):
    with pytest.raises(ValueError, match="plain folder name"):
        open_run("smoke", name)


def test_a_place_that_cannot_be_written_is_named_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path / "absent" / "runs"))
    assert open_run("smoke").root == tmp_path / "absent" / "runs" / "smoke"
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # as on a read-only file system
    with pytest.raises(ValueError, match=f"{tmp_path}: not writable.*CARDIACNETS_RUNS"):
        open_run("smoke")


def test_digests_ignore_order_and_see_values():
    assert digest({"a": 1, "b": (2, 3)}) == digest({"b": [2, 3], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_json_refuses_nan_and_names_a_broken_file(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not (tmp_path / "a.json").exists()
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(ValueError, match="b.json: not valid JSON"):
        read_json(tmp_path / "b.json")


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "folder"
    for name in ("old", "new"):
        with atomic_path(target) as temporary:
            temporary.mkdir()
            (temporary / name).touch()
    assert [path.name for path in target.iterdir()] == ["new"]


def test_a_process_killed_while_writing_leaves_no_target(tmp_path):
    script = (
        "import sys, time\nfrom cardiacnets.artefacts import atomic_path\n"
        "with atomic_path(sys.argv[1]) as path:\n"
        "    path.write_text('half'); print('writing', flush=True); time.sleep(60)\n"
    )
    target = tmp_path / "whole.txt"
    process = subprocess.Popen([sys.executable, "-c", script, str(target)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "writing\n"
    process.kill()
    process.wait()
    assert not target.exists()


def test_jobs_keep_their_order_whatever_the_number_of_processes():
    pairs = [(number, 2) for number in range(5)]
    assert run_jobs(pow, pairs, processes=2) == run_jobs(pow, pairs, processes=1) == [n**2 for n in range(5)]


def threads_of_libraries(_):
    """Of everything that a worker loads for its job, and not for being a worker."""
    import scipy.linalg  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    from threadpoolctl import threadpool_info

    return {found["filepath"]: found["num_threads"] for found in threadpool_info()}


def test_a_worker_keeps_to_one_thread_in_what_it_loads_later(monkeypatch):
    """SciPy's own linear algebra is such a library: with two threads in each of two workers, a logistic
    regression took many times as long."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    for found in run_jobs(threads_of_libraries, [(1,), (2,)], processes=2):
        assert len(found) >= 3 and set(found.values()) == {1}
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"


def test_whatever_may_be_loaded_the_server_of_workers_can_import_first():
    """In alphabetical order; a module that only loads after another would end the server, and all workers."""
    names = [each.name for each in pkgutil.walk_packages(cardiacnets.__path__, "cardiacnets.")]
    jobs = sorted(filter(_holds_jobs, names))
    assert "cardiacnets.experiments.diffusion.generate" in jobs and "cardiacnets.report.chapter" not in jobs
    script = f"import importlib\nfor name in {jobs}: importlib.import_module(name)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, sys, time\nfrom cardiacnets.parallel import process_pool\n"
        "def report(folder):\n    open(f'{folder}/{os.getpid()}.pid', 'w').close(); time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    with process_pool(1) as pool:\n        pool.submit(report, sys.argv[1]).result()\n"
    )
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path)])
    deadline = time.monotonic() + 60
    while not (found := list(tmp_path.glob("*.pid"))) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    worker = int(json.loads(found[0].stem))
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(worker)


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("given", "name"), [(2024, "2024"), ("007", "007"), ("2024_01", "2024_01"), ("1e5", "1e5")]
)
def test_a_run_name_stays_the_text_it_is(given, name):
    assert open_run("smoke", given).name == name


@pytest.mark.parametrize("given", [7.0, True, None])
def test_what_is_no_text_any_more_is_refused_with_the_way_out(given):
    with pytest.raises(ValueError, match=f"run name {given}.*-r run"):
        open_run("smoke", given)


def test_a_chapter_needs_earlier_ones_and_has_its_own_number():
    assert in_order({"00_a": [], "01_b": ["00"], "02_c": ["00", "01"]})["02_c"] == ("00_a", "01_b")
    with pytest.raises(ValueError, match="01_b needs '02', no earlier chapter: these are 00_a"):
        in_order({"00_a": [], "01_b": ["02"], "02_c": []})
    with pytest.raises(ValueError, match="01_b needs '01'"):
        in_order({"00_a": [], "01_b": ["01"]})
    with pytest.raises(ValueError, match="chapters 01_b and 01_c bear one number"):
        in_order({"01_b": [], "01_c": []})


def _fill(path):
    """Write as to a disk without room: the kernel's own device for that."""
    path.symlink_to("/dev/full")
    np.save(path, np.zeros(100_000))


def _in_words(path):
    """As writers do that are no Python: half a file, and an error without a number."""
    path.write_bytes(b"half")
    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


def _short(path):
    path.write_bytes(b"half")
    raise OSError("80000 requested and 4096 written")


def _mapped(path):
    """A mapped array for which there is no room, as the system says when it is asked for it."""
    none = OSError(errno.ENOSPC, "No space left on device")
    with patch("os.posix_fallocate", side_effect=none, create=True):
        new_array(path, np.uint8, (2**20,))


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot take room before")
def test_a_mapped_array_has_its_room_before_it_is_filled(tmp_path):
    array = new_array(tmp_path / "a.npy", np.float32, (1000, 512))
    assert array.shape == (1000, 512) and not array.any()
    assert (tmp_path / "a.npy").stat().st_blocks * 512 >= array.nbytes


@pytest.mark.parametrize("write", [_fill, _in_words, _short, _mapped])
def test_a_full_disk_is_one_line_naming_the_artefact_and_leaves_nothing(run, write):
    target = run.root / "movies" / "ukb.sax"
    run.fit_or_load(target, {"seed": 1}, lambda folder: (folder / "old.txt").write_text("whole"))
    with pytest.raises(OSError, match="no room on the disk.*nothing half-written") as caught:
        run.fit_or_load(target, {"seed": 2}, lambda folder: write(folder / "generated.npy"))
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(target)
    assert "\n" not in str(caught.value) and "give the same command again" in str(caught.value)
    assert (target / "old.txt").read_text() == "whole"  # what was there before stays
    assert [path.name for path in target.parent.iterdir()] == ["ukb.sax"]


def test_other_faults_while_writing_are_told_as_they_are(tmp_path):
    with pytest.raises(ValueError, match="NaN"), atomic_path(tmp_path / "x") as path:
        path.write_text("half")
        raise ValueError("NaN requested and not written")
    assert not list(tmp_path.iterdir())
