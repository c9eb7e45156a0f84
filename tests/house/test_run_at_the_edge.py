"""Functions of ``experiments/`` take data; where files lie is known at the edge of each chapter's folder.

A function takes a :class:`cardiacnets.run.Run` only where a notebook or a command calls it, where it declares
a network, or where it opens or makes what lies on disk: :data:`LOADERS`, short and named in this one place.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
EXPERIMENTS = REPOSITORY / "cardiacnets" / "experiments"
EDGES = [REPOSITORY / "cardiacnets" / "__main__.py", *sorted((REPOSITORY / "notebooks").glob("*.ipynb"))]
LINES = 15
"""A loader is no longer, its docstring included: what it computes belongs to a function of data."""

LOADERS = {
    "cmr_self_supervision/components.py": "cine_scores _folder",
    "cmr_self_supervision/contrast.py": "untrained_contrast",
    "cmr_self_supervision/encoder.py": "load_cmr_encoder untrained_cmr_encoder cmr_encoder_folder",
    "cmr_self_supervision/features.py": "cmr_features",
    "cohorts/cohort_checks.py": "_kept",
    "cohorts/outside_judge.py": "_folder",
    "contrastive_alignment/closed_form.py": "open_closed_form",
    "contrastive_alignment/switches.py": "open_features",
    "diffusion/cine_reader.py": "diffusion_cines small_cines open_lesson open_cine_reader",
    "diffusion/faithfulness.py": "mean_tokens direct_indices",
    "diffusion/generate.py": "draw_movies open_noise",
    "diffusion/outside_judge.py": "_folder",
    "diffusion/sharpness.py": "_beside",
    "diffusion/start_movies.py": "draw_start",
    "diffusion/video_autoencoder.py": "lessons_of",
    "downstream_tasks/cmr_supervised.py": "supervised_scores",
    "downstream_tasks/conformal.py": "shown_residuals",
    "downstream_tasks/downstream.py": "start_encoder load_network",
    "downstream_tasks/efficiency.py": "_disease_scores _network_scores _twin_scores",
    "downstream_tasks/evaluation.py": "_learned_from",
    "downstream_tasks/heat_maps.py": "_redrawn",
    "downstream_tasks/labels_curve.py": "open_readers _fine_tuned _test_scores",
    "downstream_tasks/map_of_gain.py": "open_world",
    "downstream_tasks/oracle_arm.py": "oracle_scores",
    "downstream_tasks/parts.py": "Parts.__init__",
    "downstream_tasks/predictions.py": "told_answers open_trainings shown_network",
    "left_open/explanations.py": "networks",
    "reader_study/reader_kit/folder.py": "pictures_of",
    "shared/inputs.py": "trained_on",
    "shared/stage.py": "fit_or_load Network.__call__ Network.ingredients Network._placed Network._found "
    "Network._chosen",
    "your_own_ecg/explain.py": "known_people disease_readers",
}
"""By file of ``experiments/`` what opens or makes files for functions of data."""


def takes_run(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.args, *function.args.kwonlyargs]
    return any(each.annotation and re.search(r"\bRun\b", ast.unparse(each.annotation)) for each in arguments)


def declares(function: ast.FunctionDef) -> bool:
    return any(ast.unparse(each).startswith("trained(") for each in function.decorator_list)


def functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions of a module with their names, methods as ``Class.method``, inner ones by their own name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield f"{within}{node.name}", node
        yield from functions(node, f"{node.name}." if isinstance(node, ast.ClassDef) else "")


def called_at_the_edge() -> set[str]:
    found: set[str] = set()
    for path in EDGES:
        text = path.read_text(encoding="utf-8")
        cells = json.loads(text)["cells"] if path.suffix == ".ipynb" else None
        codes = [text] if cells is None else ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
        for node in (node for code in codes for node in ast.walk(ast.parse(code))):
            if isinstance(node, ast.Name | ast.Attribute):
                found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return found


def inner(code: str, edge: set[str]) -> dict[str, ast.FunctionDef]:
    """Functions that take a run though neither edge nor stage."""
    found = functions(ast.parse(code))
    return {
        name: function for name, function in found
        if takes_run(function) and not declares(function) and name.split(".")[-1] not in edge
    }  # fmt: skip


MODULES = sorted(path.relative_to(EXPERIMENTS).as_posix() for path in EXPERIMENTS.rglob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_only_the_edge_a_stage_and_short_loaders_take_a_run(module):
    found = inner((EXPERIMENTS / module).read_text(encoding="utf-8"), called_at_the_edge())
    loaders = LOADERS.get(module, "").split()
    computing = sorted(found.keys() - set(loaders))
    assert not computing, (
        f"{module}: {computing} take a Run: give them data, and open it where a notebook calls"
    )
    assert set(loaders) <= found.keys(), "no longer needed in LOADERS"
    for name, function in found.items():
        lines = function.end_lineno - function.lineno + 1
        assert lines <= LINES, f"{module}: {name} has {lines} lines: a loader opens, others compute"


def test_loaders_are_named_by_files_that_there_are():
    assert set(LOADERS) <= set(MODULES)


def test_a_function_that_computes_from_a_run_is_found():
    code = (
        "def shown(run: Run): pass\ndef _mean(run: 'Run', values): pass\ndef data(rows): pass\n"
        "@trained('x', needs=[])\ndef stage(run: Run): pass\n"
        "class Kept:\n    def __init__(self, run: Run | str): pass\n"
    )
    assert set(inner(code, {"shown"})) == {"_mean", "Kept.__init__"}
