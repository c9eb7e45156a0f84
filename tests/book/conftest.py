"""The smoke book: every chapter executed and every page built, once for all tests that look at it."""

import fcntl
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cardiacnets.artefacts import read_json, write_json

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class SmokeBook:
    """A finished build: its run's folder, what it printed, and how to build again."""

    run: Path
    solutions: Path
    """Where each chapter's solutions were tried: what came out, by exercise."""
    printed: str
    environment: dict[str, str]

    def build(self, *options: str) -> subprocess.CompletedProcess[str]:
        return build(self.environment, *options)


def build(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cardiacnets.report.build", "--profile", "smoke", *options]
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture(scope="session")
def smoke_book(tmp_path_factory) -> SmokeBook:
    """Build the smoke book into a folder of its own, or into $CARDIACNETS_TEST_RUNS to look at it.

    The first process that needs it builds it, the others wait.
    """
    if not importlib.metadata.entry_points(group="papermill.engine", name="chapter"):
        pytest.skip("not installed here (make test does): pip install --no-deps --no-build-isolation -e .")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    runs = os.environ.get("CARDIACNETS_TEST_RUNS") or str(shared / "smoke_book")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    solutions = Path(runs) / "solutions"
    environment = {
        **os.environ, "CARDIACNETS_RUNS": runs, "CARDIACNETS_SOLUTIONS": str(solutions), "PATH": path,
    }  # fmt: skip
    told = shared / "smoke_book.json"
    with open(told.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            done = build(environment)
            write_json(told, {"returncode": done.returncode, "printed": done.stdout})
    made = read_json(told)
    assert made["returncode"] == 0, made["printed"][-6000:]
    return SmokeBook(Path(runs) / "smoke", solutions, made["printed"], environment)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser that looks at pages; tests that need it are skipped without one."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture(scope="session")
def browser(chromium) -> Iterator:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()
