"""A build that is killed again and again, at any moment, ends with the results of one that was left alone."""

import random
import signal
import subprocess
import sys
import time

from cardiacnets.report import load_results

TARGET = "chapter_03_contrastive_alignment"
CHAPTERS = ("00", "01", "02", "03")
KILLS = 3


def test_a_killed_build_ends_with_the_same_results(smoke_book, tmp_path):
    """Simulating, cleaning, pre-training and alignment, cut off without warning after 8 to 25 seconds."""
    moments = random.Random(5)
    environment = {**smoke_book.environment, "CARDIACNETS_RUNS": str(tmp_path)}
    command = [sys.executable, "-m", "cardiacnets.report.build", "--profile", "smoke", TARGET]
    cut = 0
    for _ in range(KILLS):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, env=environment, **quiet) as build:
            try:
                build.wait(moments.uniform(8, 25))
            except subprocess.TimeoutExpired:
                build.send_signal(signal.SIGKILL)
                cut += 1
        wait_until_free(command, environment)
    assert cut == KILLS, "a build that ended by itself was not cut off"
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-6000:]

    ours, undisturbed = (load_results(run / "results") for run in (tmp_path / "smoke", smoke_book.run))
    expected = {key: result for key, result in undisturbed.items() if result.chapter in CHAPTERS}
    assert expected and ours == expected
    made = [tmp_path / "smoke" / room for room in ("cohorts", "clean", "models", "features")]
    assert not [path for room in made for path in room.glob(".*")], "nothing half-written stays behind"


def wait_until_free(command, environment):
    """Until the killed build's chapter has noticed: it holds the run until it ends."""
    for _ in range(60):
        planned = subprocess.run([*command, "--dry-run"], env=environment, capture_output=True, text=True)
        if "is being built by another process" not in planned.stderr:
            return
        time.sleep(1)
    raise AssertionError("a chapter outlived its build by a minute")
