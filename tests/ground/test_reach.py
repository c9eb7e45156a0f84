"""What an artefact's fingerprint covers: all code that is reached, and no words."""

import re
import shutil
from pathlib import Path

import pytest

from cardiacnets import reach
from cardiacnets.experiments.cmr_self_supervision import pretrain
from cardiacnets.experiments.cmr_self_supervision.pretrain import fit_cmr_autoencoder
from cardiacnets.experiments.cohorts.cohort_checks import target_table
from cardiacnets.experiments.contrastive_alignment import ecg_pretraining
from cardiacnets.experiments.contrastive_alignment.align import fit_aligner
from cardiacnets.experiments.diffusion import generate, video_autoencoder
from cardiacnets.experiments.diffusion.guidance import turn_causes
from cardiacnets.experiments.downstream_tasks.downstream import fit_network
from cardiacnets.experiments.downstream_tasks.predictions import predict_task
from cardiacnets.profile import SECTIONS
from cardiacnets.reach import PACKAGE, code_of, library, reached


@pytest.fixture
def edited(tmp_path):
    """The fingerprint of a function once a file of the package says ``new`` instead of ``old``."""

    def after(function, file: str, old: str, new: str) -> str:
        package = tmp_path / str(len(list(tmp_path.iterdir()))) / "cardiacnets"
        shutil.copytree(reach.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
        text = (package / file).read_text()
        assert old in text
        (package / file).write_text(text.replace(old, new))
        return code_of(function, package=package)

    return after


@pytest.mark.parametrize(
    ("function", "file", "old", "new"),
    [
        (fit_cmr_autoencoder, "cmr/augmenting.py", "(high - low)", "(high + low)"),
        (turn_causes, "experiments/shared/probe.py", "np.argmin", "np.argmax"),
        (target_table, "cohorts/preprocessing.py", "samples=BEAT_SAMPLES", "samples=BEAT_SAMPLES - 1"),
        (target_table, "contracts.py", "BEAT_RATE = 250", "BEAT_RATE = 251"),
        (fit_aligner, "models/contrast.py", "return", "return 2 *"),
    ],
    ids=["augmentation", "readout", "beat", "constant", "loss"],
)
def test_code_that_a_stage_reaches_makes_it_stale(edited, function, file, old, new):
    assert edited(function, file, old, new) != code_of(function)


def test_words_and_code_that_is_not_reached_do_not(edited):
    before = code_of(fit_cmr_autoencoder)
    assert edited(fit_cmr_autoencoder, "cmr/augmenting.py", "Return a random view", "Give one") == before
    assert edited(fit_cmr_autoencoder, "statistics/proportions.py", "return", "return 2 *") == before
    commented = "# a comment\nfrom __future__"
    assert edited(fit_cmr_autoencoder, "cmr/augmenting.py", "from __future__", commented) == before


def test_a_further_arm_or_artefact_makes_no_other_stale(edited):
    first = '        Arm("covariates", "covariates only"'
    more = f'        Arm("more", "one more", "grey", parts=("covariates", "cmr")),\n{first}'
    for function in (fit_network, predict_task):
        assert edited(function, "study.py", first, more) == code_of(function)
        place = '("cohorts/*", "00"),'
        assert edited(function, "run.py", place, f'{place} ("more", "00"),') == code_of(function)
    split = 'Cohort("fahzu", "FAHZU"'
    assert edited(fit_network, "study.py", split, 'Cohort("fahzu", "FAHZU", True') != code_of(fit_network)


STAGES = [
    pretrain.fit_cmr_autoencoder, ecg_pretraining.fit_ecg_autoencoder, fit_aligner, fit_network,
    video_autoencoder.fit_video_autoencoder, generate.fit_diffusion,
]  # fmt: skip


def changed(tmp_path, edits: list[tuple[str, str, str]]) -> list[str]:
    """The fingerprints of all stages once files of the package say something else."""
    package = tmp_path / str(len(list(tmp_path.iterdir()))) / "cardiacnets"
    shutil.copytree(reach.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for file, old, new in edits:
        text = (package / file).read_text()
        assert old in text
        (package / file).write_text(text.replace(old, new))
    return [code_of(stage, package=package) for stage in STAGES]


def test_a_further_setting_or_network_makes_no_stage_stale(tmp_path):
    before = [code_of(stage) for stage in STAGES]
    written = (PACKAGE / "profile.py").read_text()
    heads = [re.search(rf"class {kind.__name__}\b.*:\n", written)[0] for kind in {*SECTIONS.values()}]
    keys = [("profile.py", head, f"{head}    more: int = 1\n") for head in heads]
    section = [("profile.py", "    seed: int = 1\n", "    seed: int = 1\n    more: Training = None\n")]
    network = [
        ("models/registry.py", '"aligner": _aligner,', '"aligner": _aligner, "more": _diffusion,'),
        ("models/registry.py", '": EcgEncoder}', '": EcgEncoder, "more": Aligner}'),
        ("training/checkpoints.py", "SECTIONS = {", 'SECTIONS = {"more": (), '),
    ]  # fmt: skip
    for edits in (keys, section, network):
        assert changed(tmp_path, edits) == before


def test_the_row_of_a_network_makes_those_stages_stale_that_name_it(tmp_path):
    before = [code_of(stage) for stage in STAGES]
    after = changed(tmp_path, [("models/registry.py", '"aligner": _aligner', '"aligner": _diffusion')])
    pairs = zip(STAGES, before, after, strict=True)
    stale = {stage.__self__.__name__ for stage, old, new in pairs if old != new}
    assert stale == {"aligner_stage", "diffusion_stage", "network_stage"}  # the last two load an aligner


def package_of(tmp_path: Path, files: dict[str, str]) -> Path:
    """A package ``box`` of these files."""
    for name, text in {"__init__": "", **files}.items():
        file = tmp_path / "box" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "box"


def root(module: str, name: str):
    def function(): ...

    function.__module__, function.__qualname__ = module, name
    return function


def test_it_follows_tables_lazy_imports_reexports_and_modules(tmp_path):
    package = package_of(
        tmp_path,
        {
            "start": "from box.room import shown\nfrom box import kinds as k\nimport numpy\n"
            "def go():\n    from box.late import late\n    return shown() + k.KINDS['a']() + late()\n"
            "def unused():\n    return 1\n",
            "room/__init__": "from box.room.deep import shown\n",
            "room/deep": "STEP = 2\nOTHER = 3\ndef shown():\n    return STEP\n",
            "kinds": "from box.a import A\nKINDS = {'a': A}\n",
            "a": "class A:\n    def __call__(self):\n        return helper()\ndef helper():\n    return 0\n",
            "late": "def late():\n    return 1\nlate()\n",
        },
    )
    names = {each for each in reached(root("box.start", "go"), package=package) if each[1]}
    assert names == {
        ("box.start", "go"), ("box.room.deep", "shown"), ("box.room.deep", "STEP"), ("box.kinds", "KINDS"),
        ("box.a", "A"), ("box.a", "helper"), ("box.late", "late"),
    }  # fmt: skip


def test_a_module_that_is_handed_on_counts_whole(tmp_path):
    start = "from box import tools\ndef go(f):\n    return f(tools)\n"
    package = package_of(tmp_path, {"start": start, "tools": "A = 1\nB = 2\n"})
    names = reached(root("box.start", "go"), package=package)
    assert {("box.tools", "A"), ("box.tools", "B")} <= names


def test_a_function_from_elsewhere_is_refused():
    with pytest.raises(ValueError, match="shutil.copy: no definition of the package cardiacnets"):
        code_of(shutil.copy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "from math import sin as f\ndef go(): return f(1)",
            "from math import cos as f\ndef go(): return f(1)",
        ),
        ("T = {}\nT['x'] = 1\ndef go(): return T", "T = {}\nT['x'] = 2\ndef go(): return T"),
        (
            "T = {}\nfor k in [1]: T[k] = k\ndef go(): return T",
            "T = {}\nfor k in [2]: T[k] = k\ndef go(): return T",
        ),
        (
            "import sys\nif sys.flags.debug:\n X = 1\nelse:\n X = 2\ndef go(): return X",
            "import sys\nif not sys.flags.debug:\n X = 1\nelse:\n X = 2\ndef go(): return X",
        ),
        (
            "from . import a, b\nfrom .a import f\ndef go(): return a.f() - b.f() + f()",
            "from . import a, b\nfrom .b import f\ndef go(): return a.f() - b.f() + f()",
        ),
    ],
    ids=["name from outside", "entry", "loop", "condition", "name from inside"],
)
def test_what_a_name_means_and_what_a_module_does_counts(tmp_path, old, new):
    both = {"a": "def f(): return 1", "b": "def f(): return 2"}
    one, other = (
        code_of(root("box.start", "go"), package=package_of(tmp_path / str(n), {**both, "start": text}))
        for n, text in enumerate((old, new))
    )
    assert one != other


def test_files_are_found_through_imports_of_every_kind(tmp_path):
    files = {
        "__init__.py": "",
        "near.py": "from . import far\nimport json",
        "far.py": "def late():\n    from heart.inner.deep import one",
        "inner/__init__.py": "from .shown import two",
        "inner/deep.py": "from ..near import far\none = 1",
        "inner/shown.py": "two = 2",
        "alone.py": "import heart.near",
    }
    for name, code in files.items():
        (tmp_path / "heart" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "heart" / name).write_text(code)
    everything = sorted(f"heart/{name}" for name in files if name != "alone.py")
    assert library("import heart.near", package=tmp_path / "heart") == everything
    assert library("import numpy", "x = 1", package=tmp_path / "heart") == []
    both = library("import heart.inner.shown as two", "import heart", package=tmp_path / "heart")
    assert both == ["heart/__init__.py", "heart/inner/__init__.py", "heart/inner/shown.py"]
