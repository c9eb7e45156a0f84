"""What every test can use."""

import dataclasses
import os
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before any library counts the cores: workers share them


LOOKED_AT = ("test_commands.py", "test_exhibits_in_browser.py", "test_pages_in_browser.py")
"""Modules of tests/book that only look at the smoke book, or copy it: once it is built, any process may."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """What xdist keeps in one process: a module, for its fixtures; and all that builds on the smoke book."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            module = nodeid.split("::")[0]
            # the reader kit's module looks at a kit of its own
            alone = module.endswith((*LOOKED_AT, "test_reader_kit_in_browser.py"))
            return "book" if "tests/book/" in module and not alone else module

    return Scheduling(config, log)


def pytest_collection_modifyitems(items):
    """What looks at the smoke book comes last: by then it is built, and no process waits for another."""
    items.sort(key=lambda item: item.path.name in LOOKED_AT)


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The folder of openly licensed real records; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("CARDIACNETS_SAMPLE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no sample data at {folder}; set CARDIACNETS_SAMPLE_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def reader_run(tmp_path_factory):
    """A run with a reader-study cohort of eighteen and films, as if chapters 00 to 04 had made them.

    The "generated" films are the real ones of somebody else: nothing is trained.
    """
    import numpy as np

    from cardiacnets.cohorts.preprocessing import resize_cine
    from cardiacnets.cohorts.store import simulate_cohort
    from cardiacnets.experiments.diffusion.generate import READER_COHORT
    from cardiacnets.profile import load_profile
    from cardiacnets.run import Run

    smoke = load_profile("smoke")
    smoke = dataclasses.replace(smoke, cohorts=dataclasses.replace(smoke.cohorts, fahzu_readers=18))
    run = Run(tmp_path_factory.mktemp("runs") / "readers", "readers", smoke)
    cohort = simulate_cohort(run, READER_COHORT, processes=1)

    def films(view):
        def make(folder):
            real = resize_cine(getattr(cohort, view), 4, 32)
            np.save(folder / "real.npy", real)
            np.save(folder / "generated.npy", np.roll(real, 1, axis=0))

        return run.fit_or_load(run.root / "movies" / f"{READER_COHORT}.{view}", {"view": view}, make)

    films("sax"), films("lax")
    table = cohort.recordings.assign(row=range(len(cohort.recordings)))
    run.fit_or_load(
        run.predictions / f"generated.{READER_COHORT}",
        {},
        lambda folder: table.to_parquet(folder / "table.parquet"),
    )
    return run
