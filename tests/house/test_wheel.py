"""The library works as a wheel, with no repository around it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCES = ("cardiacnets", "data_manifests", "pyproject.toml", "setup.py", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with what the wheel holds, built from a copy so that the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, folder / "copy" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / "copy" / name)
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    done = subprocess.run([sys.executable, *build, str(folder / "copy")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("cardiacnets-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_every_file_of_the_library(site):
    for room in ("cardiacnets", "data_manifests"):
        target = site / "cardiacnets" if room == "cardiacnets" else site / "cardiacnets" / room
        here = {
            path.relative_to(REPOSITORY / room).as_posix()
            for path in (REPOSITORY / room).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert {name for name in here if not (target / name).is_file()} == set()
    assert {path.name for path in site.iterdir() if path.suffix != ".dist-info"} == {"cardiacnets"}


def test_an_installed_library_simulates_a_heart_in_an_empty_folder(site, tmp_path):
    code = """
import cardiacnets, pathlib
assert pathlib.Path(cardiacnets.__file__).is_relative_to({site!r}), cardiacnets.__file__
from cardiacnets.digital_heart import simulate
from cardiacnets.profile import load_profile
from cardiacnets.run import open_run
cohort = simulate(1, frames=2, seed=3)
print(cohort.ecg.shape, cohort.indices.shape, load_profile("smoke").name, open_run("smoke").root)
"""
    done = subprocess.run(
        [sys.executable, "-c", code.format(site=str(site))], cwd=tmp_path, capture_output=True, text=True,
        env={"PYTHONPATH": str(site), "PATH": "", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("smoke", 1)[0].strip() == "(1, 12, 5000) (1, 82)"
    assert done.stdout.split()[-1] == str(tmp_path / "runs" / "smoke")
